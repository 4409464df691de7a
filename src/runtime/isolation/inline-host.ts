import type { Deadline } from "../../deadline.ts";
import type { HostCalls } from "../../host-api/host-call.ts";
import { isolationLimits } from "../../limits.ts";
import type { GuestImage } from "./guest-image.ts";
import type { AskHost, HostReply } from "./guest-runner.ts";
import { createHostBridge } from "./host-bridge.ts";

/** The way of one guest's host calls within a single thread. */
export interface InlineHost {
  readonly ask: AskHost;
  /** Answers the host calls of a call; what is in flight ends with it, and the guest with its deadline. */
  during<Result>(deadline: Deadline, call: () => Promise<Result>): Promise<Result>;
  /** Ends a guest that waits. */
  stop(): void;
}

/**
 * Makes the way of one guest's host calls.
 *
 * @param image The guest; one that its engine does not suspend is stopped by its first host call, because it
 *   holds the only thread.
 * @param hostCalls The instance's host APIs.
 * @returns The way.
 */
export function createInlineHost(
  { isSuspending }: Pick<GuestImage, "isSuspending">,
  hostCalls: HostCalls,
): InlineHost {
  let deadline: Deadline | undefined;
  let turnBegan = 0;
  let settle: (reply: HostReply) => void = () => undefined;
  const bridge = createHostBridge(
    {
      begin(answer) {
        const asker = settle;
        inTurn(() => asker({ answer }));
        return { next: () => undefined };
      },
      wake: () => undefined,
    },
    hostCalls,
  );
  /** Answers that come at once, one after another, would let nothing else of the thread run. */
  const inTurn = (go: () => void) => {
    if (performance.now() - turnBegan < isolationLimits.inlineTurnMs.default) {
      go();
      return;
    }
    setTimeout(() => {
      turnBegan = performance.now();
      go();
    }, 0);
  };
  const stop = (reason: "timeout" | "aborted") => {
    bridge.end();
    settle({ stopped: reason });
  };

  return {
    ask(question) {
      const asked = deadline;
      if (!isSuspending || asked === undefined) return { stopped: "aborted" };
      return new Promise((resolve) => {
        settle = resolve;
        bridge.answer(question, asked);
      });
    },
    async during(of, call) {
      deadline = of;
      turnBegan = performance.now();
      const release = of.onEnd(stop);
      try {
        return await call();
      } finally {
        release();
        bridge.end();
        deadline = undefined;
      }
    },
    stop: () => stop("aborted"),
  };
}
