import { freezeJson } from "../json.ts";
import { type OutputCommand, unknownPayloadKey } from "./output-command-envelope.ts";
import { type CommandStep, rejected } from "./output-command-step.ts";
import type { OutputCommandPorts } from "./output-commands.types.ts";

/**
 * Checks `diagnostic_status_update`, which is always allowed: the guest's word about itself, for the
 * host's status and nobody else (reference §4.8).
 *
 * @param command Its payload is `{message?, status?}`.
 * @param ports Takes the status.
 */
export function checkStatusUpdate(
  { payload }: OutputCommand,
  { setStatus }: Pick<OutputCommandPorts, "setStatus">,
): CommandStep {
  const unknown = unknownPayloadKey(payload, ["message", "status"]);
  if (unknown !== undefined) return rejected(unknown);
  const { message = null, status } = payload;
  if (message !== null && typeof message !== "string") return rejected("message is not text");
  return {
    ok: true,
    async run() {
      if (status !== undefined) setStatus(freezeJson(status));
      return { status: "recorded", message: message ?? "The status was recorded." };
    },
  };
}
