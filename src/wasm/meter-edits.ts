import { meterLimits } from "../limits.ts";
import { ByteWriter } from "./byte-writer.ts";
import { refuseSize } from "./meter-shape.ts";
import { Pairs, twice } from "./number-pairs.ts";

/** What an edit does in the place of the bytes `[start, end)`. */
export const editKind = {
  /** Pays out of the global. */
  pay: 0,
  /** Pays out of the global, and asks the host when the slice is spent. */
  payAndAsk: 1,
  /** Pays out of the local that holds the counter meanwhile. */
  payLocal: 2,
  /** The same, and asks. */
  payLocalAndAsk: 3,
  /** Writes the value as an index. */
  index: 4,
  /** Calls the function that the value names. */
  call: 5,
  /** Copies the global to the local. */
  load: 6,
  /** Copies the local to the global. */
  store: 7,
  /** A payment that others make. */
  none: 8,
  /** Writes bytes of the scratch; kinds from here on carry their number above this one. */
  bytes: 9,
} as const;

const mostEdits = meterLimits.codeEdits.default;

/** How many numbers one edit takes. */
const width = 4;

/**
 * The edits of a module's function bodies, in the order of the bytes, and what each payment amounts to.
 *
 * One store for all bodies: a large guest has a million edits, and what a function pays at its entry
 * must be known before its callers are written.
 */
export class Edits {
  /** Bytes that edits write. */
  readonly scratch: ByteWriter;
  #numbers: Int32Array;
  #length = 0;
  #amounts: Float64Array;
  #edits: Int32Array;
  #payments = 0;
  /** Payments and the functions whose direct calls they cover, and whose entries they may pay as well. */
  readonly debts = new Pairs();
  /** Payments that ask because of a call, and 0. */
  readonly asks = new Pairs();
  readonly #advances = new Pairs();

  /** @param codeBytes How long the code is; real code has an edit every 15 bytes. */
  constructor(codeBytes: number) {
    const expected = Math.ceil(codeBytes / 14) + 256;
    this.scratch = new ByteWriter(expected);
    this.#numbers = new Int32Array(expected * width);
    this.#amounts = new Float64Array(expected >> 1);
    this.#edits = new Int32Array(expected >> 1);
  }

  /** How many edits there are. */
  get count(): number {
    return this.#length / width;
  }

  /** How many payments there are. */
  get payments(): number {
    return this.#payments;
  }

  /** Where everything stands, to go back to. */
  mark(): EditMark {
    return {
      length: this.#length,
      payments: this.#payments,
      debts: this.debts.length,
      asks: this.asks.length,
      advances: this.#advances.length,
      scratch: this.scratch.length,
    };
  }

  /** Forgets what was added since. */
  rewind(mark: EditMark): void {
    this.#length = mark.length;
    this.#payments = mark.payments;
    this.debts.length = mark.debts;
    this.asks.length = mark.asks;
    this.#advances.length = mark.advances;
    this.scratch.clear(mark.scratch);
  }

  /** Adds an edit. */
  add(start: number, end: number, kind: number, value: number): void {
    const at = this.#length;
    if (at === width * mostEdits) refuseSize();
    if (at + width > this.#numbers.length) this.#numbers = twice(this.#numbers, Int32Array);
    const numbers = this.#numbers;
    numbers[at] = start;
    numbers[at + 1] = end;
    numbers[at + 2] = kind;
    numbers[at + 3] = value;
    this.#length = at + width;
  }

  /** Adds an edit that writes what was added to the scratch since `from`. */
  addBytes(start: number, end: number, from: number): void {
    this.add(start, end, editKind.bytes + (this.scratch.length - from), from);
  }

  /** Adds a payment of nothing yet, and names it. */
  addPayment(at: number, kind: number): number {
    const payment = this.#payments;
    if (payment === this.#amounts.length) {
      this.#amounts = twice(this.#amounts, Float64Array);
      this.#edits = twice(this.#edits, Int32Array);
    }
    this.#amounts[payment] = 0;
    this.#edits[payment] = this.#length;
    this.#payments = payment + 1;
    this.add(at, at, kind, payment);
    return payment;
  }

  /** Adds to what a payment amounts to. */
  increase(payment: number, amount: number): void {
    (this.#amounts[payment] as number) += amount;
  }

  /** What a payment amounts to. */
  amount(payment: number): number {
    return this.#amounts[payment] as number;
  }

  /** What all payments since a mark amount to. */
  total(mark: EditMark): number {
    let total = 0;
    for (let payment = mark.payments; payment < this.#payments; payment += 1) {
      total += this.#amounts[payment] as number;
    }
    return total;
  }

  /** Changes how a payment is made. */
  setKind(payment: number, kind: number): void {
    this.#numbers[(this.#edits[payment] as number) + 2] = kind;
  }

  /** Has a payment ask the host as well, or no longer. */
  setAsking(payment: number, asks: boolean): void {
    const kind = this.kind(payment);
    if (kind === editKind.pay || kind === editKind.payAndAsk) {
      this.setKind(payment, asks ? editKind.payAndAsk : editKind.pay);
    } else if (kind === editKind.payLocal || kind === editKind.payLocalAndAsk) {
      this.setKind(payment, asks ? editKind.payLocalAndAsk : editKind.payLocal);
    }
  }

  /** How a payment is made. */
  kind(payment: number): number {
    return this.#numbers[(this.#edits[payment] as number) + 2] as number;
  }

  /** Notes that a payment covers what the top of a loop would pay, a payment of the kind `none`. */
  addAdvance(payment: number, header: number): void {
    this.#advances.add(payment, header);
  }

  /**
   * Adds to every payment what the tops of the loops amount to that it covers.
   *
   * @param mark Where the body begins; its advances are put in order.
   */
  settleAdvances(mark: EditMark): void {
    // Inner loops first: a payment at the top of a loop may cover the top of one inside.
    this.#advances.sortBySecond(mark.advances);
    this.#advances.each(mark.advances, (payment, header) =>
      this.increase(payment, this.amount(header)),
    );
  }

  /**
   * Adds to every payment what the entries of the functions amount to whose calls it covers.
   *
   * @param ahead What callers pay for the entry of a function.
   */
  settleDebts(ahead: (callee: number) => number): void {
    const owed = new Float64Array(this.#payments);
    this.debts.each(0, (payment, callee) => {
      (owed[payment] as number) += ahead(callee);
    });
    this.#advances.each(0, (payment, header) => {
      (owed[payment] as number) += owed[header] as number;
    });
    for (let payment = 0; payment < owed.length; payment += 1) {
      this.increase(payment, owed[payment] as number);
    }
  }

  start(edit: number): number {
    return this.#numbers[edit * width] as number;
  }

  end(edit: number): number {
    return this.#numbers[edit * width + 1] as number;
  }

  kindOf(edit: number): number {
    return this.#numbers[edit * width + 2] as number;
  }

  value(edit: number): number {
    return this.#numbers[edit * width + 3] as number;
  }
}

/** A place in {@link Edits} to go back to. */
export interface EditMark {
  readonly length: number;
  readonly payments: number;
  readonly debts: number;
  readonly asks: number;
  readonly advances: number;
  readonly scratch: number;
}
