import { PluginError } from "../errors.ts";
import { conformanceLimits } from "../limits.ts";
import type { RuntimeBackend } from "../runtime/backend.ts";
import type { Isolate } from "../runtime/isolation/isolation.ts";
import { answerRules } from "./answer-rules.ts";
import { boundRules } from "./bound-rules.ts";
import { type ConformanceRuntime, conformanceRuntimes } from "./conformance-guests.ts";
import type { ConformanceRule } from "./conformance-rule.ts";
import { createSubject } from "./conformance-subject.ts";
import { hostCallRules } from "./host-call-rules.ts";
import { preparationRules } from "./preparation-rules.ts";
import { stoppingRules } from "./stopping-rules.ts";

/** A rule that a backend does not keep, and why that is so. */
export interface ConformanceSkip {
  /** The rule's name, such as `bounds/fuel`. */
  readonly rule: string;
  /** Why the backend can't keep it; for whoever reads the test run. */
  readonly reason: string;
  /** The isolate in which it can't; all when absent. */
  readonly isolate?: string;
  /** The ABI or world for which it can't; all when absent. */
  readonly runtime?: string;
}

/** One check: one rule, held against a backend in one isolate with the guests of one runtime. */
export interface ConformanceCheck {
  /** For a test runner, different from every other check's. */
  readonly name: string;
  /** The rule's name. */
  readonly rule: string;
  /** The isolate's name. */
  readonly isolate: string;
  /** The ABI or world. */
  readonly runtime: string;
  /** Why it is not to be run, when {@link ConformanceOptions.skip} or the backend itself says so. */
  readonly skipped: string | undefined;
  /** Runs it. It rejects when the rule is not kept, and says what was expected and what happened. */
  run(): Promise<void>;
}

/** Options of {@link BackendConformance}. */
export interface ConformanceOptions {
  /** The isolates to try the backend in, by name or a host's own; all of the platform when absent. */
  readonly isolates?: readonly (string | Isolate)[];
  /** Rules that the backend does not keep; one that is not a rule, or fits no check, is refused. */
  readonly skip?: readonly ConformanceSkip[];
  /** Milliseconds that a call may take past its deadline to be settled; 5,000 when absent. */
  readonly patienceMs?: number;
}

/**
 * Says whether a runtime backend keeps the rules that `createInstance` relies on.
 *
 * It knows no test runner: it gives checks, each with a name and a function. The backend is tried with
 * the kit's own guests, for every runtime that it says it supports.
 *
 * @param createBackend Makes the backend; called once.
 * @param options The isolates, what is skipped, and how patient to be.
 * @returns The checks, in a fixed order; they may run one after the other or side by side.
 * @throws PluginError `options/invalid` for an isolate that is not there, a backend that supports no
 *   runtime, or a skip that fits no check.
 */
export type BackendConformance = (
  createBackend: () => RuntimeBackend,
  options?: ConformanceOptions,
) => readonly ConformanceCheck[];

const rules: readonly ConformanceRule[] = [
  ...answerRules,
  ...preparationRules,
  ...boundRules,
  ...stoppingRules,
  ...hostCallRules,
];

/** Every rule by its name, with the promise that it holds a backend to. */
export const conformanceRules: ReadonlyMap<string, string> = new Map(
  rules.map(({ name, promise }) => [name, promise]),
);

/**
 * Composes the kit for a platform.
 *
 * @param platformIsolates The platform's isolates, the default first.
 * @returns The kit.
 */
export function createBackendConformance(platformIsolates: readonly Isolate[]): BackendConformance {
  return (createBackend, options = {}) => {
    const backend = createBackend();
    const isolates = chooseIsolates(options.isolates, platformIsolates);
    const runtimes = conformanceRuntimes.filter(({ declaration }) => backend.supports(declaration));
    if (runtimes.length === 0) {
      refuse("The backend supports no runtime that a manifest can declare.");
    }
    const patienceMs = options.patienceMs ?? conformanceLimits.patienceMs.default;
    const checks = isolates.flatMap((isolate) =>
      runtimes.flatMap((runtime) =>
        rules
          .filter((rule) => isAbout(rule, isolate, runtime))
          .map((rule) =>
            createCheck(rule, { backend, isolate, runtime, patienceMs }, options.skip ?? []),
          ),
      ),
    );
    for (const skip of options.skip ?? []) {
      if (!checks.some((check) => fits(skip, check))) {
        refuse(`No check is skipped by the rule ${JSON.stringify(skip.rule)}. Leave the skip out.`);
      }
    }
    return Object.freeze(checks);
  };
}

function isAbout(
  { lifetime, needs }: ConformanceRule,
  { guarantees }: Isolate,
  runtime: ConformanceRuntime,
): boolean {
  const isKept = needs === undefined || guarantees[needs];
  return isKept && (lifetime === undefined || lifetime === runtime.lifetime);
}

function chooseIsolates(
  chosen: ConformanceOptions["isolates"],
  platformIsolates: readonly Isolate[],
): readonly Isolate[] {
  return (chosen ?? platformIsolates).map((isolate) => {
    if (typeof isolate !== "string") return isolate;
    const found = platformIsolates.find(({ name }) => name === isolate);
    return found ?? refuse(`There is no isolation ${JSON.stringify(isolate)} here.`);
  });
}

function createCheck(
  rule: ConformanceRule,
  parts: {
    readonly backend: RuntimeBackend;
    readonly isolate: Isolate;
    readonly runtime: ConformanceRuntime;
    readonly patienceMs: number;
  },
  skips: readonly ConformanceSkip[],
): ConformanceCheck {
  const place = { rule: rule.name, isolate: parts.isolate.name, runtime: parts.runtime.label };
  return Object.freeze({
    ...place,
    name: `${place.rule} (${place.isolate}, ${place.runtime}): ${rule.promise}`,
    skipped: skips.find((skip) => fits(skip, place))?.reason ?? declared(rule, parts.backend),
    async run() {
      await using subject = createSubject(parts);
      await rule.check(subject);
    },
  });
}

/** Why a backend is spared a rule by its own word. */
function declared(
  { limit }: ConformanceRule,
  { unkeptLimits = [] }: RuntimeBackend,
): string | undefined {
  if (limit === undefined || !unkeptLimits.includes(limit)) return undefined;
  return `The backend says that it can't keep the limit ${limit}.`;
}

function fits(
  skip: ConformanceSkip,
  place: { readonly rule: string; readonly isolate: string; readonly runtime: string },
): boolean {
  return (
    skip.rule === place.rule &&
    (skip.isolate ?? place.isolate) === place.isolate &&
    (skip.runtime ?? place.runtime) === place.runtime
  );
}

function refuse(message: string): never {
  throw new PluginError({ code: "options/invalid", phase: "options", message });
}
