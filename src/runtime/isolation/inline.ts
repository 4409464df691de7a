import type { Deadline } from "../../deadline.ts";
import { PluginError } from "../../errors.ts";
import type { GuestInstance, GuestReply, InstantiateContext } from "../backend.ts";
import { faultError } from "../fault.ts";
import { engineSuspension } from "../suspension.ts";
import type { GuestImage } from "./guest-image.ts";
import type { GuestRealm } from "./guest-program.ts";
import { createGuestRunner, type GuestRunner, type Outcome, openOutcome } from "./guest-runner.ts";
import { createInlineHost, type InlineHost } from "./inline-host.ts";
import type { Isolate } from "./isolation.ts";

/**
 * The isolate without a thread: the guest runs in the caller's, in a realm of its own.
 *
 * For unit tests of plugins and for places without workers. Host calls are answered where the engine can
 * suspend the guest (JSPI), because nobody could answer while it holds the only thread.
 *
 * @param createRealm Makes the realm.
 * @returns The isolate.
 */
export function createInlineIsolate(createRealm: () => GuestRealm): Isolate {
  const hostCalls = engineSuspension() !== undefined;
  return {
    name: "inline",
    guarantees: { deadline: true, memory: true, crash: false, authority: true, hostCalls },
    hostCallBridge: hostCalls ? "jspi" : undefined,
    open: (image, context) => openInline(image, context, createRealm()),
  };
}

async function openInline(
  image: GuestImage,
  context: InstantiateContext,
  realm: GuestRealm,
): Promise<GuestInstance> {
  const { limits, lifetime, wasi, deadline } = context;
  const host = createInlineHost(image, context.hostCalls);
  const runner = await createGuestRunner({ image, limits, lifetime, wasi }, realm, host.ask);
  if (deadline.reason !== undefined) throw deadline.error("The guest");
  readOutcome(
    openOutcome(runner, lifetime, () => deadline.reason),
    context,
    deadline,
  );
  return inlineGuest(runner, host, context);
}

function inlineGuest(
  runner: GuestRunner,
  host: InlineHost,
  context: InstantiateContext,
): GuestInstance {
  let isAlive = true;
  return {
    get isAlive() {
      return isAlive;
    },
    async call(exportName, args, { deadline }) {
      if (!isAlive) throw ended("runtime/lost", "The guest has ended.");
      if (deadline.reason !== undefined) throw deadline.error("The guest");
      const outcome = await host.during(deadline, () =>
        runner.call(exportName, args, () => deadline.reason),
      );
      if (!isAlive) throw ended("instance/stopped", "The guest was stopped before it answered.");
      if (!outcome.ok && context.lifetime === "instance") isAlive = false;
      return readOutcome(outcome, context, deadline);
    },
    async close() {
      isAlive = false;
      host.stop();
    },
  };
}

function ended(code: "runtime/lost" | "instance/stopped", message: string): PluginError {
  return new PluginError({ code, phase: "execution", message });
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
