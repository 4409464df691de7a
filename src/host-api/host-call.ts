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

/** The host calls of a plugin instance, for those who know when its guests come and go. */
export interface InstanceHostCalls extends HostCalls {
  /**
   * Ends what a guest held that is gone: the sessions that end with it. The next guest's wait for that,
   * so that an instance never holds more than the bounds of one.
   */
  guestEnded(): void;
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
export function openHostCalls(
  apis: readonly HostApi[],
  context: HostApiContext,
): InstanceHostCalls {
  const byInterface = new Map(apis.map((api) => [api.interface, api]));
  const sessions = new Map<string, HostApiSession>();

  const endings = new Map<string, Promise<unknown>>();
  let isClosed = false;

  const sessionOf = (api: HostApi): HostApiSession => {
    const session = sessions.get(api.interface) ?? api.open(context);
    sessions.set(api.interface, session);
    return session;
  };

  const end = (name: string, session: HostApiSession): void => {
    sessions.delete(name);
    const ended = Promise.allSettled([endings.get(name), close(session)]);
    endings.set(name, ended);
    ended.then(() => endings.get(name) === ended && endings.delete(name));
  };

  return {
    async answer(question, call) {
      const api = byInterface.get(question.interface);
      if (api === undefined) return errorAnswer("host/unknown", "There is no such host API.");
      try {
        const refusal = await refusalOf(api, context);
        if (refusal !== undefined) return refusal;
        await endings.get(api.interface);
        // Whoever asked is gone by now, and nobody would close what is opened for it.
        if (isClosed || call.signal.aborted) return errorAnswer("host/closed", "The call ended.");
        const target = sessionOf(api).functions.get(question.function);
        if (target === undefined) return errorAnswer("host/unknown", "There is no such function.");
        return boundedAnswer(await target(question.args, call));
      } catch (thrown) {
        return thrownAnswer(thrown);
      }
    },
    guestEnded() {
      for (const [name, session] of [...sessions]) {
        if (byInterface.get(name)?.endsWithGuest === true) end(name, session);
      }
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      for (const [name, session] of [...sessions]) end(name, session);
      await Promise.all(endings.values());
    },
  };
}

/** A host's own session may throw before it promises anything. */
async function close(session: HostApiSession): Promise<void> {
  await session[Symbol.asyncDispose]();
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
