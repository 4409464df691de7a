import type { Action, Authority, Decision, GrantRecord } from "../grants/grants.types.ts";
import { authoriseGranted } from "../grants/plan.ts";

/** The two halves of an answer about one action. */
export interface Verdict {
  readonly requested: Decision;
  readonly granted: Decision;
}

/** Answers, for a report, whether an action is asked for and whether it is granted. */
export type Judge = (action: Action) => Promise<Verdict>;

/**
 * Makes the judge of one inspection.
 *
 * A record is also asked about what the manifest does not ask for, so that a report can show a grant
 * that has no request; a policy, behind which there may be a person, is not.
 *
 * @param authority The package's authority, made of the same grants.
 * @param record The grants when they are a record.
 * @returns The judge.
 */
export function createJudge(authority: Authority, record: GrantRecord | undefined): Judge {
  return async (action) => {
    const requested = authority.requested(action);
    if (record !== undefined) {
      return { requested, granted: authoriseGranted(record, authority.plugin, action) };
    }
    return {
      requested,
      granted: requested.allowed ? await authority.decide(action, "inspection") : requested,
    };
  };
}

/** The message of the first refusal, or `null` when both halves allow. */
export function refusalOf({ requested, granted }: Verdict): string | null {
  if (!requested.allowed) return requested.message;
  return granted.allowed ? null : granted.message;
}
