import { meterLimits } from "../limits.ts";
import { InstructionWalker, readIndex, shortLength } from "./instruction.ts";
import { meterFailure, refuseSize } from "./meter-shape.ts";
import { plainOpcodes } from "./opcode.ts";

/** What the scan does with an opcode of one byte. */
const treatment = { look: 0, count: 1, pass: 2, local: 3 } as const;

/** Opcodes that only do something to values are counted; all others are looked at. */
const treatments = new Uint8Array(256);
treatments.fill(treatment.count, 0x1b, 0x1d); // select
treatments.fill(treatment.count, 0x25, 0xc5);
treatments.fill(treatment.count, 0xd0, 0xd2); // ref.null, ref.is_null
treatments.fill(treatment.local, 0x20, 0x23);
treatments[0x01] = treatment.pass; // nop
treatments[0x1a] = treatment.pass; // drop
treatments[0x40] = treatment.look; // memory.grow

const longestUsual = 3;

/** The length of one of the four forms that make up nine tenths of real code, or 0. */
function usualLength(bytes: Uint8Array, at: number, opcode: number, locals: number): number {
  if (opcode >= 0x45) return opcode < 0xc0 ? 1 : 0; // arithmetic
  const next = bytes[at + 1] as number;
  if (opcode < 0x23) return opcode >= 0x20 && next < 0x80 && next < locals ? 2 : 0; // locals
  if (opcode === 0x41) return next < 0x80 ? 2 : 0; // i32.const
  const isAccess = opcode >= 0x28 && opcode < 0x3f; // loads and stores
  return isAccess && next < 0x40 && (bytes[at + 2] as number) < 0x80 ? 3 : 0;
}

/** A body with more would not be compiled: it is longer than engines take. */
const mostKept = meterLimits.codeEdits.default;

/** How many numbers are kept of an instruction. */
const width = 5;

/**
 * The instructions of one function body that planning looks at, decoded once for both passes.
 *
 * The others are only counted. It moves like an {@link InstructionWalker}, over what it kept.
 */
export class BodyScan {
  readonly bytes: Uint8Array;
  opcode = 0;
  /** Where the instruction starts, its immediates start, and the next one starts. */
  start = 0;
  immediates = 0;
  end = 0;
  /** How many instructions of one unit each come before it, since the last one looked at. */
  before = 0;
  readonly #walker: InstructionWalker;
  #kept = new Int32Array(5 * 1024);
  #length = 0;
  #next = 0;
  #first = 0;
  /** The features of the instructions that the walker did not see. */
  #features = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#walker = new InstructionWalker(bytes, meterFailure);
  }

  /** The features needed by every instruction so far, as a mask. */
  get features(): number {
    return this.#walker.features | this.#features;
  }

  /**
   * Decodes a body.
   *
   * @param start Where its instructions start.
   * @param limit Where they end.
   * @param locals How many locals it has: one that only metering adds is not there for it.
   * @throws PluginError `artifact/malformed` or `artifact/unsupported`.
   */
  scan(start: number, limit: number, locals: number): void {
    const { bytes } = this;
    const walker = this.#walker;
    const { immediates: follows, features } = plainOpcodes;
    this.#length = 0;
    this.#first = start;
    let needed = 0;
    let before = 0;
    let at = start;
    while (at < limit) {
      const opcode = bytes[at] as number;
      const usual = at + longestUsual <= limit ? usualLength(bytes, at, opcode, locals) : 0;
      if (usual !== 0) {
        at += usual;
        before += 1;
        continue;
      }
      const how = treatments[opcode] as number;
      const length = shortLength(bytes, at, follows[opcode] as number);
      const from = at;
      let immediates = at + 1;
      let whole = opcode;
      if (length !== 0 && at + length <= limit) {
        needed |= features[opcode] as number;
        at += length;
      } else {
        walker.reset(at, limit);
        walker.next();
        whole = walker.opcode;
        immediates = walker.immediates;
        at = walker.end;
      }
      if (how === treatment.count) {
        before += 1;
      } else if (how === treatment.local) {
        before += 1;
        if (readIndex(bytes, from + 1) >= locals) walker.fail("a local is not there", from);
      } else if (how === treatment.look) {
        this.#keep(whole, from, immediates, at, before);
        before = 0;
      }
    }
    this.#features |= needed;
    this.rewind();
  }

  /** Goes back to the first instruction. */
  rewind(): void {
    this.#next = 0;
    this.end = this.#first;
  }

  /** Moves to the next instruction that was kept. @returns Whether there is one. */
  next(): boolean {
    const at = this.#next;
    if (at === this.#length) return false;
    const kept = this.#kept;
    this.opcode = kept[at] as number;
    this.start = kept[at + 1] as number;
    this.immediates = kept[at + 2] as number;
    this.end = kept[at + 3] as number;
    this.before = kept[at + 4] as number;
    this.#next = at + width;
    return true;
  }

  /** Fails with what malformed modules are reported as. */
  fail(reason: string, offset = this.start): never {
    return this.#walker.fail(reason, offset);
  }

  #keep(opcode: number, start: number, immediates: number, end: number, before: number): void {
    const at = this.#length;
    if (at === width * mostKept) refuseSize();
    if (at + width > this.#kept.length) {
      const larger = new Int32Array(this.#kept.length * 2);
      larger.set(this.#kept);
      this.#kept = larger;
    }
    const kept = this.#kept;
    kept[at] = opcode;
    kept[at + 1] = start;
    kept[at + 2] = immediates;
    kept[at + 3] = end;
    kept[at + 4] = before;
    this.#length = at + width;
  }
}
