import { longestTimerMs } from "../deadline.ts";
import { PluginError } from "../errors.ts";
import type { Json } from "../json.ts";
import { instanceLimits } from "../limits.ts";
import type { IngressDriver, IngressQueue } from "./ingress.types.ts";
import type { RestartPolicy } from "./instance.types.ts";
import type { Backoff } from "./timing.ts";
import { snapshotInput } from "./tool-input.ts";

/** Options about a guest that lives on, from its start to its stop; of no effect for any other. */
export interface LifeOptions {
  /** What the guest's `start` gets, at most 64 KiB as JSON; `null` when absent (reference §4.5). */
  readonly config?: Json;
  /** Whether a guest that failed is started again: `never` (the default), or when it failed. */
  readonly restart?: "never" | "on-failure" | RestartPolicy;
  /** What feeds the ingresses, asked before our own drivers whether they serve a source. */
  readonly drivers?: readonly IngressDriver[];
  readonly ingress?: IngressOptions;
}

/** Options about the events of an instance. */
export interface IngressOptions {
  /** Where events wait; in memory when absent. */
  readonly queue?: IngressQueue;
  /** The most events that wait; 32 when absent. */
  readonly capacity?: number;
  /** The most times that the guest is given one event whose failures are retryable; 3 when absent. */
  readonly maxAttempts?: number;
  /** Milliseconds before the second attempt, doubled before each further one; 200 when absent. */
  readonly retryDelayMs?: number;
}

/** {@link LifeOptions}, checked and complete. */
export interface LifePlan {
  /** JSON. */
  readonly config: string;
  readonly restart: RestartPlan;
  /** The host's own, in the order of preference. */
  readonly drivers: readonly IngressDriver[];
  readonly ingress: IngressPlan;
}

/** A restart policy, complete; `never` has no restarts. */
export interface RestartPlan extends Backoff {
  readonly policy: "never" | "on-failure";
  readonly maxRestarts: number;
  readonly steadyMs: number;
}

/** How events are queued and tried again. */
export interface IngressPlan {
  /** Absent: in memory. */
  readonly queue: IngressQueue | undefined;
  readonly capacity: number;
  readonly maxAttempts: number;
  readonly retry: Backoff;
}

/**
 * Resolves the options about a guest that lives on.
 *
 * @param options What the host asked for.
 * @param ours The drivers that are asked after the host's own.
 * @returns The plan, frozen.
 * @throws PluginError `options/invalid` for what has no meaning.
 */
export function planLife(options: LifeOptions, ours: readonly IngressDriver[] = []): LifePlan {
  return Object.freeze({
    config: readConfig(options.config),
    restart: planRestart(options.restart),
    drivers: Object.freeze([...readDrivers(options.drivers), ...ours]),
    ingress: planIngress(options.ingress),
  });
}

function readConfig(config: Json = null): string {
  const read = snapshotInput(config, instanceLimits.configBytes.default, "config");
  if (read.ok) return read.text;
  throw invalid(read.message.replace(/\.$/u, ""));
}

function readDrivers(drivers: readonly IngressDriver[] = []): readonly IngressDriver[] {
  const isDriver = (each: Partial<IngressDriver> | null) =>
    typeof each?.name === "string" &&
    typeof each.serves === "function" &&
    typeof each.open === "function";
  if (Array.isArray(drivers) && drivers.every(isDriver)) return drivers;
  throw invalid("drivers must be a list of drivers, each with name, serves and open");
}

function planRestart(asked: LifeOptions["restart"] = "never"): RestartPlan {
  if (typeof asked === "string" && asked !== "never" && asked !== "on-failure") {
    throw invalid('restart must be "never", "on-failure" or a policy');
  }
  const policy = typeof asked === "string" ? { when: asked } : asked;
  if (policy?.when !== "never" && policy?.when !== "on-failure") {
    throw invalid('the restart policy\'s "when" must be "on-failure"');
  }
  const number = (name: "maxRestarts" | "initialDelayMs" | "maxDelayMs" | "steadyMs") =>
    wholeNumber(`restart.${name}`, (policy as RestartPolicy)[name], instanceLimits[name].default);
  return Object.freeze({
    policy: policy.when,
    maxRestarts: number("maxRestarts"),
    initialDelayMs: number("initialDelayMs"),
    maxDelayMs: number("maxDelayMs"),
    steadyMs: number("steadyMs"),
  });
}

function planIngress({
  queue,
  capacity,
  maxAttempts,
  retryDelayMs,
}: IngressOptions = {}): IngressPlan {
  const { ingressCapacity, ingressAttempts, ingressRetryMs, maxDelayMs } = instanceLimits;
  const initialDelayMs = wholeNumber("ingress.retryDelayMs", retryDelayMs, ingressRetryMs.default);
  return Object.freeze({
    queue,
    capacity: wholeNumber("ingress.capacity", capacity, ingressCapacity.default),
    maxAttempts: wholeNumber("ingress.maxAttempts", maxAttempts, ingressAttempts.default),
    retry: Object.freeze({
      initialDelayMs,
      maxDelayMs: Math.max(initialDelayMs, maxDelayMs.default),
    }),
  });
}

function wholeNumber(name: string, asked: number | undefined, otherwise: number): number {
  if (asked === undefined) return otherwise;
  if (!Number.isSafeInteger(asked) || asked < 1 || asked > longestTimerMs) {
    throw invalid(`${name} must be a whole number from 1 to ${longestTimerMs}`);
  }
  return asked;
}

function invalid(problem: string): PluginError {
  return new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `An option is invalid: ${problem}.`,
  });
}
