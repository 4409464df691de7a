import type { GrantTargets } from "../grants/grants.types.ts";
import {
  coverRange,
  folderLabel,
  isBroadTarget,
  isUsableFolder,
  rangesIntersect,
  targetLabel,
  type UrlApi,
  type UrlRange,
  urlRange,
} from "../grants/plan.ts";
import type { Json } from "../json.ts";
import type { Manifest } from "../manifest/manifest.types.ts";
import { hostApiNames } from "./host-api-rows.ts";
import type { InspectedTarget } from "./report.types.ts";

type UrlTarget = Parameters<typeof targetLabel>[1];

/** Whose say a target has, and whose it lacks. */
export interface TargetSides {
  readonly manifest: Manifest;
  /** What the host names; empty without grants. */
  readonly granted: GrantTargets;
  /** Whether a policy decides, which may allow more than the targets that it names. */
  readonly isPolicy: boolean;
}

/**
 * Makes the rows of all targets: what the manifest asks to reach and how much of it is granted, then
 * what is granted and how much of it was asked for (reference §3).
 *
 * @param sides The manifest's targets and the host's.
 * @returns The rows, by API, the manifest's first.
 */
export function targetRows(sides: TargetSides): readonly InspectedTarget[] {
  return hostApiNames.flatMap((api) => {
    // Of these two the manifest has no targets; its permission stands for all of them.
    const isAsked = sides.manifest.permissions.some(
      (permission) => permission.kind === "host_api" && permission.api === api,
    );
    if (api === "fs") return sides.granted.fs.map((grant) => folderRow(grant, isAsked));
    if (api === "https") return sides.granted.https.map((grant) => httpsRow(grant, isAsked));
    const asked: readonly UrlTarget[] = sides.manifest[api];
    const granted: readonly UrlTarget[] = sides.granted[api];
    const grantedRanges = rangesOf(api, granted);
    const askedRanges = rangesOf(api, asked);
    return [
      ...asked.map((target) => askedRow(api, target, granted, grantedRanges, sides.isPolicy)),
      ...granted.map((target) => grantedRow(api, target, askedRanges)),
    ];
  });
}

function rangesOf(api: UrlApi, targets: readonly UrlTarget[]): readonly UrlRange[] {
  return targets.map((target) => urlRange(api, target)).filter((range) => range !== undefined);
}

function askedRow(
  api: UrlApi,
  target: UrlTarget,
  granted: readonly UrlTarget[],
  grantedRanges: readonly UrlRange[],
  isPolicy: boolean,
): InspectedTarget {
  const broad = isBroadTarget(api, target);
  const made = (
    covered: InspectedTarget["covered"],
    eligible: boolean,
    diagnostic: string | null,
  ) =>
    targetRow(api, "manifest", target, {
      covered,
      granted: covered !== "not",
      eligible,
      diagnostic,
    });
  const range = urlRange(api, target);
  if (range === undefined) {
    return made("not", false, matchesNothing);
  }
  const isBroad = broad ? ` The target is broad: it asks for ${openParts(api, target)}.` : "";
  if (!grantedRanges.some((each) => rangesIntersect(each, range))) {
    if (isPolicy) return made("not", true, "The host's policy decides at each call.");
    return made("not", false, `Missing enabled host_api.${api} grant.${isBroad}`);
  }
  if (!coverRange(grantedRanges, range)) {
    return made(
      "partly",
      true,
      broad
        ? "Partially covered: the target is broad, and only what the grants name is usable."
        : "Partially covered: only where it intersects the grants is it usable.",
    );
  }
  const isByBroad = granted.some((each) => {
    const outer = urlRange(api, each);
    return outer !== undefined && isBroadTarget(api, each) && rangesIntersect(outer, range);
  });
  return made(
    "fully",
    true,
    isByBroad ? `Covered by a broad grant.${isBroad}` : isBroad.trim() || null,
  );
}

function grantedRow(api: UrlApi, target: UrlTarget, asked: readonly UrlRange[]): InspectedTarget {
  const range = urlRange(api, target);
  if (range === undefined) {
    return targetRow(api, "grant-only", target, {
      covered: "not",
      granted: true,
      eligible: false,
      diagnostic: matchesNothing,
    });
  }
  if (!asked.some((each) => rangesIntersect(each, range))) {
    return targetRow(api, "grant-only", target, {
      covered: "not",
      granted: true,
      eligible: false,
      diagnostic: "No target of the manifest overlaps it, so it allows nothing.",
    });
  }
  const isCovered = coverRange(asked, range);
  const limited = isBroadTarget(api, target)
    ? "A broad grant, constrained by the manifest's targets."
    : "Only usable where it intersects the manifest's targets.";
  return targetRow(api, "grant", target, {
    covered: isCovered ? "fully" : "partly",
    granted: true,
    eligible: true,
    diagnostic: isCovered ? null : limited,
  });
}

function httpsRow(grant: GrantTargets["https"][number], isAsked: boolean): InspectedTarget {
  const isUsable = urlRange("https", grant) !== undefined;
  const isBroad = isBroadTarget("https", grant);
  const broadNote = isBroad ? "The grant is broad: it allows every path of the host." : null;
  const problem = isUsable ? unasked("https", isAsked) : matchesNothing;
  return targetRow("https", isAsked ? "grant" : "grant-only", grant, {
    covered: problem === null ? "fully" : "not",
    granted: true,
    eligible: problem === null,
    diagnostic: problem ?? broadNote,
  });
}

function folderRow(grant: GrantTargets["fs"][number], isAsked: boolean): InspectedTarget {
  const problem = isUsableFolder(grant)
    ? unasked("fs", isAsked)
    : "The grant needs an absolute root and at least one operation.";
  const side = isAsked ? "grant" : "grant-only";
  const label = folderLabel(grant);
  return {
    name: "fs",
    side,
    label,
    permission: `host_api.fs ${side} ${label}`,
    requested: isAsked,
    granted: true,
    eligible: problem === null,
    broad: false,
    covered: problem === null ? "fully" : "not",
    diagnostic: problem,
    declared: grant as unknown as Json,
  };
}

const matchesNothing =
  "It can match nothing: a scheme, host, method or path is missing or malformed.";

function unasked(api: "https" | "fs", isAsked: boolean): string | null {
  return isAsked ? null : `The manifest does not ask for host_api.${api}, so it allows nothing.`;
}

function targetRow(
  api: UrlApi,
  side: InspectedTarget["side"],
  target: UrlTarget,
  facts: Pick<InspectedTarget, "covered" | "granted" | "eligible" | "diagnostic">,
): InspectedTarget {
  const label = targetLabel(api, target);
  return {
    name: api,
    side,
    label,
    permission: `host_api.${api} ${side === "manifest" ? "target" : side} ${label}`,
    requested: side !== "grant-only",
    broad: isBroadTarget(api, target),
    ...facts,
    declared: target as unknown as Json,
  };
}

/** What a broad target leaves open, in words. */
function openParts(api: UrlApi, target: UrlTarget): string {
  const parts = [
    api !== "https" && target.scheme?.trim() === "*" ? "any scheme" : undefined,
    api !== "https" && target.host?.trim() === "*" ? "any host" : undefined,
    urlRange(api, target)?.prefixes === undefined ? "any path" : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}
