import { channel } from "node:diagnostics_channel";
import type { DecisionEvent } from "./grants.types.ts";

/** The name of the channel on which decisions are published in Node. */
export const decisionChannelName = "yoi-plugin-sdk:decision";

/**
 * Publishes a decision on Node's `diagnostics_channel` under {@link decisionChannelName}, for audit
 * trails and tracing that the host's own code knows nothing of.
 *
 * What a subscriber throws reaches the process as an uncaught exception, as Node has it for every
 * channel, and changes no decision.
 *
 * @param event The decision.
 */
export function publishDecision(event: DecisionEvent): void {
  const decisions = channel(decisionChannelName);
  if (decisions.hasSubscribers) decisions.publish(event);
}
