import type { ByteWriter } from "./byte-writer.ts";
import { bulkRoutine } from "./meter-bulk.ts";
import type { MeterIndices } from "./meter-imports.ts";
import type { ModuleShape } from "./meter-shape.ts";
import { oneLocal, op, valueType } from "./meter-write.ts";

const { i32, i64 } = valueType;

/** @returns The indices of the meter's items in a module. */
function meterIndices({ functions, globals }: ModuleShape): MeterIndices {
  const first = functions.total + functions.added;
  return {
    refill: functions.imported,
    grow: functions.imported + 1,
    fuel: globals.imported,
    ask: first,
    askLocal: first + 1,
  };
}

/**
 * The functions that the meter adds to one module: asking the host, and each bulk operation that the
 * module has, which pays for its length before it runs.
 */
export class Routines {
  /** Where they and what the meter imports stand. */
  readonly indices: MeterIndices;
  readonly #shape: ModuleShape;
  readonly #types: number[][] = [];
  readonly #typeOf = new Map<string, number>();
  readonly #routines: { readonly type: number; write(out: ByteWriter): void }[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(shape: ModuleShape) {
    this.#shape = shape;
    this.indices = meterIndices(shape);
    this.#add([], [], (out) => this.#writeAsk(out));
    this.#add([i64], [i64], (out) => this.#writeAskLocal(out));
    // The types of what the meter imports.
    this.#type([], [i32]);
    this.#type([i32, i32], [i32]);
  }

  /** The types to be added after the module's own, encoded. */
  get types(): readonly (readonly number[])[] {
    return this.#types;
  }

  /** The types of `refill` and `grow`. */
  get importTypes(): readonly [refill: number, grow: number] {
    return [this.#type([], [i32]), this.#type([i32, i32], [i32])];
  }

  /** How many functions there are. */
  get count(): number {
    return this.#routines.length;
  }

  /** The type of each function, in order. */
  functionTypes(): readonly number[] {
    return this.#routines.map(({ type }) => type);
  }

  /**
   * Names the function that does a bulk operation.
   *
   * @param opcode The operation.
   * @param first Its first index: memory, table or segment.
   * @param second Its second index, if it has one.
   * @returns The function's index in the metered module.
   */
  named(opcode: number, first: number, second: number): number {
    const key = `${opcode} ${first} ${second}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#make(opcode, first, second);
      this.#numbers.set(key, number);
    }
    return this.indices.ask + number;
  }

  /** Writes the bodies of all functions. */
  write(out: ByteWriter, body: ByteWriter): void {
    for (const routine of this.#routines) {
      body.clear();
      routine.write(body);
      body.u8(0x0b);
      out.leb32(body.length);
      out.append(body);
    }
  }

  #make(opcode: number, first: number, second: number): number {
    const { parameters, results, write } = bulkRoutine(
      { shape: this.#shape, indices: this.indices, opcode },
      first,
      second,
    );
    return this.#add(parameters, results, write);
  }

  #writeAsk(out: ByteWriter): void {
    out.u8(0);
    op(out, 0x10, this.indices.refill);
    op(out, 0x45);
    op(out, 0x04, 0x40);
    op(out, 0x00); // unreachable: a trap, which the guest can't catch
    op(out, 0x0b);
  }

  /**
   * Asks on behalf of a local. The global keeps what it had besides what the host adds, so that a
   * trap later on leaves the same count whatever the slice.
   */
  #writeAskLocal(out: ByteWriter): void {
    const { fuel, ask } = this.indices;
    oneLocal(out, i64);
    op(out, 0x23, fuel);
    op(out, 0x21, 1);
    op(out, 0x20, 0);
    op(out, 0x24, fuel);
    op(out, 0x10, ask);
    op(out, 0x20, 1);
    op(out, 0x23, fuel);
    op(out, 0x20, 0);
    op(out, 0x7d); // i64.sub: what the host added
    op(out, 0x7c);
    op(out, 0x23, fuel);
    op(out, 0x21, 0);
    op(out, 0x24, fuel);
    op(out, 0x20, 0);
  }

  #add(
    parameters: readonly number[],
    results: readonly number[],
    write: (out: ByteWriter) => void,
  ): number {
    this.#routines.push({ type: this.#type(parameters, results), write });
    return this.#routines.length - 1;
  }

  #type(parameters: readonly number[], results: readonly number[]): number {
    const key = `${parameters.join()} ${results.join()}`;
    let type = this.#typeOf.get(key);
    if (type === undefined) {
      type = this.#shape.types.results.length + this.#types.length;
      this.#types.push([0x60, parameters.length, ...parameters, results.length, ...results]);
      this.#typeOf.set(key, type);
    }
    return type;
  }
}
