import { PluginError } from "yoi-plugin-sdk";

/** A core module as the machine runs it. Values are i32 alone: a guest that needs others is refused. */
export interface Program {
  readonly imports: readonly Import[];
  /** Imported functions first, as the module counts them. */
  readonly functions: readonly (Import | Code)[];
  readonly memory: { readonly pages: number; readonly most: number };
  readonly table: { readonly elements: number; readonly most: number };
  readonly globals: readonly number[];
  readonly data: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  readonly exports: ReadonlyMap<string, number>;
  readonly start: number | undefined;
}

/** A function that the host provides. */
export interface Import {
  readonly module: string;
  readonly field: string;
  readonly parameters: number;
}

/** A function of the guest. */
export interface Code {
  readonly parameters: number;
  readonly locals: number;
  readonly results: number;
  readonly body: readonly Instruction[];
}

/** One instruction with its immediates. */
export interface Instruction {
  readonly opcode: number;
  /** An index, offset or constant. */
  readonly value: number;
  /** For block, loop and if: how many values they leave, and where their end and else are. */
  readonly results: number;
  end: number;
  otherwise: number;
}

/** The opcodes that structure code; the machine has the others. */
export const opcode = { block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b } as const;

/** Every instruction that the machine has. One that it does not know is refused here, never run. */
const known: ReadonlySet<number> = new Set([
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x0d, 0x0f, 0x10, 0x1a],
  ...[0x20, 0x21, 0x22, 0x23, 0x24, 0x28, 0x2d, 0x36, 0x3a, 0x3b, 0x3f, 0x40, 0x41, 0x45],
  ...[0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f],
  ...[0x6a, 0x6b, 0x6c, 0x6e, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76],
  ...[0xd0, 0xfc0a, 0xfc0b, 0xfc0f, 0xfc10],
]);

const i32 = 0x7f;
const emptyBlock = 0x40;
const unlimited = 65_536;

/** Reads a core module. The library has checked its structure; this asks only what it knows itself. */
export function readProgram(bytes: Uint8Array): Program {
  const reader = new Reader(bytes, 8);
  const types: { parameters: number; results: number }[] = [];
  const typeAt = (index: number) => types[index] ?? refuse("a type that is not there");
  const imports: Import[] = [];
  const declared: number[] = [];
  const bodies: Code[] = [];
  const globals: number[] = [];
  const data: { at: number; bytes: Uint8Array }[] = [];
  const exports = new Map<string, number>();
  let memory = { pages: 0, most: 0 };
  let table = { elements: 0, most: 0 };
  let start: number | undefined;

  const sections: Readonly<Record<number, (section: Reader) => void>> = {
    1: (section) => {
      if (section.byte() !== 0x60) refuse("types other than functions");
      const parameters = section.list(() => section.i32Type()).length;
      types.push({ parameters, results: section.list(() => section.i32Type()).length });
    },
    2: (section) => {
      const [module, field] = [section.name(), section.name()];
      if (section.byte() !== 0) refuse("imports other than functions");
      imports.push({ module, field, parameters: typeAt(section.unsigned()).parameters });
    },
    3: (section) => void declared.push(section.unsigned()),
    4: (section) => {
      section.byte();
      const [elements, most] = section.limits();
      table = { elements, most };
    },
    5: (section) => {
      const [pages, most] = section.limits();
      memory = { pages, most };
    },
    6: (section) => {
      section.i32Type();
      section.byte();
      globals.push(section.constant());
    },
    7: (section) => {
      const name = section.name();
      const kind = section.byte();
      const index = section.unsigned();
      if (kind === 0) exports.set(name, index);
    },
    10: (section) => {
      const end = section.unsigned() + section.at;
      const { parameters, results } = typeAt(declared[bodies.length] ?? -1);
      const groups = section.list(() => {
        const count = section.unsigned();
        section.i32Type();
        return count;
      });
      const locals = parameters + groups.reduce((sum, count) => sum + count, 0);
      bodies.push({ parameters, locals, results, body: readBody(section, end) });
    },
    11: (section) => {
      if (section.unsigned() !== 0) refuse("data that it places itself");
      const at = section.constant() >>> 0;
      data.push({ at, bytes: section.take(section.unsigned()) });
    },
  };

  while (reader.at < bytes.length) {
    const id = reader.byte();
    const section = new Reader(reader.take(reader.unsigned()), 0);
    if (id === 8) start = section.unsigned();
    // Names for debuggers, and the number of data segments.
    if (id === 0 || id === 8 || id === 12) continue;
    const read = sections[id] ?? refuse(`a section ${id}`);
    for (let left = section.unsigned(); left > 0; left -= 1) read(section);
  }
  const functions = [...imports, ...bodies];
  return { imports, functions, memory, table, globals, data, exports, start };
}

function readBody(reader: Reader, end: number): readonly Instruction[] {
  const body: Instruction[] = [];
  const open: Instruction[] = [];
  while (reader.at < end) {
    const instruction = readInstruction(reader);
    const index = body.push(instruction) - 1;
    const { opcode: code } = instruction;
    const innermost = open.at(-1);
    if (code === opcode.block || code === opcode.loop || code === opcode.if) open.push(instruction);
    if (code === opcode.else && innermost !== undefined) innermost.otherwise = index;
    if (code === opcode.end && innermost !== undefined) {
      innermost.end = index;
      // Reaching `else` means that the part before it is over.
      const otherwise = body[innermost.otherwise];
      if (otherwise !== undefined) otherwise.end = index;
      open.pop();
    }
  }
  return body;
}

/** What follows an opcode: nothing, an index, a constant, a block's type, an offset, or two indices. */
function readInstruction(reader: Reader): Instruction {
  const first = reader.byte();
  const code = first === 0xfc ? 0xfc00 + reader.unsigned() : first;
  if (!known.has(code)) refuse(`the instruction 0x${code.toString(16)}`);
  let value = 0;
  let results = 0;
  if (code >= 0x02 && code <= 0x04) {
    const type = reader.byte();
    if (type !== emptyBlock && type !== i32) refuse("blocks with values");
    results = type === i32 ? 1 : 0;
  } else if ([0x0c, 0x0d, 0x10].includes(code) || (code >= 0x20 && code <= 0x24)) {
    value = reader.unsigned();
  } else if (code >= 0x28 && code <= 0x3e) {
    reader.unsigned();
    value = reader.unsigned();
  } else if (code === 0x3f || code === 0x40 || code === 0xd0 || code === 0xfc0b) {
    reader.byte();
  } else if (code === 0x41) {
    value = reader.signed();
  } else if (code === 0xfc0a) {
    reader.take(2);
  } else if (code === 0xfc0f || code === 0xfc10) {
    reader.unsigned();
  }
  return { opcode: code, value, results, end: -1, otherwise: -1 };
}

/** Reads WebAssembly's numbers and names. */
class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.#bytes[this.at] ?? refuse("code that ends early");
    this.at += 1;
    return byte;
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) refuse("code that ends early");
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  unsigned(): number {
    return this.#leb().value >>> 0;
  }

  signed(): number {
    const { value, bits } = this.#leb();
    return bits < 32 ? (value << (32 - bits)) >> (32 - bits) : value | 0;
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }

  list<Item>(item: () => Item): Item[] {
    return Array.from({ length: this.unsigned() }, item);
  }

  i32Type(): void {
    if (this.byte() !== i32) refuse("values other than i32");
  }

  limits(): readonly [least: number, most: number] {
    const flags = this.byte();
    if (flags > 1) refuse("shared or 64-bit memories");
    const least = this.unsigned();
    return [least, flags === 1 ? this.unsigned() : unlimited];
  }

  /** `i32.const n end`. */
  constant(): number {
    if (this.byte() !== 0x41) refuse("constants that it computes");
    const value = this.signed();
    if (this.byte() !== opcode.end) refuse("constants that it computes");
    return value;
  }

  #leb(): { value: number; bits: number } {
    let value = 0;
    let bits = 0;
    for (;;) {
      const byte = this.byte();
      value |= (byte & 0x7f) << bits;
      bits += 7;
      if (byte < 0x80) return { value, bits };
    }
  }
}

function refuse(what: string): never {
  throw new PluginError({
    code: "artifact/unsupported",
    phase: "preparation",
    message: `The guest has ${what}, which the interpreter does not know.`,
  });
}
