import { type GuestMessage, outcomeMessage } from "./guest-messages.ts";
import type { GuestRealm } from "./guest-program.ts";
import { createGuestRunner, type GuestRunner, type OpenRequest } from "./guest-runner.ts";

/** What the worker's owner sends. */
type OwnerMessage =
  | (OpenRequest & { readonly type: "open" })
  | { readonly type: "call"; readonly exportName: string; readonly args: readonly string[] };

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
): (message: OwnerMessage) => Promise<void> {
  let runner: GuestRunner | undefined;
  let isFresh = true;

  const answer = (message: OwnerMessage): GuestMessage => {
    if (runner === undefined) throw new Error("a call came before its guest");
    const outcome =
      message.type === "open" ? runner.prepare() : runner.call(message.exportName, message.args);
    return outcomeMessage(outcome);
  };

  return async (message) => {
    try {
      if (message.type === "open") {
        runner = await createGuestRunner(message, realm);
        isFresh = message.lifetime === "call";
      }
      post(answer(message));
      if (message.type === "call" && isFresh) runner?.prepare();
      post({ type: "prepared" });
    } catch {
      // Nothing that the guest did: its runner reports that. The isolate itself is broken.
      post({
        type: "fault",
        fault: { code: "runtime/trap", message: "The guest's code could not be loaded." },
        log: [],
        isFatal: true,
      });
    }
  };
}
