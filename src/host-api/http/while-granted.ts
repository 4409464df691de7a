import type { Decision } from "../../grants/grants.types.ts";
import { httpLimits } from "../../limits.ts";
import { HostRefusal } from "./host-refusal.ts";

/**
 * Waits for what is under way, as long as nothing that is known without asking speaks against it: a
 * grant that is taken back ends an exchange that takes its time, and what came until then is not told.
 *
 * A policy that does nothing but answer questions is not asked again before the next call.
 *
 * @param precheck Looks at the grants as they are now; see `Authority.precheck`.
 * @param work What is under way; whoever started it ends it when this throws.
 * @param everyMs Milliseconds between two looks.
 * @returns What the work gives.
 * @throws HostRefusal with the authority's own code, within `everyMs`; else what the work throws.
 */
export function whileGranted<Value>(
  precheck: () => Decision,
  work: Promise<Value>,
  everyMs = httpLimits.revocationMs.default,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    /** Refuses when the grant is gone; whoever listens hears of that once. */
    const isRefused = () => {
      if (isOver) return true;
      const decision = precheck();
      if (decision.allowed) return false;
      isOver = true;
      clearInterval(timer);
      reject(new HostRefusal(decision.code, decision.message));
      return true;
    };
    const timer = setInterval(isRefused, everyMs);
    work
      .then(
        (value) => isRefused() || resolve(value),
        (thrown) => isOver || reject(thrown),
      )
      .finally(() => clearInterval(timer));
  });
}
