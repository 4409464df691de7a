import { cutText } from "../../diagnostic.ts";
import type { Json } from "../../json.ts";
import { grantLimits } from "../../limits.ts";
import { refuse } from "./host-refusal.ts";

/**
 * Reads the URL that a guest wants to reach, in the spelling in which it is authorised and sent.
 *
 * What the URL parser would drop in silence (spaces, tabs, line breaks) is refused; the host's
 * trailing dots and the fragment go.
 *
 * @param value The field of the request.
 * @param schemes The schemes that the API reaches.
 * @returns The URL: one of the schemes, a host, no userinfo.
 * @throws HostRefusal `host/invalid-url`.
 */
export function readUrl(value: Json | undefined, schemes: readonly string[]): URL {
  if (typeof value !== "string") refuse("host/invalid-url", "url is not text.");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\u0000-\u0020\u007f\\]/u.test(value)) {
    refuse("host/invalid-url", "The URL has a space, a control character or a backslash in it.");
  }
  const url = parse(value);
  const scheme = url.protocol.slice(0, -1);
  if (!schemes.includes(scheme)) {
    const hint = /^wss?$/u.test(scheme) ? " WebSockets have a host API of their own." : "";
    refuse("host/invalid-url", `This host API reaches ${schemes.join(" and ")} URLs only.${hint}`);
  }
  if (url.username !== "" || url.password !== "" || /^[^/?#]*:\/*[^/?#]*@/u.test(value)) {
    refuse("host/invalid-url", "The URL carries a user name or password.");
  }
  url.hash = "";
  const bare = url.hostname.replace(/\.+$/u, "");
  // The parser reads the host anew: without its dots it may turn out to be an address.
  if (bare !== url.hostname) url.hostname = bare;
  if (url.hostname === "" || url.hostname.endsWith(".")) {
    refuse("host/invalid-url", "The URL has no usable host.");
  }
  return url;
}

/** @returns The URL as answers show it: scheme, host, port and the beginning of the path (reference §5.4). */
export function displayUrl(url: URL): string {
  const path = cutText(url.pathname, grantLimits.displayPathBytes.default);
  return `${url.protocol}//${url.host}${path}`;
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    return refuse("host/invalid-url", "The URL is not an absolute URL.");
  }
}
