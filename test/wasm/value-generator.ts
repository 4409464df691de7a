import { ByteWriter } from "../../src/wasm/byte-writer.ts";
import {
  functionTypes,
  i32,
  i64,
  importedFunctions,
  type Label,
  types,
  type Value,
} from "./generated-shape.ts";

/** Writes instructions that leave a value, chosen by a stream of choices. */
export abstract class ValueGenerator {
  protected out = new ByteWriter();
  protected locals: readonly Value[] = [];
  protected labels: Label[] = [];
  /** How many more statements and values a body may have. */
  protected budget = 0;
  readonly #choices: Uint8Array;
  #at = 0;

  constructor(choices: Uint8Array) {
    this.#choices = choices;
  }

  /** Writes some statements, nested so deep. */
  protected abstract statements(depth: number): void;

  protected choose(below: number): number {
    const byte = this.#choices[this.#at % Math.max(this.#choices.length, 1)] ?? 0;
    // Later rounds over the same choices take others.
    const round = Math.floor(this.#at / Math.max(this.#choices.length, 1));
    this.#at += 1;
    return (byte + round * 31) % below;
  }

  protected address(): void {
    this.value(i32, 1);
    this.out.u8(0x41);
    this.out.signedLeb(0xfff);
    this.op(0x71);
  }

  protected condition(): void {
    this.value(i32, 2);
    this.op(0x41, 1);
    this.op(0x71);
  }

  protected nested(carries: readonly Value[], write: () => void): void {
    this.labels.push({ carries });
    write();
    this.labels.pop();
    this.op(0x0b);
  }

  protected label(depth: number): Label {
    return this.labels[this.labels.length - 1 - depth] as Label;
  }

  protected values(wanted: readonly Value[], depth: number): void {
    for (const type of wanted) this.value(type, depth);
  }

  protected value(type: Value, depth: number): void {
    this.budget -= 1;
    if (depth <= 0 || this.budget <= 0) {
      this.leaf(type);
      return;
    }
    const ways = [
      () => this.leaf(type),
      () => this.binary(type, depth),
      () => this.binary(type, depth),
      () => this.load(type),
      () => this.convert(type, depth),
      () => this.select(type, depth),
      () => this.call(type, depth),
      () => this.valueBlock(type, depth),
      () => this.valueIf(type, depth),
      () => this.pair(type, depth),
    ];
    ways[this.choose(ways.length)]?.();
  }

  protected leaf(type: Value): void {
    const fitting = this.locals
      .map((local, index) => ({ local, index }))
      .filter(({ local }) => local === type);
    const pick = this.choose(fitting.length + 1);
    const found = fitting[pick];
    if (found !== undefined) this.op(0x20, found.index);
    else this.constant(type);
  }

  protected constant(type: Value): void {
    this.out.u8(type === i32 ? 0x41 : 0x42);
    this.out.signedLeb(this.choose(256) - 100);
  }

  protected binary(type: Value, depth: number): void {
    this.value(type, depth - 1);
    this.value(type, depth - 1);
    const operators =
      type === i32
        ? [0x6a, 0x6b, 0x6c, 0x71, 0x73, 0x74, 0x6d]
        : [0x7c, 0x7d, 0x7e, 0x83, 0x85, 0x7f];
    this.op(operators[this.choose(operators.length)] as number); // the last divides, and may trap
  }

  protected load(type: Value): void {
    this.address();
    this.op(type === i32 ? 0x28 : 0x29, 0, this.choose(64));
  }

  protected convert(type: Value, depth: number): void {
    this.value(type === i32 ? i64 : i32, depth - 1);
    this.op(type === i32 ? 0xa7 : 0xac);
  }

  protected select(type: Value, depth: number): void {
    this.value(type, depth - 1);
    this.value(type, depth - 1);
    this.condition();
    this.op(0x1b);
  }

  protected call(type: Value, depth: number): void {
    const isHost = type === i32 && this.choose(3) === 0;
    const callee = type === i32 ? 0 : 1;
    this.values((types[functionTypes[callee]] as (typeof types)[number]).parameters, depth - 1);
    if (isHost) {
      this.op(0x10, 0);
    } else if (this.choose(3) === 0) {
      // A slot that may be empty or hold another type: this may trap.
      this.value(i32, 0);
      this.op(0x41, 3);
      this.op(0x71);
      this.op(0x11, functionTypes[callee], 0);
    } else {
      this.op(0x10, importedFunctions + callee);
    }
  }

  protected valueBlock(type: Value, depth: number): void {
    this.op(0x02, type);
    this.nested([type], () => {
      this.statements(1);
      this.value(type, depth - 1);
    });
  }

  protected valueIf(type: Value, depth: number): void {
    this.condition();
    this.op(0x04, type);
    this.nested([type], () => {
      this.value(type, depth - 1);
      this.op(0x05);
      this.statements(1);
      this.value(type, depth - 1);
    });
  }

  /** A block with several results, and one parameter. */
  protected pair(type: Value, depth: number): void {
    if (type === i64) {
      this.leaf(type);
      return;
    }
    this.value(i32, depth - 1);
    this.op(0x02, 5);
    this.nested([i32, i32], () => {
      this.value(i32, depth - 1);
      if (this.choose(2) === 0) return;
      this.condition();
      this.op(0x0d, 0);
    });
    this.op(0x6a);
  }

  /** Writes an opcode and immediates, which are small and never negative. */
  protected op(opcode: number, ...immediates: number[]): void {
    this.out.u8(opcode);
    for (const value of immediates) {
      if (opcode === 0x41) this.out.signedLeb(value);
      else this.out.leb32(value);
    }
  }
}
