import { utf8Length } from "../diagnostic.ts";
import { hostCallLimits } from "../limits.ts";
import { errorAnswer, thrownAnswer } from "./host-answer.ts";
import type { HostApi, HostApiContext, HostApiSession, HostCall, HostValue } from "./host-api.ts";

/** One question of a guest to the host. */
export interface HostQuestion {
  /** The interface with its version: `yoi:host/fs@1.0.0`. */
  readonly interface: string;
  /** The function's WIT name. */
  readonly function: string;
  readonly args: readonly HostValue[];
}

/** The host APIs of one plugin instance: the one place that every host call passes. */
export interface HostCalls extends AsyncDisposable {
  /** Answers a question with JSON text; it never rejects. */
  answer(question: HostQuestion, call: HostCall): Promise<string>;
}

/**
 * Opens host APIs for one plugin instance.
 *
 * Each call is authorised anew, then handed to its API, and its answer bounded. What goes wrong is an
 * answer, so that the guest can go on. How many calls there are is counted inside the isolate, where
 * a guest that floods costs nobody else anything.
 *
 * @param apis The APIs, by interface; a later one takes the place of an earlier one.
 * @param context The plugin and its authority.
 * @returns The calls; dispose them with the instance.
 */
export function openHostCalls(apis: readonly HostApi[], context: HostApiContext): HostCalls {
  const byInterface = new Map(apis.map((api) => [api.interface, api]));
  const sessions = new Map<string, HostApiSession>();

  const sessionOf = (api: HostApi): HostApiSession => {
    const session = sessions.get(api.interface) ?? api.open(context);
    sessions.set(api.interface, session);
    return session;
  };

  return {
    async answer(question, call) {
      const api = byInterface.get(question.interface);
      if (api === undefined) return errorAnswer("host/unknown", "There is no such host API.");
      try {
        const refusal = await refusalOf(api, context);
        if (refusal !== undefined) return refusal;
        const target = sessionOf(api).functions.get(question.function);
        if (target === undefined) return errorAnswer("host/unknown", "There is no such function.");
        return boundedAnswer(await target(question.args, call));
      } catch (thrown) {
        return thrownAnswer(thrown);
      }
    },
    async [Symbol.asyncDispose]() {
      const open = [...sessions.values()];
      sessions.clear();
      await Promise.allSettled(open.map((session) => session[Symbol.asyncDispose]()));
    },
  };
}

/** Nobody is asked about an API that reaches only the host's own listener, nor twice about the others. */
async function refusalOf(api: HostApi, { authority }: HostApiContext): Promise<string | undefined> {
  if (api.isOpen === true || api.asksAuthority === true) return undefined;
  const decision = await authority.decide({ kind: "host_api", api: api.name }, "host-call");
  return decision.allowed ? undefined : errorAnswer(decision.code, decision.message);
}

function boundedAnswer(answer: string): string {
  const most = hostCallLimits.answerBytes.default;
  return utf8Length(answer) <= most
    ? answer
    : errorAnswer("host/too-large", `The answer has more than ${most} bytes.`);
}
