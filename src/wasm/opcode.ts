import type { WasmFeature } from "./artifact.types.ts";

/** What follows an opcode in the bytes; `unknown` marks an opcode that no specification here defines. */
export const immediate = {
  unknown: 0,
  none: 1,
  /** One index: local, global, function, tag, type, data or element segment, table, or a label. */
  index: 2,
  twoIndices: 3,
  blockType: 4,
  memoryArgument: 5,
  memoryArgumentAndLane: 6,
  int32: 7,
  int64: 8,
  fourBytes: 9,
  eightBytes: 10,
  sixteenBytes: 11,
  oneByte: 12,
  labelTable: 13,
  valueTypes: 14,
  heapType: 15,
  memory: 16,
  twoMemories: 17,
  segmentAndMemory: 18,
  typeAndTable: 19,
  tryTable: 20,
  castBranch: 21,
  resume: 22,
  resumeThrow: 23,
  /** One of the prefix bytes 0xfb to 0xfe: a LEB128 sub-opcode follows. */
  prefix: 24,
  /** One value type; no opcode has it, but sections do. */
  valueType: 25,
} as const;

/** The features in the order of their bits in a feature mask. */
export const featureOrder = [
  "mutable-globals",
  "sign-extension",
  "saturating-conversion",
  "multi-value",
  "bulk-memory",
  "reference-types",
  "simd",
  "relaxed-simd",
  "tail-calls",
  "extended-constants",
  "multi-memory",
  "exceptions",
  "legacy-exceptions",
  "threads",
  "memory64",
  "gc",
  "function-references",
  "custom-page-sizes",
  "wide-arithmetic",
  "stack-switching",
  "component-async",
  "component-values",
  "component-map",
  "component-fixed-length-list",
] as const satisfies readonly WasmFeature[];

/** @returns The feature's bit in a feature mask. */
export function featureBit(feature: WasmFeature): number {
  return 1 << featureOrder.indexOf(feature);
}

/** @returns The features of a mask, in {@link featureOrder}. */
export function featuresOfMask(mask: number): WasmFeature[] {
  return featureOrder.filter((_, index) => (mask & (1 << index)) !== 0);
}

/** For every opcode of one byte or one prefix: what follows it, and the features it needs as a mask. */
export interface OpcodeTable {
  readonly immediates: Uint8Array;
  readonly features: Uint32Array;
}

/** First opcode, last opcode, what follows, the feature if it is not of the first WebAssembly version. */
type Row = readonly [
  first: number,
  last: number,
  follows: keyof typeof immediate,
  feature?: WasmFeature,
];

function opcodeTable(size: number, rows: readonly Row[]): OpcodeTable {
  const immediates = new Uint8Array(size);
  const features = new Uint32Array(size);
  for (const [first, last, follows, feature] of rows) {
    immediates.fill(immediate[follows], first, last + 1);
    if (feature !== undefined) features.fill(featureBit(feature), first, last + 1);
  }
  return { immediates, features };
}

/** Opcodes of one byte (WebAssembly 3.0 §5.4, legacy exceptions, stack switching). Later rows win. */
export const plainOpcodes = opcodeTable(256, [
  [0x00, 0x01, "none"], // unreachable, nop
  [0x02, 0x04, "blockType"], // block, loop, if
  [0x05, 0x05, "none"], // else
  [0x06, 0x06, "blockType", "legacy-exceptions"], // try
  [0x07, 0x07, "index", "legacy-exceptions"], // catch
  [0x08, 0x08, "index", "exceptions"], // throw, which both encodings have
  [0x09, 0x09, "index", "legacy-exceptions"], // rethrow
  [0x0a, 0x0a, "none", "exceptions"], // throw_ref
  [0x0b, 0x0b, "none"], // end
  [0x0c, 0x0d, "index"], // br, br_if
  [0x0e, 0x0e, "labelTable"], // br_table
  [0x0f, 0x0f, "none"], // return
  [0x10, 0x10, "index"], // call
  [0x11, 0x11, "typeAndTable"], // call_indirect
  [0x12, 0x12, "index", "tail-calls"], // return_call
  [0x13, 0x13, "typeAndTable", "tail-calls"], // return_call_indirect
  [0x14, 0x14, "index", "function-references"], // call_ref
  [0x15, 0x15, "index", "function-references"], // return_call_ref
  [0x18, 0x18, "index", "legacy-exceptions"], // delegate
  [0x19, 0x19, "none", "legacy-exceptions"], // catch_all
  [0x1a, 0x1b, "none"], // drop, select
  [0x1c, 0x1c, "valueTypes", "reference-types"], // select with types
  [0x1f, 0x1f, "tryTable", "exceptions"],
  [0x20, 0x24, "index"], // local.get to global.set
  [0x25, 0x26, "index", "reference-types"], // table.get, table.set
  [0x28, 0x3e, "memoryArgument"], // loads and stores
  [0x3f, 0x40, "memory"], // memory.size, memory.grow
  [0x41, 0x41, "int32"],
  [0x42, 0x42, "int64"],
  [0x43, 0x43, "fourBytes"], // f32.const
  [0x44, 0x44, "eightBytes"], // f64.const
  [0x45, 0xbf, "none"], // tests, comparisons, arithmetic, conversions
  [0xc0, 0xc4, "none", "sign-extension"],
  [0xd0, 0xd0, "heapType", "reference-types"], // ref.null
  [0xd1, 0xd1, "none", "reference-types"], // ref.is_null
  [0xd2, 0xd2, "index", "reference-types"], // ref.func
  [0xd3, 0xd3, "none", "gc"], // ref.eq
  [0xd4, 0xd4, "none", "function-references"], // ref.as_non_null
  [0xd5, 0xd6, "index", "function-references"], // br_on_null, br_on_non_null
  [0xe0, 0xe0, "index", "stack-switching"], // cont.new
  [0xe1, 0xe1, "twoIndices", "stack-switching"], // cont.bind
  [0xe2, 0xe2, "index", "stack-switching"], // suspend
  [0xe3, 0xe3, "resume", "stack-switching"], // resume
  [0xe4, 0xe4, "resumeThrow", "stack-switching"], // resume_throw
  [0xe5, 0xe5, "resume", "stack-switching"], // resume_throw_ref
  [0xe6, 0xe6, "twoIndices", "stack-switching"], // switch
  [0xfb, 0xfe, "prefix"],
]);

const gcOpcodes = opcodeTable(0x1f, [
  [0x00, 0x01, "index", "gc"], // struct.new, struct.new_default
  [0x02, 0x05, "twoIndices", "gc"], // struct.get, struct.set
  [0x06, 0x07, "index", "gc"], // array.new, array.new_default
  [0x08, 0x0a, "twoIndices", "gc"], // array.new_fixed, new_data, new_elem
  [0x0b, 0x0e, "index", "gc"], // array.get, array.set
  [0x0f, 0x0f, "none", "gc"], // array.len
  [0x10, 0x10, "index", "gc"], // array.fill
  [0x11, 0x13, "twoIndices", "gc"], // array.copy, init_data, init_elem
  [0x14, 0x17, "heapType", "gc"], // ref.test, ref.cast
  [0x18, 0x19, "castBranch", "gc"], // br_on_cast, br_on_cast_fail
  [0x1a, 0x1e, "none", "gc"], // conversions, i31
]);

const miscOpcodes = opcodeTable(0x17, [
  [0x00, 0x07, "none", "saturating-conversion"],
  [0x08, 0x08, "segmentAndMemory", "bulk-memory"], // memory.init
  [0x09, 0x09, "index", "bulk-memory"], // data.drop
  [0x0a, 0x0a, "twoMemories", "bulk-memory"], // memory.copy
  [0x0b, 0x0b, "memory", "bulk-memory"], // memory.fill
  [0x0c, 0x0c, "twoIndices", "bulk-memory"], // table.init
  [0x0d, 0x0d, "index", "bulk-memory"], // elem.drop
  [0x0e, 0x0e, "twoIndices", "bulk-memory"], // table.copy
  [0x0f, 0x11, "index", "reference-types"], // table.grow, table.size, table.fill
  [0x13, 0x16, "none", "wide-arithmetic"],
]);

const simdOpcodes = opcodeTable(0x114, [
  [0x00, 0x0b, "memoryArgument", "simd"], // loads, v128.store
  [0x0c, 0x0d, "sixteenBytes", "simd"], // v128.const, i8x16.shuffle
  [0x0e, 0x14, "none", "simd"], // swizzle, splats
  [0x15, 0x22, "oneByte", "simd"], // extract_lane, replace_lane
  [0x23, 0x53, "none", "simd"],
  [0x54, 0x5b, "memoryArgumentAndLane", "simd"], // load_lane, store_lane
  [0x5c, 0x5d, "memoryArgument", "simd"], // load_zero
  [0x5e, 0x99, "none", "simd"],
  [0x9b, 0xa1, "none", "simd"],
  [0xa3, 0xa4, "none", "simd"],
  [0xa7, 0xae, "none", "simd"],
  [0xb1, 0xb1, "none", "simd"],
  [0xb5, 0xba, "none", "simd"],
  [0xbc, 0xc1, "none", "simd"],
  [0xc3, 0xc4, "none", "simd"],
  [0xc7, 0xce, "none", "simd"],
  [0xd1, 0xd1, "none", "simd"],
  [0xd5, 0xe1, "none", "simd"],
  [0xe3, 0xed, "none", "simd"],
  [0xef, 0xff, "none", "simd"],
  [0x100, 0x113, "none", "relaxed-simd"],
]);

const threadOpcodes = opcodeTable(0x4f, [
  [0x00, 0x02, "memoryArgument", "threads"], // notify, wait
  [0x03, 0x03, "oneByte", "threads"], // atomic.fence
  [0x10, 0x4e, "memoryArgument", "threads"],
]);

/** The tables of the prefixes 0xfb, 0xfc, 0xfd and 0xfe, in this order. */
export const prefixedOpcodes: readonly [OpcodeTable, OpcodeTable, OpcodeTable, OpcodeTable] = [
  gcOpcodes,
  miscOpcodes,
  simdOpcodes,
  threadOpcodes,
];
