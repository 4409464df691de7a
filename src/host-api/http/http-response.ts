import { concatBytes } from "../../bytes.ts";
import { httpLimits } from "../../limits.ts";
import type { CallWait } from "./call-wait.ts";
import { visibleHeaders } from "./http-headers.ts";
import type { ExchangeResponse } from "./network.types.ts";
import type { Redaction } from "./redaction.ts";

/**
 * Reads a response within its bounds and writes it as the guest's answer.
 *
 * The body is read to one byte past its bound (and past the longest bound secret, so that none is cut
 * in half before it is found), then the socket has nothing more to say.
 *
 * @param response The response; its body was not read yet.
 * @param redaction Takes bound secrets out of what flows back.
 * @param wait Bounds the time.
 * @returns JSON: `{ status, headers, body, truncated }` (reference §5.1).
 */
export async function responseAnswer(
  response: ExchangeResponse,
  redaction: Redaction,
  wait: CallWait,
): Promise<string> {
  const most = httpLimits.responseBytes.default;
  const bytes = await readUpTo(response.body, most + 1 + redaction.longestBytes, wait);
  const truncated = bytes.length > most;
  return JSON.stringify({
    status: response.status,
    headers: visibleHeaders(response.headers, (text) => redaction.redact(text)),
    body: truncated
      ? redaction.redact(decode(bytes, true), decode(bytes.subarray(0, most), true).length)
      : redaction.redact(decode(bytes, false)),
    truncated,
  });
}

async function readUpTo(
  body: AsyncIterable<Uint8Array>,
  most: number,
  wait: CallWait,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const iterator = body[Symbol.asyncIterator]();
  while (size < most) {
    const next = await wait.until(iterator.next());
    if (next.done === true) break;
    chunks.push(next.value.subarray(0, most - size));
    size += next.value.length;
  }
  return concatBytes(chunks);
}

/** Lossy, as the reference has it; a character that a cut splits is left out rather than replaced. */
function decode(bytes: Uint8Array, isCut: boolean): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: isCut });
}
