import { boundedText } from "../diagnostic.ts";
import { grantLimits } from "../limits.ts";
import type { Manifest, Permission, Surface } from "../manifest/manifest.types.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import { actionSubject, allowed, denied } from "./decision.ts";
import { bindingProblem, isEmptyRecord, isUsableFolder } from "./grant-record.ts";
import type { Action, Decision, GrantRecord, PrivateTarget } from "./grants.types.ts";
import { isInNamespace, permissionLabel, samePermission } from "./permission.ts";
import { holdsPoint, isUrlApi, type UrlApi, urlPoint, urlRange } from "./url-target.ts";

type HostApiAction = Extract<Action, { readonly kind: "host_api" }>;

/**
 * The authorisation matrix (reference §3, decisions.md).
 *
 * An action needs all its `permissions`, once among the manifest's requests and once among the
 * grants. A host API also needs its targets: what is reached must be in the list of each side that
 * has one; when the question is only whether the API may be used, each list must have a usable entry.
 */
const matrix: Matrix = {
  permissions: {
    surface: ({ surface }) => [exactly({ kind: "surface", surface })],
    tool: ({ name, externalWrite }) => [
      onSurface("tool"),
      toolOrItsNamespace(name),
      ...(externalWrite ? [exactly({ kind: "external_write" })] : []),
    ],
    service: ({ name }) => [onSurface("service"), exactly({ kind: "service", name })],
    ingress: ({ name }) => [onSurface("ingress"), exactly({ kind: "ingress", name })],
    host_api: ({ api }) => [exactly({ kind: "host_api", api } as Permission)],
  },
  targets: {
    request: { requested: (m) => m.request, granted: (g) => g.request, isPrivateEver: true },
    websocket: { requested: (m) => m.websocket, granted: (g) => g.websocket, isPrivateEver: true },
    // A manifest can name neither `https` targets nor folders: there, its permission is its request.
    https: { requested: undefined, granted: (g) => g.https, isPrivateEver: false },
    fs: { requested: undefined, granted: (g) => g.fs },
  },
};

interface Matrix {
  readonly permissions: {
    readonly [Kind in Action["kind"]]: (
      action: Extract<Action, { readonly kind: Kind }>,
    ) => readonly Requirement[];
  };
  readonly targets: { readonly [Api in UrlApi]: UrlRule } & {
    readonly fs: {
      readonly requested: undefined;
      readonly granted: (g: GrantRecord) => GrantRecord["fs"];
    };
  };
}

interface UrlRule {
  readonly requested: ((manifest: Manifest) => readonly UrlTarget[]) | undefined;
  readonly granted: (record: GrantRecord) => readonly UrlTarget[];
  /** Whether a private address can be reached at all, by whatever the two sides name. */
  readonly isPrivateEver: boolean;
}

type UrlTarget = PrivateTarget<Parameters<typeof urlRange>[1]>;

/** One permission that must be there, under the name that messages use. */
interface Requirement {
  readonly label: string;
  isMetBy(permission: Permission): boolean;
}

function exactly(needed: Permission): Requirement {
  return {
    label: permissionLabel(needed),
    isMetBy: (permission) => samePermission(permission, needed),
  };
}

function onSurface(surface: Surface): Requirement {
  return exactly({ kind: "surface", surface });
}

function toolOrItsNamespace(name: string): Requirement {
  const tool = exactly({ kind: "tool", name });
  return {
    label: tool.label,
    isMetBy: (permission) =>
      permission.kind === "tool_namespace"
        ? isInNamespace(name, permission.namespace)
        : tool.isMetBy(permission),
  };
}

/**
 * Says whether a manifest asks for an action: the static half of the answer.
 *
 * @param manifest The package's manifest.
 * @param action What is about to be done.
 * @returns The decision; a refusal names every permission that the manifest does not ask for.
 */
export function authoriseRequested(manifest: Manifest, action: Action): Decision {
  const refuse: Refuse = (what) => denied(`The manifest does not ask for ${what}.`);
  const missing = missingLabels(action, manifest.permissions);
  if (missing.length > 0) return refuse(missing.join(", "));
  if (action.kind !== "host_api") return allowed;
  if (!isUrlApi(action.api)) return authoriseFolder(action, undefined, refuse);
  const rule = matrix.targets[action.api];
  return authoriseUrl(action, rule, rule.requested?.(manifest), refuse);
}

/**
 * Says whether a record grants an action, whatever the manifest asks for.
 *
 * @param record The host's grants.
 * @param plugin Who acts; the record must be bound to exactly this package.
 * @param action What is about to be done.
 * @returns The decision; `grant/binding` when the record is for another package.
 */
export function authoriseGranted(
  record: GrantRecord,
  plugin: PackageIdentity,
  action: Action,
): Decision {
  const refuse: Refuse = (what) => denied(`No grant allows ${what}.`);
  const binding = isEmptyRecord(record) ? undefined : bindingProblem(record, plugin);
  if (binding !== undefined) return denied(binding, "grant/binding");
  const missing = missingLabels(action, record.permissions);
  if (missing.length > 0) return refuse(missing.join(", "));
  if (action.kind !== "host_api") return allowed;
  if (!isUrlApi(action.api))
    return authoriseFolder(action, matrix.targets.fs.granted(record), refuse);
  const rule = matrix.targets[action.api];
  // A request is for the address as it is; only a grant can say that a private one is meant.
  const refusePrivate: Refuse = (what) => refuse(`${what}, which needs allow_private`);
  return authoriseUrl(action, rule, rule.granted(record), refuse, refusePrivate);
}

/** Words a refusal of one side, given what it lacks. */
type Refuse = (what: string) => Decision;

function missingLabels(action: Action, permissions: readonly Permission[]): readonly string[] {
  const needs = matrix.permissions[action.kind] as (action: Action) => readonly Requirement[];
  return needs(action)
    .filter((needed) => !permissions.some((permission) => needed.isMetBy(permission)))
    .map(({ label }) => boundedText(label, grantLimits.labelBytes.default));
}

/**
 * Checks one side's URL targets.
 *
 * @param targets `undefined` when the side has no list of its own.
 * @param refusePrivate For the side that must also set `allow_private`.
 */
function authoriseUrl(
  action: HostApiAction,
  rule: UrlRule,
  targets: readonly UrlTarget[] | undefined,
  refuse: Refuse,
  refusePrivate?: Refuse,
): Decision {
  const api = action.api as UrlApi;
  const { target } = action;
  if (target === undefined) {
    const isUsable = targets?.some((each) => urlRange(api, each) !== undefined) ?? true;
    return isUsable ? allowed : refuse(`any usable target of host_api.${api}`);
  }
  if (target.kind !== "url") return denied(`The ${api} API reaches URLs only.`);
  const read = urlPoint(api, target.url, target.method);
  if (!read.ok) return denied(read.reason);
  const subject = `host_api.${api} ${read.point.display}`;
  if (target.isPrivate === true && !rule.isPrivateEver) {
    return denied(`${subject} is at a private address, which the ${api} API never reaches.`);
  }
  if (targets === undefined) return allowed;
  const holding = targets.filter((each) => {
    const range = urlRange(api, each);
    return range !== undefined && holdsPoint(range, read.point);
  });
  if (holding.length === 0) return refuse(subject);
  if (target.isPrivate !== true) return allowed;
  const naming = holding.filter((each) => each.host?.trim() !== "*");
  if (naming.length === 0) return refuse(`${subject} at a private address without naming its host`);
  if (refusePrivate === undefined || naming.some((each) => each.allow_private === true))
    return allowed;
  return refusePrivate(`${subject} at a private address`);
}

/**
 * Checks one side's folders, and that an API without URLs is not asked for one.
 *
 * @param folders `undefined` when the side has no list of its own.
 */
function authoriseFolder(
  action: HostApiAction,
  folders: GrantRecord["fs"] | undefined,
  refuse: Refuse,
): Decision {
  const { api, target } = action;
  if (api !== "fs") return target === undefined ? allowed : denied("The host API has no targets.");
  if (target !== undefined && target.kind !== "folder")
    return denied("The fs API reaches folders only.");
  if (folders === undefined) return allowed;
  const usable = folders.filter(isUsableFolder);
  if (target === undefined) {
    return usable.length > 0
      ? allowed
      : refuse("any folder of host_api.fs by its absolute path, with operations");
  }
  const isGranted = usable.some(
    ({ root, operations }) => root === target.root && operations.includes(target.operation),
  );
  return isGranted ? allowed : refuse(actionSubject(action));
}
