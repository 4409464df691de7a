import {
  fatal,
  type GuestMessage,
  type OwnerMessage,
  type OwnerNote,
  outcomeMessage,
  stopOf,
} from "./guest-messages.ts";
import type { StopCheck } from "./guest-meter.ts";
import type { GuestRealm } from "./guest-program.ts";
import {
  createGuestRunner,
  type GuestRunner,
  type HostReply,
  openOutcome,
} from "./guest-runner.ts";
import { askHost } from "./host-channel.ts";

/**
 * Runs a guest inside a worker: the other side of `worker-guest`.
 *
 * @param realm Where the guest's glue runs.
 * @param post Sends a message to the owner.
 * @returns What to do with each message of the owner.
 */
export function serveGuest(
  realm: GuestRealm,
  post: (message: GuestMessage) => void,
): (message: OwnerMessage | OwnerNote) => Promise<void> {
  let runner: GuestRunner | undefined;
  let stopSlots: Int32Array | undefined;
  let startTimeoutMs = 0;
  let isFreshPerCall = false;

  const stopCheck = (request: number, budgetMs: number): StopCheck => {
    const endsAt = performance.now() + budgetMs;
    const slots = stopSlots;
    return () => {
      const asked = slots === undefined ? undefined : stopOf(slots, request);
      return asked ?? (performance.now() >= endsAt ? "timeout" : undefined);
    };
  };

  let current = -1;
  let waiting: (reply: HostReply) => void = () => undefined;

  const heed = (note: OwnerNote) => {
    if (note.request !== current) return;
    waiting(note.type === "stop" ? { stopped: note.reason } : { answer: note.answer });
  };

  return async (message) => {
    if (message.type === "stop" || message.type === "host-answer") {
      heed(message);
      return;
    }
    current = message.request;
    waiting = () => undefined;
    try {
      if (message.type === "open") {
        const { hostChannel } = message;
        runner = await createGuestRunner(message, realm, (question, stop) => {
          if (hostChannel !== undefined) return askHost(hostChannel, post, question, stop);
          post({ type: "host-call", question });
          return new Promise((resolve) => {
            waiting = resolve;
          });
        });
        stopSlots = message.stopCell === undefined ? undefined : new Int32Array(message.stopCell);
        startTimeoutMs = message.limits.startTimeoutMs;
        isFreshPerCall = message.lifetime === "call";
      }
      if (runner === undefined) throw new Error("a call came before its guest");
      const stop = stopCheck(message.request, message.budgetMs);
      const outcome =
        message.type === "open"
          ? openOutcome(runner, message.lifetime, stop)
          : await runner.call(message.exportName, message.args, stop);
      post(outcomeMessage(outcome));
      // After a failure the next call starts its own: a start that never ends would hold the isolate.
      if (message.type === "call" && isFreshPerCall && outcome.ok) {
        runner.prepare(stopCheck(message.request + 1, startTimeoutMs));
      }
      post({ type: "prepared" });
    } catch {
      // Nothing that the guest did: its runner reports that. The isolate itself is broken.
      post(fatal("runtime/trap", "The guest's code could not be loaded."));
    }
  };
}
