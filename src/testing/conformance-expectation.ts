import { inertText, utf8Length } from "../diagnostic.ts";
import { type ErrorCode, isPluginError, phases } from "../errors.ts";
import { textLimits } from "../limits.ts";
import type { GuestInstance } from "../runtime/backend.ts";
import type { Subject } from "./conformance-rule.ts";

/** Ends a check because its rule is not kept. */
export function fail(problem: string): never {
  throw new Error(problem);
}

/** Compares what a guest answered. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected)) return;
  fail(`${what} is ${shown(actual)}, and ${shown(expected)} was expected.`);
}

/**
 * Waits for an answer.
 *
 * @param work What must be fulfilled in time.
 * @param budgetMs Until its deadline; it may be overdrawn by the subject's patience.
 * @param what The work's name, as a sentence's subject.
 * @returns The answer.
 */
export async function expectAnswer<Value>(
  subject: Subject,
  work: Promise<Value>,
  budgetMs: number,
  what: string,
): Promise<Value> {
  const ending = await endingOf(work, budgetMs + subject.patienceMs);
  if (ending.kind === "answer") return ending.value;
  return fail(
    ending.kind === "nothing"
      ? `${what} did not settle.`
      : `${what} was to be answered, and ended as ${errorName(ending.error)}.`,
  );
}

/**
 * Waits for a failure, and holds it against what errors have to be: a PluginError with one of the
 * codes, and a message that is bounded and inert.
 *
 * @param work What must be rejected in time.
 * @param codes The codes that are allowed.
 * @param budgetMs Until its deadline; it may be overdrawn by the subject's patience.
 * @param what The work's name, as a sentence's subject.
 */
export async function expectFailure(
  subject: Subject,
  work: Promise<unknown>,
  codes: readonly ErrorCode[],
  budgetMs: number,
  what: string,
): Promise<void> {
  const ending = await endingOf(work, budgetMs + subject.patienceMs);
  const expected = `${what} was to end as ${codes.join(" or ")}`;
  if (ending.kind === "nothing") fail(`${expected}, and did not settle.`);
  if (ending.kind === "answer") fail(`${expected}, and was answered.`);
  const { error } = ending;
  if (!isPluginError(error)) fail(`${expected}, and threw ${errorName(error)}.`);
  if (!codes.includes(error.code)) fail(`${expected}, and ended as ${error.code}.`);
  if (!phases.includes(error.phase)) fail(`${what} ended in an unknown phase.`);
  if (error.message === "" || utf8Length(error.message) > textLimits.messageBytes.default) {
    fail(`${what} ended with a message of ${utf8Length(error.message)} bytes.`);
  }
  if (inertText(error.message) !== error.message) {
    fail(`${what} ended with a message that a terminal could obey.`);
  }
}

/** Expects that a guest takes no more calls. */
export async function expectEnded(subject: Subject, guest: GuestInstance): Promise<void> {
  if (guest.isAlive) fail("A guest that has ended says that it is alive.");
  const call = subject.call(guest, { do: "count" });
  const codes = ["runtime/lost", "instance/stopped"] as const;
  await expectFailure(subject, call, codes, 0, "A call of a guest that has ended");
}

type Ending<Value> =
  | { readonly kind: "answer"; readonly value: Value }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "nothing" };

async function endingOf<Value>(work: Promise<Value>, ms: number): Promise<Ending<Value>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const nothing = new Promise<Ending<Value>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: "nothing" }), ms);
  });
  const ending = work.then(
    (value): Ending<Value> => ({ kind: "answer", value }),
    (error: unknown): Ending<Value> => ({ kind: "error", error }),
  );
  try {
    return await Promise.race([ending, nothing]);
  } finally {
    clearTimeout(timer);
  }
}

function errorName(error: unknown): string {
  if (isPluginError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error
    ? `no PluginError but ${error.name}: ${shown(error.message)}`
    : "no error";
}

function shown(value: unknown): string {
  return inertText((JSON.stringify(value) ?? String(value)).slice(0, 200));
}
