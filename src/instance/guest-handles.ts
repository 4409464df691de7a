import type { InstanceHostCalls } from "../host-api/host-call.ts";
import type { PreparedGuest } from "../runtime/backend.ts";

/**
 * Lets what a guest holds of the host end with the guest: its connections, say (reference §5.3).
 *
 * A guest with the lifetime `call` is gone after each call, whatever its isolate keeps warm; one that
 * lives on is gone when it is closed or can't be entered any more.
 *
 * @param prepared The guest's code.
 * @param hostCalls Told of every guest that is gone.
 * @returns The same code, whose guests are watched.
 */
export function endHandlesWithGuest(
  prepared: PreparedGuest,
  hostCalls: Pick<InstanceHostCalls, "guestEnded">,
): PreparedGuest {
  return {
    async instantiate(context) {
      const guest = await prepared.instantiate(context);
      return {
        get isAlive() {
          return guest.isAlive;
        },
        async call(exportName, args, bounds) {
          try {
            return await guest.call(exportName, args, bounds);
          } finally {
            if (context.lifetime === "call" || !guest.isAlive) hostCalls.guestEnded();
          }
        },
        async close() {
          try {
            await guest.close();
          } finally {
            hostCalls.guestEnded();
          }
        },
      };
    },
  };
}
