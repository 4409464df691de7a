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
  /** How often the instruction at hand runs, by a guess. */
  weight = 1;
  /** How often the global would be read or written if the body were no region, by that guess. */
  trafficApart = 0;
  /** How often it is to move the counter, and how often regions inside would. */
  #moves = 0;
  #folds = 0;
  /** The first payment of the body, and how often each from there on is made. */
  #first = 0;
  readonly #made: number[] = [];
  /** The stretches of those that were folded: first and last of each, none inside another. */
  readonly #folded: number[] = [];
  readonly #edits: Edits;

  constructor(edits: Edits) {
    this.#edits = edits;
  }

  /** Begins a body, which may be a region as a whole. */
  begin(isWhole: boolean): void {
    this.region = isWhole ? 0 : -1;
    this.at = place.global;
    this.weight = 1;
    this.#moves = 0;
    this.#folds = 0;
    this.#first = this.#edits.payments;
    this.#made.length = 0;
    this.#folded.length = 0;
  }

  /** Begins a region before the instruction at `start`. */
  enter(frame: number, start: number): void {
    this.#move(start, editKind.load);
    this.region = frame;
    this.at = place.both;
  }

  /** How often the body as planned moves the counter between global and local, by a guess. */
  get traffic(): number {
    return this.#moves;
  }

  /**
   * Guesses how often the global would be read or written if the body were no region as a whole.
   *
   * @param paidAhead The payment that callers make, if they do.
   */
  weigh(paidAhead: number | undefined): void {
    let traffic = this.#folds;
    for (let index = 0; index < this.#made.length; index += 1) {
      const payment = this.#first + index;
      if (payment === paidAhead || this.#edits.amount(payment) === 0) continue;
      traffic += 2 * (this.#made[index] as number);
    }
    this.trafficApart = traffic;
  }

  /** Counts the payments since one as if a region held them, which only moves the counter twice. */
  foldTraffic(since: number): void {
    const start = since - this.#first;
    const length = this.#made.length;
    // Loops inside were folded before: going over them again would be quadratic in how deep they nest.
    let end = length;
    while (this.#folded.length > 0 && (this.#folded.at(-2) as number) >= start) {
      const last = this.#folded.pop() as number;
      this.#made.fill(0, last, end);
      end = this.#folded.pop() as number;
    }
    this.#made.fill(0, start, end);
    this.#folded.push(start, length);
    this.#folds += 2 * this.weight;
  }

  /** Sees to it that the local holds the counter before the instruction at `start`. */
  toLocal(start: number): void {
    if (this.region < 0 || this.at !== place.global) return;
    this.#move(start, editKind.load);
    this.at = place.both;
  }

  /** Sees to it that the global holds the counter before the instruction at `start`. */
  toGlobal(start: number): void {
    if (this.region < 0 || this.at !== place.local) return;
    this.#move(start, editKind.store);
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
    this.#made.push(this.weight);
    if (this.region < 0) return this.#edits.addPayment(start, editKind.pay);
    this.toLocal(start);
    this.at = place.local;
    return this.#edits.addPayment(start, editKind.payLocal);
  }

  /** Whether a branch to the frame at `index` leaves the region. */
  isLeftBy(index: number): boolean {
    return index < this.region || (index === 0 && this.region === 0);
  }

  #move(start: number, kind: number): void {
    this.#moves += this.weight;
    this.#edits.add(start, start, kind, 0);
  }
}
