import { type Edits, editKind } from "./meter-edits.ts";

/** Where the counter's value is while a region of a body runs. */
export const place = {
  /** In the global only. */
  global: 0,
  /** In both. */
  both: 1,
  /** In the local only. */
  local: 2,
} as const;

/** The region of a body in which a local holds the counter. */
export class CounterPlace {
  /** The frame of the region; -1 outside of one, 0 when the whole body is one. */
  region = -1;
  /** Where the counter is; it means nothing outside of a region. */
  at: number = place.global;
  readonly #edits: Edits;

  constructor(edits: Edits) {
    this.#edits = edits;
  }

  /** Begins a region before the instruction at `start`. */
  enter(frame: number, start: number): void {
    this.#edits.add(start, start, editKind.load, 0);
    this.region = frame;
    this.at = place.both;
  }

  /** Sees to it that the local holds the counter before the instruction at `start`. */
  toLocal(start: number): void {
    if (this.region < 0 || this.at !== place.global) return;
    this.#edits.add(start, start, editKind.load, 0);
    this.at = place.both;
  }

  /** Sees to it that the global holds the counter before the instruction at `start`. */
  toGlobal(start: number): void {
    if (this.region < 0 || this.at !== place.local) return;
    this.#edits.add(start, start, editKind.store, 0);
    this.at = place.both;
  }

  /** The counter changes elsewhere: a call does that. */
  changeGlobal(): void {
    this.at = place.global;
  }

  /** Several ways meet, all with the counter in the local. */
  join(): void {
    this.at = place.local;
  }

  /** Adds a payment at `start`. */
  pay(start: number): number {
    if (this.region < 0) return this.#edits.addPayment(start, editKind.pay);
    this.toLocal(start);
    this.at = place.local;
    return this.#edits.addPayment(start, editKind.payLocal);
  }

  /** Makes a payment ask. */
  ask(payment: number): void {
    const kind = this.#edits.kind(payment);
    if (kind === editKind.pay) this.#edits.setKind(payment, editKind.payAndAsk);
    else if (kind === editKind.payLocal) this.#edits.setKind(payment, editKind.payLocalAndAsk);
  }

  /** Whether a branch to the frame at `index` leaves the region. */
  isLeftBy(index: number): boolean {
    return index < this.region || (index === 0 && this.region === 0);
  }
}
