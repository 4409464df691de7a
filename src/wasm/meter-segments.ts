/**
 * Which payment covers the instruction at hand.
 *
 * A payment covers instructions that run exactly once for each time it is made. Code after a block
 * that every path leaves through its end is covered by the payment before the block; code that some
 * path jumps past gets a payment of its own. A trap or an exception may leave paid code unrun.
 */

/** No payment: the code can't be reached. */
export const unreached = -1;

/** How control leaves and enters a frame. */
export const frameKind = {
  /** A block, a try_table or the function: entered at the top, left at the end. */
  block: 0,
  /** A loop: its label is at the top. */
  loop: 1,
  /** An if or a legacy try: one of several arms runs. */
  arms: 2,
} as const;

/** One open block of the function body. */
export interface Frame {
  kind: number;
  /** The payment that covers the code after the end, if nothing escaped since it was chosen. */
  candidate: number;
  /** Whether the candidate lies inside the frame. */
  isInner: boolean;
  /** The outermost frame that a branch from inside went to, ever. */
  outermost: number;
  /** The same since the candidate was chosen. */
  outermostSince: number;
  /** Whether a branch goes to the frame's label. */
  isTarget: boolean;
  /** Whether the frame itself can't be reached. */
  isUnreached: boolean;
  /** Whether one of the arms always runs. */
  isExhaustive: boolean;
  /** How many arms reach the end, and the payment of the last that does. */
  liveArms: number;
  liveArm: number;

  /** The payment that covered the code just before the frame. */
  opening: number;
  /** Whether a payment that is made on every way to the frame asks the host. */
  hasAsked: boolean;

  /** What is known of a loop ahead, and the payment at its top. */
  facts: number;
  header: number;
  /** The label's number in the written body, counted from the function's. */
  label: number;
  /** Whether the written loop has a second one around it. */
  isWrapped: boolean;
  /** Whether those that go to the loop's top pay for what it pays otherwise. */
  isPaidAhead: boolean;
  /** How many values a branch to the label carries. */
  arity: number;
  /** Where the counter was when the frame was opened. */
  place: number;
}

function newFrame(): Frame {
  return {
    kind: 0,
    candidate: unreached,
    isInner: false,
    outermost: 0,
    outermostSince: 0,
    isTarget: false,
    isUnreached: false,
    isExhaustive: false,
    liveArms: 0,
    liveArm: unreached,
    opening: unreached,
    hasAsked: false,
    facts: 0,
    header: unreached,
    label: 0,
    isWrapped: false,
    isPaidAhead: false,
    arity: 0,
    place: 0,
  };
}

/** The open blocks of one function body, and the payment that covers the instruction at hand. */
export class Segments {
  /** The payment that covers the instruction at hand, or {@link unreached}. */
  current = unreached;
  /** Whether a payment that is made on every way to this instruction asks the host. */
  hasAsked = false;
  /** The index of the innermost open frame; -1 when the body has ended. */
  top = -1;
  readonly #frames: Frame[] = [];
  readonly #pay: () => number;

  /** @param pay Inserts a payment at the next instruction and names it. */
  constructor(pay: () => number) {
    this.#pay = pay;
  }

  /** Begins a body whose entry `payment` covers, and which returns so many values. */
  begin(payment: number, results: number): void {
    this.top = -1;
    this.current = payment;
    this.hasAsked = false;
    const frame = this.open(frameKind.block);
    frame.label = 0;
    frame.arity = results;
  }

  /** The open frame at an index, 0 for the function's own. */
  at(index: number): Frame {
    return this.#frames[index] as Frame;
  }

  /** Opens a block of a kind. */
  open(kind: number): Frame {
    this.top += 1;
    let frame = this.#frames[this.top];
    if (frame === undefined) {
      frame = newFrame();
      this.#frames.push(frame);
    }
    frame.kind = kind;
    frame.candidate = this.current;
    frame.isInner = false;
    frame.outermost = this.top;
    frame.outermostSince = this.top;
    frame.isTarget = false;
    frame.isUnreached = this.current === unreached;
    frame.isExhaustive = false;
    frame.liveArms = 0;
    frame.liveArm = unreached;
    frame.opening = this.current;
    frame.hasAsked = this.hasAsked;
    frame.isWrapped = false;
    frame.isPaidAhead = false;
    return frame;
  }

  /** Notes that control may go from here to the label of the frame at `index`. */
  branch(index: number): void {
    if (this.current === unreached) return;
    const target = this.at(index);
    target.isTarget = true;
    // What lies between the candidate and this branch back may run many times; the end runs once.
    if (target.kind === frameKind.loop && target.isInner) target.outermostSince = unreached;
    this.escape(index);
  }

  /** Notes that control may leave every frame above `index`. */
  escape(index: number): void {
    if (this.current === unreached) return;
    const frame = this.at(this.top);
    if (index < frame.outermost) frame.outermost = index;
    if (index < frame.outermostSince) frame.outermostSince = index;
  }

  /** Starts a payment of its own after a branch that may not be taken. */
  split(): void {
    if (this.current !== unreached) this.#continue(this.#pay());
  }

  /** Ends one arm of the innermost frame and begins the next. */
  nextArm(): void {
    const frame = this.at(this.top);
    this.#noteArm(frame);
    this.hasAsked = frame.hasAsked;
    this.current = frame.isUnreached ? unreached : this.#pay();
  }

  /** Notes that the payment at hand asks the host; so every frame that it covers the way to has asked. */
  ask(): void {
    this.hasAsked = true;
    for (let index = this.top; index >= 0; index -= 1) {
      const frame = this.at(index);
      if (frame.hasAsked || frame.opening !== this.current) return;
      frame.hasAsked = true;
    }
  }

  /** Closes the innermost frame, and chooses what covers the code after it. */
  close(): void {
    const index = this.top;
    const frame = this.at(index);
    this.top = index - 1;
    if (index === 0) return;
    this.hasAsked = frame.hasAsked;
    const parent = this.at(this.top);
    if (frame.isUnreached) {
      this.current = unreached;
      return;
    }
    if (frame.outermost < parent.outermost) parent.outermost = frame.outermost;
    if (frame.outermost < parent.outermostSince) parent.outermostSince = frame.outermost;

    let through = this.current;
    let joins = frame.kind === frameKind.block && frame.isTarget;
    if (frame.kind === frameKind.arms) {
      this.#noteArm(frame);
      joins = frame.isTarget || !frame.isExhaustive || frame.liveArms > 1;
      through = frame.liveArm;
    }
    if (through === unreached && !joins) {
      this.current = unreached;
    } else if (frame.outermostSince >= index) {
      this.#continue(frame.candidate);
    } else {
      this.#continue(joins ? this.#pay() : through);
    }
  }

  #noteArm(frame: Frame): void {
    if (this.current === unreached) return;
    frame.liveArms += 1;
    frame.liveArm = this.current;
  }

  /** Goes on with a payment, which from here on also covers the code after the innermost frame. */
  #continue(payment: number): void {
    this.current = payment;
    const frame = this.at(this.top);
    if (frame.outermostSince >= this.top || frame.kind === frameKind.arms) return;
    if (frame.kind === frameKind.block && frame.isTarget) return;
    frame.candidate = payment;
    frame.isInner = true;
    frame.outermostSince = this.top;
  }
}
