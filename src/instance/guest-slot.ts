import type { Deadline } from "../deadline.ts";
import { isPluginError, type PluginError } from "../errors.ts";
import type {
  GuestInstance,
  GuestReply,
  InstantiateContext,
  PreparedGuest,
} from "../runtime/backend.ts";

/** What a slot opens guests with; the deadline is each call's own. */
export type SlotContext = Omit<InstantiateContext, "deadline">;

/**
 * The place of one guest: opened on the first call, and anew after its isolate was stopped or lost.
 *
 * Only one call is in it at a time; whoever owns it keeps the turns.
 */
export interface GuestSlot {
  /** Calls an export, within the deadline, opening a guest when there is none. */
  call(exportName: string, args: readonly string[], deadline: Deadline): Promise<GuestReply>;
  /** Ends the guest. What it was doing settles as its error. */
  close(): Promise<void>;
}

/**
 * Makes an empty slot.
 *
 * @param prepared The guest's code.
 * @param context What guests are opened with.
 * @param onReplaced Told why a guest is of no more use; the next call gets another one.
 * @returns The slot.
 */
export function createGuestSlot(
  prepared: PreparedGuest,
  context: SlotContext,
  onReplaced: (error: PluginError) => void,
): GuestSlot {
  let guest: GuestInstance | undefined;

  const open = async (deadline: Deadline): Promise<GuestInstance> => {
    if (guest?.isAlive !== true) guest = await prepared.instantiate({ ...context, deadline });
    return guest;
  };

  return {
    async call(exportName, args, deadline) {
      try {
        const opened = await open(deadline);
        return await opened.call(exportName, args, { deadline });
      } catch (error) {
        if (guest?.isAlive !== true && isPluginError(error)) onReplaced(error);
        throw error;
      }
    },
    async close() {
      await guest?.close();
    },
  };
}
