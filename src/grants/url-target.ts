import { boundedText, cutText, utf8Length } from "../diagnostic.ts";
import { grantLimits } from "../limits.ts";
import type { RequestTarget, WebSocketTarget } from "../manifest/manifest.types.ts";
import type { HttpsGrant, PrivateTarget } from "./grants.types.ts";
import {
  defaultPorts,
  isUnderPrefix,
  mayClimb,
  normaliseHost,
  normalisePrefix,
  spelledPath,
} from "./url-parts.ts";

/** A host API that reaches URLs. */
export type UrlApi = "https" | "request" | "websocket";

/** Says whether a host API is one that reaches URLs. */
export function isUrlApi(api: string): api is UrlApi {
  return Object.hasOwn(schemesOf, api);
}

/** The schemes each API speaks; `*` in a target means these and no others. */
const schemesOf = {
  https: ["https"],
  request: ["https", "http"],
  websocket: ["wss", "ws"],
} as const satisfies Record<UrlApi, readonly string[]>;

/** The methods of `https` and `request` (reference §5.1). */
const allowedMethods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** What a target means: a set of URLs and methods, in one spelling, so that sets can be compared. */
export interface UrlRange {
  /** Scheme and port pairs, such as `https:443`. */
  readonly doors: readonly string[];
  /** One host, or `*` for any. */
  readonly host: string;
  /** Upper case; one empty name for `websocket`, which has no methods. */
  readonly methods: readonly string[];
  /** At least one, or `undefined` for any path. */
  readonly prefixes: readonly string[] | undefined;
}

/** One URL and method, in the spelling that a {@link UrlRange} uses. */
export interface UrlPoint {
  readonly door: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** Whether some server could read the path as lying elsewhere, so that no prefix holds it. */
  readonly mayClimb: boolean;
  /** For messages: method, scheme, host, port and path, bounded and inert, without the query. */
  readonly display: string;
  /** The URL without userinfo, query and fragment. */
  readonly href: string;
}

/** The fields of any of the three kinds of target. */
type AnyTarget = Partial<RequestTarget> &
  Partial<WebSocketTarget> &
  PrivateTarget<Partial<HttpsGrant>>;

/**
 * Reads a target as the set of URLs it stands for.
 *
 * An unset port is the scheme's default port. What can't match anything (no scheme, host, known
 * method or, among prefixes, none that is one) is no range at all.
 *
 * @param api Which API the target belongs to.
 * @param target A target of a manifest or grant.
 * @returns The range, or `undefined` when the target is not usable.
 */
export function urlRange(api: UrlApi, target: AnyTarget): UrlRange | undefined {
  const schemes = targetSchemes(api, target);
  const methods = api === "websocket" ? [""] : targetMethods(target.methods ?? []);
  const isAnyHost = api !== "https" && (target.host ?? "").trim() === "*";
  const host = isAnyHost ? "*" : normaliseHost(target.host ?? "");
  const prefixes = pathPrefixes(target);
  if (schemes.length === 0 || methods.length === 0 || host === undefined) return undefined;
  if (prefixes?.length === 0) return undefined;
  return Object.freeze({
    doors: schemes.map((scheme) => `${scheme}:${target.port ?? defaultPorts.get(scheme)}`),
    host,
    methods,
    prefixes,
  });
}

function targetSchemes(api: UrlApi, target: AnyTarget): readonly string[] {
  const known: readonly string[] = schemesOf[api];
  if (api === "https") return known;
  const scheme = (target.scheme ?? "").trim().toLowerCase();
  return scheme === "*" ? known : known.filter((name) => name === scheme);
}

function targetMethods(methods: readonly string[]): readonly string[] {
  const wanted = new Set(methods.map((method) => method.trim().toUpperCase()));
  return allowedMethods.filter((method) => wanted.has(method));
}

/** `undefined` for any path, an empty list when none of the written prefixes is one. */
function pathPrefixes(target: AnyTarget): readonly string[] | undefined {
  const prefixes = target.path_prefixes ?? [];
  if (prefixes.length === 0) return undefined;
  const known = prefixes.map(normalisePrefix).filter((prefix) => prefix !== undefined);
  return known.includes("/") ? undefined : known; // every path lies under `/`
}

/**
 * Reads a URL that a guest wants to reach.
 *
 * @param api The API it goes through.
 * @param text The URL.
 * @param method The method, for `https` and `request`.
 * @returns The point, or a sentence that says why the URL can't be one.
 */
export function urlPoint(
  api: UrlApi,
  text: string,
  method: string | undefined,
):
  | { readonly ok: true; readonly point: UrlPoint }
  | { readonly ok: false; readonly reason: string } {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return { ok: false, reason: "The URL is not an absolute URL." };
  }
  const scheme = url.protocol.slice(0, -1);
  const schemes: readonly string[] = schemesOf[api];
  if (!schemes.includes(scheme)) {
    return { ok: false, reason: `The ${api} API reaches ${schemes.join(" and ")} URLs only.` };
  }
  if (url.username !== "" || url.password !== "") {
    return { ok: false, reason: "The URL carries a user name or password." };
  }
  const host = normaliseHost(url.hostname);
  if (host === undefined) return { ok: false, reason: "The URL has no usable host." };
  const verb = api === "websocket" ? "" : (method ?? "").trim().toUpperCase();
  const port = url.port === "" ? defaultPorts.get(scheme) : Number(url.port);
  const path = spelledPath(url.pathname);
  return {
    ok: true,
    point: Object.freeze({
      door: `${scheme}:${port}`,
      host,
      method: verb,
      path,
      mayClimb: mayClimb(path),
      display: `${verb === "" ? "" : `${boundedText(verb, 16)} `}${displayUrl(url)}`,
      href: `${url.protocol}//${url.host}${url.pathname}`,
    }),
  };
}

function displayUrl(url: URL): string {
  const path = cutText(url.pathname, grantLimits.displayPathBytes.default);
  return boundedText(`${url.protocol}//${url.host}${path}`, 2 * grantLimits.labelBytes.default);
}

/** Says whether a range holds a URL; a path that may climb is in no prefix. */
export function holdsPoint(range: UrlRange, point: UrlPoint): boolean {
  return (
    range.doors.includes(point.door) &&
    (range.host === "*" || range.host === point.host) &&
    range.methods.includes(point.method) &&
    (range.prefixes === undefined ||
      (!point.mayClimb && range.prefixes.some((prefix) => isUnderPrefix(point.path, prefix))))
  );
}

/**
 * Says whether some ranges together hold everything that one range holds.
 *
 * @param covering Ranges, typically all grants.
 * @param covered The range to cover; each of its doors, methods and prefixes must be in one of them.
 * @returns Whether they do.
 */
export function coverRange(covering: readonly UrlRange[], covered: UrlRange): boolean {
  return covered.doors.every((door) =>
    covered.methods.every((method) =>
      (covered.prefixes ?? [undefined]).every((prefix) =>
        covering.some(
          (range) =>
            range.doors.includes(door) &&
            range.methods.includes(method) &&
            (range.host === "*" || range.host === covered.host) &&
            coversPrefix(range.prefixes, prefix),
        ),
      ),
    ),
  );
}

function coversPrefix(covering: readonly string[] | undefined, prefix: string | undefined) {
  if (covering === undefined) return true;
  return prefix !== undefined && covering.some((outer) => isUnderPrefix(prefix, outer));
}

/**
 * Says whether two ranges have a URL and method in common.
 *
 * @returns Whether they overlap; the order of the two does not matter.
 */
export function rangesIntersect(left: UrlRange, right: UrlRange): boolean {
  return (
    left.doors.some((door) => right.doors.includes(door)) &&
    left.methods.some((method) => right.methods.includes(method)) &&
    (left.host === "*" || right.host === "*" || left.host === right.host) &&
    prefixesIntersect(left.prefixes, right.prefixes)
  );
}

function prefixesIntersect(
  left: readonly string[] | undefined,
  right: readonly string[] | undefined,
): boolean {
  if (left === undefined || right === undefined) return true;
  return left.some((one) =>
    right.some((other) => isUnderPrefix(one, other) || isUnderPrefix(other, one)),
  );
}

/**
 * Says whether a target leaves open what it reaches: any scheme, any host, or any path (reference §1).
 *
 * @param api Which API the target belongs to.
 * @param target A target of a manifest or grant.
 * @returns Whether it is broad; `/` as a prefix counts as any path.
 */
export function isBroadTarget(api: UrlApi, target: AnyTarget): boolean {
  const isWild = target.scheme?.trim() === "*" || target.host?.trim() === "*";
  return (api !== "https" && isWild) || pathPrefixes(target) === undefined;
}

/**
 * Names a target as reports do: `https://api.example.com GET,POST /v1 [broad-request]` (reference §1).
 *
 * A grant that may reach a private host is marked `[private]`, and one that binds secrets names them:
 * `[authorization from the secret weather-token]`. The host is shown in its ASCII spelling, so that one that looks like another does not pass for it.
 *
 * @param api Which API the target belongs to.
 * @param target A target of a manifest or grant.
 * @returns The label, bounded and inert.
 */
export function targetLabel(api: UrlApi, target: AnyTarget): string {
  const scheme = api === "https" ? "https" : (target.scheme ?? "").trim();
  const host = (target.host ?? "").trim();
  const shown = normaliseHost(host) ?? host;
  const port = target.port === undefined ? "" : `:${target.port}`;
  const prefixes = target.path_prefixes ?? [];
  const parts = [
    `${scheme || "<no-scheme>"}://${(shown.includes(":") ? `[${shown}]` : shown) || "<no-host>"}${port}`,
    ...(api === "websocket" ? [] : [listed(target.methods ?? [], "<no-methods>")]),
    listed(prefixes, "*"),
  ];
  const marks = [
    boundNote(target),
    target.allow_private === true ? " [private]" : "",
    isBroadTarget(api, target) ? ` [broad-${api}]` : "",
  ].join("");
  const most = grantLimits.labelBytes.default - utf8Length(marks);
  return boundedText(parts.join(" "), most) + marks;
}

/** Which headers a grant binds, to which secrets by name; the values are not known here. */
function boundNote({ headers = {} }: AnyTarget): string {
  const bound = Object.entries(headers).map(
    ([name, { secret }]) => `${name.toLowerCase()} from the secret ${secret}`,
  );
  if (bound.length === 0) return "";
  return ` [${boundedText(bound.join(", "), grantLimits.boundNoteBytes.default)}]`;
}

function listed(items: readonly string[], nothing: string): string {
  return items.length === 0 ? nothing : items.map((item) => item.trim()).join(",");
}
