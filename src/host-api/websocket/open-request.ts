import type { Json } from "../../json.ts";
import { webSocketLimits } from "../../limits.ts";
import { refuse } from "../http/host-refusal.ts";
import { readFields } from "../http/http-request.ts";
import { readUrl } from "../http/target-url.ts";

const openKeys = ["url", "protocols", "headers"];

/**
 * Reads a guest's wish to open a connection: a URL, and neither subprotocols nor headers (reference §5.3).
 *
 * @param text The JSON, of bounded size.
 * @returns The URL.
 * @throws HostRefusal naming the first thing that is wrong.
 */
export function readOpenRequest(text: string): URL {
  const fields = readFields(text, webSocketLimits.descriptorBytes.default, openKeys);
  requireEmpty("protocols", fields.protocols);
  requireEmpty("headers", fields.headers);
  return readUrl(fields.url, ["wss", "ws"]);
}

function requireEmpty(name: string, value: Json | undefined): void {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return;
  refuse("host/invalid-request", `${name} must be empty: a guest sets none.`);
}
