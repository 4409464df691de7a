import { boundedText, redactText } from "../diagnostic.ts";
import { grantLimits } from "../limits.ts";
import type { Manifest } from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { authoriseRequested } from "./authorise.ts";
import { actionSubject, denied } from "./decision.ts";
import {
  asPolicy,
  decideSafely,
  type Grants,
  precheckSafely,
  targetsSafely,
} from "./grant-policy.ts";
import { readGrantRecord } from "./grant-record.ts";
import type {
  Action,
  Authority,
  CheckPoint,
  Decision,
  DecisionEvent,
  HostApiTarget,
} from "./grants.types.ts";
import { isUrlApi, urlPoint } from "./url-target.ts";

export { authoriseGranted } from "./authorise.ts";
export { boundHeaders, namesPrivateHost } from "./bound-headers.ts";
export { actionSubject } from "./decision.ts";
export {
  type AskOptions,
  type AskPolicy,
  all,
  any,
  ask,
  type Grants,
  isPolicy,
  type RevocablePolicy,
  record,
  revocable,
} from "./grant-policy.ts";
export {
  bindingProblem,
  folderLabel,
  grantRequested,
  isUsableFolder,
  readGrantRecord,
  type TargetsInput,
} from "./grant-record.ts";
export { permissionLabel } from "./permission.ts";
export {
  coverRange,
  isBroadTarget,
  isUrlApi,
  rangesIntersect,
  targetLabel,
  type UrlApi,
  type UrlRange,
  urlRange,
} from "./url-target.ts";

/** Options of {@link createAuthority}. */
export interface AuthorityOptions {
  /** Hears of every decision, allowed or refused; what it throws changes nothing. */
  readonly onDecision?: ((event: DecisionEvent) => void) | undefined;
  /** The platform's own listener, which hears of the same: in Node, a diagnostics channel. */
  readonly publishDecision?: ((event: DecisionEvent) => void) | undefined;
}

/** Lays a host's grants over a manifest's requests; see {@link createAuthority}. */
export type CreateAuthority = (
  pkg: PluginPackage,
  grants: Grants | undefined,
  options?: Pick<AuthorityOptions, "onDecision">,
) => Authority;

/** Composes `createAuthority` for a platform that hears of every decision besides the host's listener. */
export function createAuthorityFactory(
  publishDecision: AuthorityOptions["publishDecision"],
): CreateAuthority {
  return (pkg, grants, options = {}) =>
    createAuthority(pkg, grants, { onDecision: options.onDecision, publishDecision });
}

/**
 * Lays a host's grants over what a package's manifest asks for: the one place where anything done in
 * the plugin's name is allowed or refused.
 *
 * Both must agree on every action, asked anew each time, so that a policy that changes its mind is
 * obeyed at the next question. A policy that throws, or answers with anything but a decision, refuses.
 *
 * @param pkg The loaded package.
 * @param grants A grant record, which is copied, or a policy; without either, nothing is allowed.
 * @param options A listener for audit.
 * @returns The authority of this package.
 * @throws PluginError `options/invalid` when the grants are neither a policy nor a well-formed record.
 */
export function createAuthority(
  pkg: PluginPackage,
  grants: Grants | undefined,
  options: AuthorityOptions = {},
): Authority {
  const { manifest, identity: plugin } = pkg;
  const policy = asPolicy(grants ?? readGrantRecord({}));

  const decideOnce = async (action: Action, at: CheckPoint): Promise<Decision> => {
    const requested = authoriseRequested(manifest, action);
    if (!requested.allowed) return requested;
    return decideSafely(policy, Object.freeze({ plugin, action, at }));
  };
  const announce = (action: Action, at: CheckPoint, decision: Decision) => {
    const subject = actionSubject(action);
    const event = Object.freeze({ plugin, action, subject, at, decision });
    tell(options.publishDecision, event);
    tell(options.onDecision, event);
    return decision;
  };

  return Object.freeze({
    plugin,
    requested(action: Action) {
      const asked = readAction(action, manifest);
      return asked === undefined ? unknownAction : authoriseRequested(manifest, asked);
    },
    async decide(action: Action, at: CheckPoint) {
      const asked = readAction(action, manifest);
      if (asked === undefined) return unknownAction;
      return announce(asked, at, await decideOnce(asked, at));
    },
    precheck(action: Action, at: CheckPoint) {
      const asked = readAction(action, manifest);
      if (asked === undefined) return unknownAction;
      const requested = authoriseRequested(manifest, asked);
      const decision = requested.allowed
        ? precheckSafely(policy, Object.freeze({ plugin, action: asked, at }))
        : requested;
      return decision.allowed ? decision : announce(asked, at, decision);
    },
    targets: () => targetsSafely(policy, plugin),
  });
}

const unknownAction = denied("There is no action of that kind.");

/** A frozen copy with known fields in a fixed order, so that equal questions look equal to a policy. */
function readAction(action: Action, manifest: Manifest): Action | undefined {
  switch (action.kind) {
    case "surface":
      return Object.freeze({ kind: "surface", surface: action.surface });
    case "tool": {
      // The manifest's word counts as well: a caller that forgets it must not widen anything.
      const isDeclared = manifest.tools.some(
        (tool) => tool.name === action.name && tool.external_write,
      );
      const externalWrite = action.externalWrite || isDeclared;
      return Object.freeze({ kind: "tool", name: action.name, externalWrite });
    }
    case "service":
    case "ingress":
      return Object.freeze({ kind: action.kind, name: action.name });
    case "host_api": {
      const { api, target } = action;
      if (target === undefined) return Object.freeze({ kind: "host_api", api });
      return Object.freeze({ kind: "host_api", api, target: readTarget(api, target) });
    }
    default:
      return undefined;
  }
}

function readTarget(api: string, target: HostApiTarget): HostApiTarget {
  if (target.kind !== "url") return Object.freeze({ ...target });
  const { url, method, isPrivate = false } = target;
  const read = isUrlApi(api) ? urlPoint(api, url, method) : undefined;
  return Object.freeze({
    kind: "url",
    // A query may hold what neither a policy's dialog nor an audit trail should show; what is no URL
    // is refused before any policy sees it, and is kept only to say so.
    url: read?.ok === true ? read.point.href : unusableUrl(url),
    ...(method === undefined ? {} : { method }),
    isPrivate,
  });
}

function unusableUrl(text: string): string {
  const [start = ""] = text.slice(0, 1024).split(/[?#]/u, 1);
  return boundedText(redactText(start), grantLimits.labelBytes.default);
}

function tell(listener: AuthorityOptions["onDecision"], event: DecisionEvent): void {
  if (listener === undefined) return;
  try {
    // A listener may be an async function in disguise; its rejection is as little ours as its throw.
    Promise.resolve(listener(event) as unknown).catch(() => {});
  } catch {
    // the decision stands whatever the listener makes of it
  }
}
