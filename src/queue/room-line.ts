import type { DeliverOptions, IngressFailure } from "../instance/ingress.types.ts";
import { queueFull, takenBack } from "../instance/ingress-report.ts";
import { durableQueueLimits, ingressLimits } from "../limits.ts";
import { onAborted } from "../on-aborted.ts";
import type { Answer } from "./in-time.ts";

/** The deliveries of one host in front of a queue elsewhere: they get room in the order in which they came. */
export interface RoomLine {
  /**
   * Waits for room; an event that has some must be followed by {@link RoomLine.entered}.
   *
   * @returns Nothing when there is room, else why there is none.
   */
  enter(options: DeliverOptions): Promise<IngressFailure | undefined>;
  /** An event that had room is in the queue, or will not be. */
  entered(): void;
  /** There may be room again: looks at once. */
  look(): void;
  /** Ends every wait, and every later one, with the failure. */
  close(failure: IngressFailure): void;
}

/** What a line needs to know. */
export interface RoomLineParts {
  /** The most events that wait in the queue. */
  readonly capacity: number;
  /** How many wait in the queue now, as far as it answers in time. */
  count(): Promise<Answer<number>>;
  /** The failure when it does not. */
  readonly noAnswer: IngressFailure;
}

interface InLine {
  readonly until: number;
  readonly settle: (failure: IngressFailure | undefined) => void;
}

/**
 * Begins a line.
 *
 * One question to the queue is asked at a time, for all who stand in line, so that a crowd in front of
 * a full queue asks no more often than one would.
 *
 * @param parts How many there may be, and how many there are.
 * @returns The empty line.
 */
export function createRoomLine(parts: RoomLineParts): RoomLine {
  const { capacity, count, noAnswer } = parts;
  const { roomPollMs } = durableQueueLimits;
  const line = new Set<InLine>();
  let entering = 0;
  let closed: IngressFailure | undefined;
  let isLooking = false;
  let mayHaveChanged = false;
  let wake: () => void = () => {};

  const leave = (waiting: InLine, failure: IngressFailure | undefined) => {
    if (line.delete(waiting)) waiting.settle(failure);
  };

  const admit = (free: number) => {
    let left = free;
    const now = performance.now();
    for (const waiting of [...line]) {
      if (left > 0) {
        left -= 1;
        entering += 1;
        leave(waiting, undefined);
      } else if (waiting.until <= now) leave(waiting, queueFull(capacity));
    }
  };

  const lookWhileWaiting = async () => {
    isLooking = true;
    while (line.size > 0) {
      mayHaveChanged = false;
      const waiting = await count();
      // Those that this host is adding are not counted by the queue yet, or counted twice.
      if (waiting.ok) admit(capacity - waiting.value - entering);
      else for (const each of [...line]) leave(each, noAnswer);
      if (line.size > 0 && !mayHaveChanged) await pause();
    }
    isLooking = false;
  };

  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, roomPollMs.default);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const look = () => {
    mayHaveChanged = true;
    wake();
  };

  return {
    look,
    async enter({ signal, waitMs = 0 }) {
      if (closed !== undefined) return closed;
      if (signal?.aborted === true) return takenBack;
      if (line.size >= ingressLimits.waitingForRoom.default) return queueFull(capacity);
      return new Promise<IngressFailure | undefined>((resolve) => {
        const unheard = signal && onAborted(signal, () => leave(waiting, takenBack));
        const waiting: InLine = {
          until: performance.now() + waitMs,
          settle: (failure) => {
            unheard?.();
            resolve(failure);
          },
        };
        line.add(waiting);
        look();
        if (!isLooking) void lookWhileWaiting();
      });
    },
    entered() {
      entering -= 1;
    },
    close(failure) {
      closed = failure;
      for (const waiting of [...line]) leave(waiting, failure);
      wake();
    },
  };
}
