import type { Deadline } from "../../deadline.ts";
import type { HostCalls } from "../../host-api/host-call.ts";
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
  let settle: (reply: HostReply) => void = () => undefined;
  const bridge = createHostBridge(
    {
      begin(answer) {
        settle({ answer });
        return { next: () => undefined };
      },
      wake: () => undefined,
    },
    hostCalls,
  );
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
