import { concatBytes, decodeUtf8, encodeUtf8 } from "../../bytes.ts";
import type { HostQuestion } from "../../host-api/host-call.ts";
import { hostCallLimits } from "../../limits.ts";
import type { StopCheck } from "./guest-meter.ts";
import type { HostReply } from "./guest-runner.ts";
import type { AnswerRoute, PendingAnswer } from "./host-bridge.ts";

/**
 * Shared memory by which a guest's thread waits for the answer to a host call.
 *
 * The question goes as a message; the answer comes through here, in parts when it is longer than the
 * memory, each part asked for by a message. One call is under way at a time.
 */
export interface HostChannel {
  /** `state`, `length`, `more`. */
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

/** What the inside says over its port during a host call. */
export type HostChannelMessage =
  | { readonly type: "host-call"; readonly question: HostQuestion }
  | { readonly type: "host-next" };

const slots = { state: 0, length: 1, more: 2 } as const;
const states = { waiting: 0, filled: 1 } as const;

/** How often a waiting guest looks at its clock; a stop wakes it at once. */
const lookMs = 50;

/** @returns A channel, or `undefined` where there is no shared memory. */
export function createHostChannel(): HostChannel | undefined {
  if (typeof SharedArrayBuffer === "undefined") return undefined;
  return {
    control: new SharedArrayBuffer(12),
    data: new SharedArrayBuffer(hostCallLimits.channelBytes.default),
  };
}

/**
 * Asks the host and waits, in the guest's thread.
 *
 * @param channel The shared memory.
 * @param post Sends a message to the owner.
 * @param question What the guest asks.
 * @param stop Looked at while waiting.
 * @returns The answer, or why the guest is to stop.
 */
export function askHost(
  channel: HostChannel,
  post: (message: HostChannelMessage) => void,
  question: HostQuestion,
  stop: StopCheck,
): HostReply {
  const control = new Int32Array(channel.control);
  const parts: Uint8Array[] = [];
  Atomics.store(control, slots.state, states.waiting);
  post({ type: "host-call", question });
  for (;;) {
    Atomics.wait(control, slots.state, states.waiting, lookMs);
    const stopped = stop();
    if (stopped !== undefined) return { stopped };
    if (Atomics.load(control, slots.state) !== states.filled) continue;
    const length = Atomics.load(control, slots.length);
    const hasMore = Atomics.load(control, slots.more) === 1;
    // A decoder takes no shared bytes, and the owner fills them anew.
    parts.push(new Uint8Array(channel.data, 0, length).slice());
    Atomics.store(control, slots.state, states.waiting);
    if (!hasMore) return { answer: decodeUtf8(concatBytes(parts)) ?? "" };
    post({ type: "host-next" });
  }
}

/** The way of answers through a channel: in parts when they are longer than its memory. */
export function channelRoute(channel: HostChannel): AnswerRoute {
  return {
    begin: (answer) => beginAnswer(channel, answer),
    wake: () => void Atomics.notify(new Int32Array(channel.control), slots.state),
  };
}

function beginAnswer(channel: HostChannel, answer: string): PendingAnswer {
  const control = new Int32Array(channel.control);
  const data = new Uint8Array(channel.data);
  const bytes = encodeUtf8(answer);
  let at = 0;
  let isDone = false;
  const next = () => {
    if (isDone) return;
    const part = bytes.subarray(at, at + data.length);
    at += part.length;
    isDone = at >= bytes.length;
    data.set(part);
    Atomics.store(control, slots.length, part.length);
    Atomics.store(control, slots.more, isDone ? 0 : 1);
    Atomics.store(control, slots.state, states.filled);
    Atomics.notify(control, slots.state);
  };
  next();
  return { next };
}
