import { startDeadline } from "../deadline.ts";

/** What a wait for Redis came to. */
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly isLate: true }
  | { readonly ok: false; readonly isLate: false; readonly thrown: unknown };

/**
 * Waits for Redis, no longer than a bound: a connection that is down is tried again without end.
 *
 * @param asking The question that was asked; what it fails with later is nobody's business any more.
 * @param budgetMs The bound.
 * @returns The answer; it never rejects.
 */
export async function inTime<Value>(
  asking: Promise<Value>,
  budgetMs: number,
): Promise<Answer<Value>> {
  using deadline = startDeadline({ budgetMs });
  return await Promise.race([
    asking.then(
      (value): Answer<Value> => ({ ok: true, value }),
      (thrown: unknown): Answer<Value> => ({ ok: false, isLate: false, thrown }),
    ),
    new Promise<Answer<Value>>((resolve) => {
      deadline.onEnd(() => resolve({ ok: false, isLate: true }));
    }),
  ]);
}
