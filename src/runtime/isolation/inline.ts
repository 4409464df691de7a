import type { Deadline } from "../../deadline.ts";
import { PluginError } from "../../errors.ts";
import type { GuestInstance, GuestReply, InstantiateContext } from "../backend.ts";
import { faultError } from "../fault.ts";
import type { GuestImage } from "./guest-image.ts";
import type { GuestRealm } from "./guest-program.ts";
import { createGuestRunner, type GuestRunner, type Outcome, openOutcome } from "./guest-runner.ts";
import type { Isolate } from "./isolation.ts";

/**
 * The isolate without a thread: the guest runs in the caller's, in a realm of its own.
 *
 * For unit tests of plugins and for places without workers.
 *
 * @param createRealm Makes the realm.
 * @returns The isolate.
 */
export function createInlineIsolate(createRealm: () => GuestRealm): Isolate {
  return {
    name: "inline",
    guarantees: { deadline: true, memory: true, crash: false, authority: true, hostCalls: false },
    open: (image, context) => openInline(image, context, createRealm()),
  };
}

/** The guest holds the only thread, so that nobody could answer it; creating an instance refuses such a guest. */
const noHost = () => ({ stopped: "aborted" }) as const;

async function openInline(
  image: GuestImage,
  context: InstantiateContext,
  realm: GuestRealm,
): Promise<GuestInstance> {
  const { limits, lifetime, wasi, deadline } = context;
  const runner = await createGuestRunner({ image, limits, lifetime, wasi }, realm, noHost);
  if (deadline.reason !== undefined) throw deadline.error("The guest");
  readOutcome(
    openOutcome(runner, lifetime, () => deadline.reason),
    context,
    deadline,
  );
  return inlineGuest(runner, context);
}

function inlineGuest(runner: GuestRunner, context: InstantiateContext): GuestInstance {
  let isAlive = true;
  return {
    get isAlive() {
      return isAlive;
    },
    async call(exportName, args, { deadline }) {
      if (!isAlive)
        throw new PluginError({
          code: "runtime/lost",
          phase: "execution",
          message: "The guest has ended.",
        });
      if (deadline.reason !== undefined) throw deadline.error("The guest");
      const outcome = runner.call(exportName, args, () => deadline.reason);
      if (!outcome.ok && context.lifetime === "instance") isAlive = false;
      return readOutcome(outcome, context, deadline);
    },
    async close() {
      isAlive = false;
    },
  };
}

function readOutcome(
  outcome: Outcome,
  context: InstantiateContext,
  deadline: Deadline,
): GuestReply {
  for (const line of outcome.log) context.onLog(line);
  if (outcome.ok) return { output: outcome.output, usage: { fuel: outcome.fuel } };
  throw faultError(outcome.fault, outcome.fuel, deadline);
}
