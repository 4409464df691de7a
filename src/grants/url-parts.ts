/**
 * One spelling for every way to write a host and a path, so that comparing text compares meaning.
 */

/** Schemes that targets know, with their default ports. */
export const defaultPorts: ReadonlyMap<string, number> = new Map([
  ["http", 80],
  ["https", 443],
  ["ws", 80],
  ["wss", 443],
]);

/**
 * Gives the one spelling of a host: lower case, IDNA in its ASCII form, IPv4 in dotted decimals,
 * IPv6 without brackets, no trailing dots.
 *
 * @param host A host name or address, as a manifest, a grant or a URL has it.
 * @returns The spelling, or `undefined` when the text is not a host and nothing else.
 */
export function normaliseHost(host: string): string | undefined {
  const bare = host
    .trim()
    .replace(/^\[(.*)\]$/u, "$1")
    .replace(/\.+$/u, "");
  // What the URL parser would take as a port, user, path or escape, or drop in silence, is no host.
  if (bare === "" || /[\s/\\?#@%<>^|[\]]/u.test(bare)) return undefined;
  try {
    const { hostname } = new URL(`http://${bare.includes(":") ? `[${bare}]` : bare}/`);
    const spelled = hostname.replace(/^\[(.*)\]$/u, "$1").replace(/\.+$/u, "");
    return spelled === "" || spelled === "*" ? undefined : spelled;
  } catch {
    return undefined; // the URL parser's way to say that it is no host
  }
}

/**
 * Says whether some server could read a URL's path as climbing out of where it seems to be.
 *
 * A URL's own path has its `..` resolved. Servers and proxies go further: they decode `%2e`, `%2f` and
 * `%5c`, once or several times, drop empty segments and what follows a semicolon, each in an order of
 * its own. What none of them can climb with is a path in which no reading finds a `..`.
 *
 * @param path A URL's path, beginning with `/`.
 * @returns Whether there is a `..` in any reading.
 */
export function mayClimb(path: string): boolean {
  const decoded = path.replace(/%(?:25)*2e/giu, ".").replace(/%(?:25)*(?:2f|5c)/giu, "/");
  return decoded.split(/[/\\]/u).some((segment) => segment.split(";", 1)[0] === "..");
}

/** @returns A URL's path with its percent escapes in upper case, one spelling for equal bytes. */
export function spelledPath(path: string): string {
  return path.replace(/%[0-9a-f]{2}/giu, (octet) => octet.toUpperCase());
}

/**
 * Gives the one spelling of a path prefix.
 *
 * @param prefix A prefix as a manifest or grant has it.
 * @returns The spelling, or `undefined` when it is no absolute path, or one that servers may read
 *   in several ways: such a prefix matches nothing.
 */
export function normalisePrefix(prefix: string): string | undefined {
  // Tabs, line breaks and outer spaces are dropped by the URL parser, `?` and `#` end the path: the
  // result would be wider than what was written.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (!prefix.startsWith("/") || /[\u0000-\u0020?#\\]/u.test(prefix)) return undefined;
  // Dots, slashes and backslashes in disguise, and empty segments: servers differ about these.
  if (/%(?:25)*(?:2e|2f|5c)|\/\//iu.test(prefix)) return undefined;
  try {
    return spelledPath(new URL(`http://host${prefix}`).pathname);
  } catch {
    return undefined; // the URL parser refuses it
  }
}

/**
 * Says whether a path lies under a prefix, at a segment boundary (decisions "Path prefix").
 *
 * @param path A spelled path.
 * @param prefix A normalised prefix: `/v1` holds `/v1` and `/v1/x`, not `/v1evil`; `/v1/` not `/v1`.
 * @returns Whether it does.
 */
export function isUnderPrefix(path: string, prefix: string): boolean {
  if (path === prefix) return true;
  return path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
}
