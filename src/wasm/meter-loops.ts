import { afterIndex, readIndex } from "./instruction.ts";
import { isBulk } from "./meter-bulk.ts";
import type { BodyScan } from "./meter-scan.ts";
import { twice } from "./number-pairs.ts";

/** What is known of a loop before its body is planned. */
export const loopFact = {
  /** Nothing inside calls out or may throw. */
  quiet: 1,
  /** A branch goes back to its top, or would if it were reached. */
  repeats: 2,
  /** One of those is a br_table's, which has no place for a payment. */
  table: 4,
} as const;

/** For a block that is no loop. */
const noLoop = -1;

/** Reads, ahead of planning a body, what planning must know of what comes later in it. */
export class LoopReader {
  /** For each loop of the body, in the order in which they open, its facts. */
  readonly facts: number[] = [];
  /** Whether an exception may be thrown or caught. */
  mayThrow = false;
  /** Whether nothing branches and there are no blocks. */
  isStraight = true;
  /** The blocks that are open: for each the number of its loop. */
  #open = new Int32Array(256);
  #depth = 0;
  /** How many of the blocks that are open, from the outermost on, hold something that is not quiet. */
  #noisy = 0;
  readonly #scan: BodyScan;

  constructor(scan: BodyScan) {
    this.#scan = scan;
  }

  /** Reads the body that the scan holds, and rewinds it. */
  read(): void {
    const scan = this.#scan;
    this.facts.length = 0;
    this.mayThrow = false;
    this.isStraight = true;
    this.#depth = 0;
    this.#noisy = 0;
    this.#push(noLoop);
    while (this.#depth > 0 && scan.next()) {
      if (scan.opcode < 0x20) this.#control(scan.opcode);
      else if (isBulk(scan.opcode)) this.#noisy = this.#depth;
    }
    scan.rewind();
  }

  #control(opcode: number): void {
    const { immediates } = this.#scan;
    switch (opcode) {
      case 0x02: // block
      case 0x04: // if
        this.#push(noLoop);
        return;
      case 0x03: // loop
        this.#push(this.facts.length);
        this.facts.push(0);
        return;
      case 0x0b: // end
      case 0x18: // delegate
        this.#pop();
        return;
      case 0x0c: // br
      case 0x0d: // br_if
        this.#branch(immediates, loopFact.repeats);
        return;
      case 0x0e: // br_table
        this.#branches();
        return;
      case 0x10: // call
      case 0x11: // call_indirect
      case 0x12: // return_call
      case 0x13: // return_call_indirect
        this.#noisy = this.#depth;
        return;
      case 0x06: // try
      case 0x1f: // try_table
        this.#throws();
        if (opcode === 0x1f) this.#clauses();
        this.#push(noLoop);
        return;
      case 0x08: // throw
      case 0x09: // rethrow
      case 0x0a: // throw_ref
        this.#throws();
        return;
      default:
    }
  }

  #throws(): void {
    this.mayThrow = true;
    this.#noisy = this.#depth;
  }

  #push(loop: number): void {
    const depth = this.#depth;
    if (depth === this.#open.length) this.#open = twice(this.#open, Int32Array);
    if (depth > 0) this.isStraight = false;
    this.#open[depth] = loop;
    this.#depth = depth + 1;
  }

  #pop(): void {
    const depth = this.#depth - 1;
    const loop = this.#open[depth] as number;
    if (this.#noisy > depth)
      this.#noisy = depth; // what holds this block holds it as well
    else if (loop !== noLoop) this.#add(loop, loopFact.quiet);
    this.#depth = depth;
  }

  #branches(): void {
    const { bytes, immediates } = this.#scan;
    let at = immediates;
    for (let left = readIndex(bytes, immediates) + 1; left > 0; left -= 1) {
      at = afterIndex(bytes, at);
      this.#branch(at, loopFact.repeats | loopFact.table);
    }
  }

  #clauses(): void {
    const { bytes, immediates } = this.#scan;
    let at = afterIndex(bytes, immediates);
    const count = readIndex(bytes, at);
    at = afterIndex(bytes, at);
    for (let left = count; left > 0; left -= 1) {
      const hasTag = (bytes[at] as number) < 2;
      at += 1;
      if (hasTag) at = afterIndex(bytes, at);
      this.#branch(at, loopFact.repeats);
      at = afterIndex(bytes, at);
    }
  }

  /** Notes where the label at a place in the bytes goes; one that is not there fails when planned. */
  #branch(at: number, facts: number): void {
    this.isStraight = false;
    const depth = this.#depth - 1 - readIndex(this.#scan.bytes, at);
    const loop = depth < 0 ? noLoop : (this.#open[depth] as number);
    if (loop !== noLoop) this.#add(loop, facts);
  }

  #add(loop: number, facts: number): void {
    (this.facts[loop] as number) |= facts;
  }
}
