import { startDeadline } from "../deadline.ts";
import { quoteName } from "../diagnostic.ts";
import type { ErrorCode } from "../errors.ts";
import { errorAnswer } from "../host-api/host-answer.ts";
import { type HostCalls, openHostCalls } from "../host-api/host-call.ts";
import { HostRefusal } from "../host-api/http/host-refusal.ts";
import { type HttpRequest, readHttpRequest } from "../host-api/http/http-request.ts";
import { commandLimits } from "../limits.ts";
import type { IngressDeclaration } from "../manifest/manifest.types.ts";
import { decideTarget } from "./command-target.ts";
import type { OutputCommand } from "./output-command-envelope.ts";
import {
  type CommandOccasion,
  type CommandOutcome,
  type CommandStep,
  rejected,
} from "./output-command-step.ts";
import type { OutputCommandPorts } from "./output-commands.types.ts";
import { createRequestAllowance } from "./request-allowance.ts";
import { type ResultAddress, requestResultEvent, resultKind } from "./request-result.ts";

/** Carries out the `host_request_dispatch` commands of one instance, in the background. */
export interface RequestDispatch extends AsyncDisposable {
  /** How many run, or have a result that waits to be taken. */
  readonly inFlight: number;
  check(command: OutputCommand, occasion: CommandOccasion): Promise<CommandStep>;
}

/**
 * Begins to carry out requests that output commands ask for.
 *
 * A request goes the whole way of one that a guest makes through the `request` API, so that nothing is
 * allowed here that is refused there; what the check can refuse before, it does. The result is an
 * event `request_result` for the ingress whose event was answered.
 *
 * What bounds a guest that answers every result with another request: requests in flight, with those
 * whose result is not yet taken among them, and the rate of {@link commandLimits}.
 *
 * @param ports What the requests act on.
 * @returns The dispatch; dispose it to end what is in flight.
 */
export function createRequestDispatch(ports: OutputCommandPorts): RequestDispatch {
  const { authority, requestApi } = ports;
  const allowance = createRequestAllowance(ports);
  const stopping = new AbortController();
  const asking = new Set<Promise<unknown>>();
  const calls: HostCalls | undefined =
    requestApi && openHostCalls([requestApi], { plugin: authority.plugin, authority });

  const ask = async (text: string): Promise<string> => {
    if (calls === undefined || requestApi === undefined) return noTransport;
    const question = { interface: requestApi.interface, function: "request", args: [text] };
    const signals = [ports.signal, stopping.signal];
    using deadline = startDeadline({ budgetMs: commandLimits.requestMs.default, signals });
    const controller = new AbortController();
    const ended = new Promise<string>((resolve) => {
      deadline.onEnd((reason) => {
        controller.abort();
        const code: ErrorCode = reason === "aborted" ? "host/aborted" : "host/timeout";
        resolve(errorAnswer(code, "The request was ended before there was an answer."));
      });
    });
    const call = { signal: controller.signal, remainingMs: () => deadline.remainingMs() };
    return await Promise.race([calls.answer(question, call), ended]);
  };

  const dispatch = async (text: string, address: ResultAddress): Promise<void> => {
    const answering = ask(text);
    asking.add(answering);
    const answer = await answering.finally(() => asking.delete(answering));
    const event = requestResultEvent(address, answer);
    const { error } = await ports.deliver(address.ingress, event, {
      waitMs: commandLimits.resultWaitMs.default,
    });
    if (error === undefined) return;
    ports.report({
      code: error.code,
      phase: "execution",
      message: `The result of the request ${quoteName(address.commandId)} was not taken: ${error.message}`,
    });
  };

  const begin = async (text: string, address: ResultAddress): Promise<CommandOutcome> => {
    // Nobody waits for it: the result is an event of its own.
    void dispatch(text, address)
      .catch(() => ports.report(lost(address)))
      .finally(() => allowance.done());
    const message = `The request was begun; its result comes as an event of kind ${resultKind}.`;
    return { status: "recorded", message };
  };

  return {
    get inFlight() {
      return allowance.inFlight;
    },
    async check(command, { declaration }) {
      const text = JSON.stringify(command.payload);
      const request = readRequest(text);
      if (typeof request === "string") return rejected(request);
      const deaf = deafIngress(declaration);
      if (deaf !== undefined) return rejected(deaf);
      const { method, url } = request;
      const decision = await decideTarget(authority, requestApi?.name ?? "request", url, method);
      if (!decision.allowed) return rejected(decision.message);
      if (requestApi === undefined) return unsupported;
      const refusal = allowance.take();
      if (refusal !== undefined) return rejected(refusal);
      const { commandId, correlationId } = command;
      const address = { ingress: declaration.name, commandId, correlationId };
      return { ok: true, run: () => begin(text, address), release: () => allowance.unused() };
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await calls?.[Symbol.asyncDispose]();
      await Promise.allSettled(asking);
    },
  };
}

function readRequest(text: string): HttpRequest | string {
  try {
    return readHttpRequest(text, ["https", "http"]);
  } catch (thrown) {
    if (thrown instanceof HostRefusal) return thrown.message;
    throw thrown;
  }
}

/** Why the result could not come back, if the ingress does not take it. */
function deafIngress({ name, event_kinds }: IngressDeclaration): string | undefined {
  if (event_kinds.length === 0 || event_kinds.includes(resultKind)) return undefined;
  return `its result could not come back, as the ingress ${quoteName(name)} lists event_kinds without ${resultKind}`;
}

const noTransport = errorAnswer("host/unsupported", "This host has no request API.");

const unsupported: CommandStep = {
  ok: true,
  run: async () => ({
    status: "unsupported",
    message: "This host has no request API, so that no request can be sent.",
  }),
};

function lost({ commandId }: ResultAddress) {
  return {
    code: "host/failed",
    phase: "execution",
    message: `The result of the request ${quoteName(commandId)} was lost in an unexpected way.`,
  } as const;
}
