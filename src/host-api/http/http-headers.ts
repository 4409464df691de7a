import { quoteName, utf8Length } from "../../diagnostic.ts";
import { httpLimits } from "../../limits.ts";
import { refuse } from "./host-refusal.ts";
import type { HeaderPair } from "./network.types.ts";

/** Credentials: a guest has none of its own; a grant binds them (reference §5.1). */
const credentialNames = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
  "api-key",
  "apikey",
];

/** Headers by which a guest would change where a request goes or what it is (decisions "Guest-set headers"). */
const framingNames = [
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "http2-settings",
  // Servers and proxies take these for the request's own method, path or host.
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-original-host",
  "forwarded",
  // And these for who asks.
  "x-real-ip",
  "x-client-ip",
  "true-client-ip",
  "via",
];

const refusedNames: ReadonlySet<string> = new Set([...credentialNames, ...framingNames]);
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u;
const valuePattern = /^[\t\x20-\x7e]*$/u;

/**
 * Checks the headers that a guest wants to send.
 *
 * A name may come once: servers differ about which of two they take. Underscores count as hyphens,
 * because gateways make them equal.
 *
 * @param headers The guest's pairs; their number is already bounded.
 * @returns The pairs with names in lower case.
 * @throws HostRefusal `host/invalid-header`.
 */
export function checkRequestHeaders(headers: readonly HeaderPair[]): readonly HeaderPair[] {
  const seen = new Set<string>();
  return headers.map(([name, value]) => {
    const lower = checkName(name);
    if (isRefusedName(lower)) invalid(`A guest may not set the header ${quoteName(name)}.`);
    const plain = plainName(lower);
    if (seen.has(plain)) invalid(`The header ${quoteName(name)} comes twice.`);
    seen.add(plain);
    checkValue(name, value, httpLimits.headerValueBytes.default);
    if (lower === "accept" && /text\/event-stream/iu.test(value)) {
      invalid("Event streams are not supported: a response is read whole.");
    }
    return [lower, value] as const;
  });
}

/**
 * Checks a header that the host's own grant binds.
 *
 * @throws HostRefusal `host/secret`; the message has nothing of the value.
 */
export function checkBoundHeader(name: string, value: string): HeaderPair {
  const isFit = tokenPattern.test(name) && valuePattern.test(value);
  if (!isFit || utf8Length(value) > 2 * httpLimits.secretBytes.default) {
    refuse("host/secret", `The grant's value for the header ${quoteName(name)} can't be sent.`);
  }
  return [name.toLowerCase(), value];
}

/** @returns A header's name in lower case with hyphens, as gateways read it. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

function isRefusedName(lower: string): boolean {
  const plain = plainName(lower);
  return refusedNames.has(plain) || /^(?:proxy|sec|x-forwarded)-/u.test(plain);
}

function checkName(name: string): string {
  if (name.length < 1 || name.length > httpLimits.headerNameBytes.default) {
    invalid(`A header's name has 1 to ${httpLimits.headerNameBytes.default} bytes.`);
  }
  if (!tokenPattern.test(name)) invalid(`${quoteName(name)} is not a header's name.`);
  return name.toLowerCase();
}

function checkValue(name: string, value: string, most: number): void {
  if (utf8Length(value) > most) {
    invalid(`The value of the header ${quoteName(name)} has more than ${most} bytes.`);
  }
  if (!valuePattern.test(value)) {
    invalid(`The value of the header ${quoteName(name)} is not visible ASCII.`);
  }
}

/** Said of the connection or undone by it, so that it would mislead about the body the guest gets. */
const hopNames = ["connection", "keep-alive", "transfer-encoding", "trailer", "upgrade"];

/**
 * Picks the response's headers that a guest sees: the first ones, without credentials (reference §5.1).
 *
 * @param headers The pairs as they came.
 * @param redact Takes bound secrets out of text.
 * @returns Name and value objects, names in lower case, values cut and redacted.
 */
export function visibleHeaders(
  headers: readonly HeaderPair[],
  redact: (text: string) => string,
): readonly { readonly name: string; readonly value: string }[] {
  const visible: { name: string; value: string }[] = [];
  const decoded = headers.some(([name]) => name.toLowerCase() === "content-encoding");
  for (const [name, value] of headers) {
    if (visible.length >= httpLimits.responseHeaders.default) break;
    const lower = name.toLowerCase();
    if (lower.length > httpLimits.headerNameBytes.default || !tokenPattern.test(lower)) continue;
    if (isRefusedName(lower) || hopNames.includes(lower) || redact(lower) !== lower) continue;
    if (decoded && (lower === "content-encoding" || lower === "content-length")) continue;
    if (!valuePattern.test(value)) continue;
    // Redact first: a secret that the cut would split no longer looks like one.
    const shown = redactWords(redact(value)).slice(0, httpLimits.headerValueBytes.default);
    visible.push({ name: lower, value: shown });
  }
  return visible;
}

const secretWords =
  /\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token|api-key|token|secret|password)([ \t]*[=:][ \t=:]*)(?:(?:bearer|basic)[ \t]+)?[^\s,;]+/giu;

/** Reference §5.4; unlike messages, header values keep URL queries: pagination and redirects need them. */
function redactWords(value: string): string {
  return value.replace(secretWords, "$1$2<redacted>");
}

function invalid(message: string): never {
  refuse("host/invalid-header", message);
}
