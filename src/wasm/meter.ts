import { ByteCursor, encodeUtf8 } from "../bytes.ts";
import { ByteWriter } from "./byte-writer.ts";
import { InstructionWalker } from "./instruction.ts";
import type { InitialSizes } from "./meter-account.ts";
import { planCode, writeCode } from "./meter-code.ts";
import { Edits } from "./meter-edits.ts";
import { meterImports } from "./meter-imports.ts";
import { Routines } from "./meter-routines.ts";
import { SectionWriter } from "./meter-sections.ts";
import {
  type ModuleShape,
  meterFailure,
  readShape,
  refuseFeatures,
  type Section,
  type Size,
  sectionOrder,
} from "./meter-shape.ts";

/**
 * Rewrites a core module so that what it runs is paid for out of one counter.
 *
 * Fuel is one unit for each instruction that runs, besides those that only give structure (block, loop,
 * else, end, nop, drop, return, unreachable, try, catch), and one for each function entered; bulk
 * operations also pay for their length, and the slow instructions a fixed sum (`meterLimits`). Every
 * function that calls and every loop sees to it that the host is asked once the counter is below zero.
 * The counter and the host's answers are imported ({@link meterImports}), so that all modules of one
 * guest can share them. Custom sections are left out, because they name functions by index.
 *
 * @param bytes A core module that an engine would accept; it is not validated here.
 * @returns The metered module, in new bytes.
 * @throws PluginError `artifact/malformed`; `artifact/unsupported` for an instruction, type or
 *   section that metering does not know; `artifact/unknown-import` for a module that imports from the
 *   meter's own name.
 */
export function meterModule(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const shape = readShape(bytes);
  const walker = new InstructionWalker(bytes, meterFailure);
  const routines = new Routines(shape);
  const contents = new Map<number, ByteWriter>();

  // These say which functions may be called from outside, which the code must know.
  const sections = new SectionWriter(shape, walker);
  for (const section of shape.sections) {
    if (!copied.has(section.id)) continue;
    const content = new ByteWriter(section.end - section.start + 16);
    sections.write(section, content);
    contents.set(section.id, content);
  }

  const edits = new Edits(bytes.length);
  const bodies = planCode(shape, edits, routines, sections.exposed);
  refuseFeatures(walker.features);

  const code = new ByteWriter(Math.ceil(bytes.length * 1.3) + 4096);
  writeCode(bodies, shape, edits, routines, code);
  contents.set(typeSection, typesContent(shape, routines));
  contents.set(importSection, importsContent(shape, routines));
  contents.set(functionSection, functionsContent(shape, routines));
  contents.set(codeSection, code);

  const out = new ByteWriter(code.length + bytes.length);
  out.copy(bytes, 0, 8);
  for (const id of sectionOrder) {
    const content = contents.get(id);
    if (content === undefined) continue;
    out.u8(id);
    out.leb32(content.length);
    out.append(content);
  }
  return out.finish();
}

/**
 * Says what a core module's own memories and tables take before it runs.
 *
 * @param bytes The module, before it is metered.
 * @returns The sums of their minima; imported ones are not its own.
 * @throws PluginError as {@link meterModule} does.
 */
export function initialSizes(bytes: Uint8Array): InitialSizes {
  const { memories, tables } = readShape(bytes);
  const sum = (sizes: readonly Size[]) =>
    sizes.reduce((total, { minimum, isImported }) => total + (isImported ? 0 : minimum), 0);
  return Object.freeze({ pages: sum(memories), elements: sum(tables) });
}

const typeSection = 1;
const importSection = 2;
const functionSection = 3;
const codeSection = 10;

/** The sections that keep their items; some name functions or globals by index. */
const copied: ReadonlySet<number> = new Set([4, 5, 13, 6, 7, 8, 9, 12, 11]);

function typesContent({ bytes, sections, types }: ModuleShape, routines: Routines): ByteWriter {
  return extended(bytes, sections, typeSection, types.results.length, routines.types, (out, type) =>
    out.copy(Uint8Array.from(type)),
  );
}

function functionsContent(shape: ModuleShape, routines: Routines): ByteWriter {
  const { bytes, sections, definedTypes } = shape;
  const added = routines.functionTypes();
  return extended(bytes, sections, functionSection, definedTypes.length, added, (out, type) =>
    out.leb32(type),
  );
}

function importsContent(shape: ModuleShape, routines: Routines): ByteWriter {
  const { bytes, sections, imports } = shape;
  const [refill, grow] = routines.importTypes;
  const added = [
    { field: meterImports.refill, type: [0x00, refill] },
    { field: meterImports.grow, type: [0x00, grow] },
    { field: meterImports.fuel, type: [0x03, 0x7e, 0x01] }, // a mutable i64
  ];
  return extended(bytes, sections, importSection, imports, added, (out, { field, type }) => {
    for (const name of [meterImports.module, field]) {
      const text = encodeUtf8(name);
      out.leb32(text.length);
      out.copy(text);
    }
    for (const part of type) out.leb32(part);
  });
}

/** A section's items followed by more. */
function extended<Item>(
  bytes: Uint8Array,
  sections: readonly Section[],
  id: number,
  count: number,
  items: readonly Item[],
  write: (out: ByteWriter, item: Item) => void,
): ByteWriter {
  const section = sections.find((candidate) => candidate.id === id);
  const out = new ByteWriter((section === undefined ? 0 : section.end - section.start) + 256);
  out.leb32(count + items.length);
  if (section !== undefined) {
    const cursor = new ByteCursor(bytes, meterFailure, section.start, section.end);
    cursor.leb32();
    out.copy(bytes, cursor.offset, section.end);
  }
  for (const item of items) write(out, item);
  return out;
}
