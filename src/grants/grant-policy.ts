import { grantLimits } from "../limits.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import { authoriseGranted } from "./authorise.ts";
import { actionSubject, allowed, denied, readDecision } from "./decision.ts";
import { bindingProblem, emptyTargets, readGrantRecord, readTargets } from "./grant-record.ts";
import type {
  Decision,
  GrantPolicy,
  GrantRecord,
  GrantRequest,
  GrantTargets,
} from "./grants.types.ts";

/** What the host grants: a record, or a policy of its own. */
export type Grants = GrantRecord | GrantPolicy;

/**
 * Makes a policy of a grant record: it allows what the record grants to the package it is bound to.
 *
 * @param grants The record; it is copied, so that changing it later has no effect. To take something
 *   back while plugins run, wrap the policy in {@link revocable}.
 * @returns The policy.
 * @throws PluginError `options/invalid` when the record is malformed.
 */
export function record(grants: GrantRecord): GrantPolicy {
  const granted = readGrantRecord(grants);
  const { request, websocket, fs, https } = granted;
  const targets: GrantTargets = Object.freeze({ request, websocket, fs, https });
  return Object.freeze({
    decide: ({ plugin, action }: GrantRequest) => authoriseGranted(granted, plugin, action),
    precheck: ({ plugin, action }: GrantRequest) => authoriseGranted(granted, plugin, action),
    targets: (plugin: PackageIdentity) =>
      bindingProblem(granted, plugin) === undefined ? targets : emptyTargets,
  });
}

/**
 * Allows what every one of some policies allows, asked in order until one refuses.
 *
 * @param policies Policies or records; without any, nothing is allowed.
 * @returns The policy.
 */
export function all(...policies: readonly Grants[]): GrantPolicy {
  const parts = policies.map(asPolicy);
  return Object.freeze({
    async decide(request: GrantRequest) {
      let decision: Decision = denied(noPolicy);
      for (const part of parts) {
        decision = await decideSafely(part, request);
        if (!decision.allowed) return decision;
      }
      return decision;
    },
    precheck(request: GrantRequest) {
      const decisions = parts.map((part) => precheckSafely(part, request));
      return decisions.find((decision) => !decision.allowed) ?? decisions[0] ?? denied(noPolicy);
    },
    targets: (plugin: PackageIdentity) => joinTargets(parts, plugin),
  });
}

/**
 * Allows what at least one of some policies allows, asked in order until one allows.
 *
 * @param policies Policies or records, such as a record per package, then {@link ask}.
 * @returns The policy; its refusal is that of the last policy which is about the package at all.
 */
export function any(...policies: readonly Grants[]): GrantPolicy {
  const parts = policies.map(asPolicy);
  return Object.freeze({
    async decide(request: GrantRequest) {
      const refusals: Decision[] = [];
      for (const part of parts) {
        const decision = await decideSafely(part, request);
        if (decision.allowed) return decision;
        refusals.push(decision);
      }
      return lastAboutIt(refusals);
    },
    precheck(request: GrantRequest) {
      const decisions = parts.map((part) => precheckSafely(part, request));
      return decisions.find((decision) => decision.allowed) ?? lastAboutIt(decisions);
    },
    targets: (plugin: PackageIdentity) => joinTargets(parts, plugin),
  });
}

const noPolicy = "No grant policy was given.";

/** The last refusal of a policy that is about the package; a record for another one says nothing of it. */
function lastAboutIt(refusals: readonly Decision[]): Decision {
  const isAboutIt = (refusal: Decision) => refusal.allowed || refusal.code !== "grant/binding";
  return refusals.findLast(isAboutIt) ?? refusals.at(-1) ?? denied(noPolicy);
}

/** Options of {@link ask}. */
export interface AskOptions {
  /**
   * Whether an answer holds for the same question asked again: same package bytes, same action, same
   * target without its query. A function names the questions that share an answer instead, and gives
   * `undefined` for one that is always asked. Default: every question is asked.
   */
  readonly remember?: boolean | ((request: GrantRequest) => string | undefined);
}

/** A policy that asks, and can forget what it was told. */
export interface AskPolicy extends GrantPolicy {
  /** Forgets remembered answers, of one package or of all, so that the next question is asked again. */
  forget(ref?: string): void;
}

/**
 * Asks the host, typically a person, each time.
 *
 * Questions that are alike and asked at the same moment are asked once when `remember` is on. A
 * question that fails counts as refused and is not remembered.
 *
 * @param question Gives the answer; `true` allows.
 * @param options Whether answers are remembered, in memory and at most 1,000.
 * @returns The policy.
 */
export function ask(
  question: (request: GrantRequest) => boolean | Decision | Promise<boolean | Decision>,
  options: AskOptions = {},
): AskPolicy {
  const { remember = false } = options;
  const answers = new Map<string, { readonly ref: string; readonly answer: Promise<Decision> }>();

  const answerOf = async (request: GrantRequest): Promise<Decision> => {
    const answer = await question(request);
    if (answer === true) return allowed;
    if (answer !== false) return readDecision(answer);
    return denied(`The host was asked and refused ${actionSubject(request.action)}.`);
  };

  const keyOf = (request: GrantRequest): string | undefined => {
    if (typeof remember === "function") return remember(request);
    const { ref, version, digest } = request.plugin;
    return remember ? JSON.stringify([ref, version, digest, request.action]) : undefined;
  };

  return Object.freeze({
    decide(request: GrantRequest) {
      const key = keyOf(request);
      if (key === undefined) return answerOf(request);
      const known = answers.get(key);
      if (known !== undefined) return known.answer;
      const entry = { ref: request.plugin.ref, answer: answerOf(request) };
      answers.set(key, entry);
      entry.answer.catch(() => {
        if (answers.get(key) === entry) answers.delete(key);
      });
      dropOldest(answers, grantLimits.rememberedAnswers.default);
      return entry.answer;
    },
    forget(ref?: string) {
      for (const [key, entry] of answers) {
        if (ref === undefined || entry.ref === ref) answers.delete(key);
      }
    },
  });
}

/** A policy whose allowance can be taken back while plugins run. */
export interface RevocablePolicy extends GrantPolicy {
  readonly isRevoked: boolean;
  /** Refuses everything from the next decision on, registered tools and running guests included. */
  revoke(): void;
  /** Lets the policy decide again. */
  restore(): void;
}

/**
 * Makes a policy or record revocable.
 *
 * @param grants What is allowed until `revoke` is called.
 * @returns The policy with its switch.
 */
export function revocable(grants: Grants): RevocablePolicy {
  const policy = asPolicy(grants);
  let isRevoked = false;
  const refusal = denied("The grant was revoked.");
  return Object.freeze({
    get isRevoked() {
      return isRevoked;
    },
    revoke() {
      isRevoked = true;
    },
    restore() {
      isRevoked = false;
    },
    async decide(request: GrantRequest) {
      if (isRevoked) return refusal;
      const decision = await decideSafely(policy, request);
      // It may have been revoked while the policy, perhaps a person, was thinking.
      return isRevoked ? refusal : decision;
    },
    precheck: (request: GrantRequest) => (isRevoked ? refusal : precheckSafely(policy, request)),
    targets: (plugin: PackageIdentity) =>
      isRevoked ? emptyTargets : targetsSafely(policy, plugin),
  });
}

/**
 * Makes a policy of whatever the host gave as its grants.
 *
 * @throws PluginError `options/invalid` when it is neither a policy nor a well-formed record.
 */
export function asPolicy(grants: Grants): GrantPolicy {
  return isPolicy(grants) ? grants : record(grants);
}

/** Says whether grants are a policy; what is not is read as a record. */
export function isPolicy(grants: Grants): grants is GrantPolicy {
  return typeof (grants as Partial<GrantPolicy> | null)?.decide === "function";
}

/**
 * Asks a policy and takes whatever is not a clear answer for a refusal.
 *
 * @returns The decision; it never rejects.
 */
export async function decideSafely(policy: GrantPolicy, request: GrantRequest): Promise<Decision> {
  try {
    return readDecision(await policy.decide(request));
  } catch (error) {
    return policyFailed(error);
  }
}

/**
 * Asks a policy what it would refuse in any case.
 *
 * @returns The decision: allowed where the policy does not say, refused when it fails to.
 */
export function precheckSafely(policy: GrantPolicy, request: GrantRequest): Decision {
  if (policy.precheck === undefined) return allowed;
  try {
    return readDecision(policy.precheck(request));
  } catch (error) {
    return policyFailed(error);
  }
}

/** The policy is the host's own code: what it says about itself is not for a guest to read. */
function policyFailed(error: unknown): Decision {
  const kind = error instanceof Error ? ` (${error.name})` : "";
  return denied(`The grant policy failed${kind}, which counts as a refusal.`);
}

/** The targets a policy names; none when it fails or names something else. */
export function targetsSafely(policy: GrantPolicy, plugin: PackageIdentity): GrantTargets {
  try {
    return policy.targets === undefined ? emptyTargets : readTargets(policy.targets(plugin));
  } catch {
    return emptyTargets; // as with decisions: what is not clearly granted is not granted
  }
}

function joinTargets(parts: readonly GrantPolicy[], plugin: PackageIdentity): GrantTargets {
  const lists = parts.map((part) => targetsSafely(part, plugin));
  return Object.freeze({
    request: lists.flatMap(({ request }) => request),
    websocket: lists.flatMap(({ websocket }) => websocket),
    fs: lists.flatMap(({ fs }) => fs),
    https: lists.flatMap(({ https }) => https),
  });
}

function dropOldest(answers: Map<string, unknown>, most: number): void {
  for (const key of answers.keys()) {
    if (answers.size <= most) return;
    answers.delete(key);
  }
}
