import { toHex } from "../bytes.ts";
import { isWellFormedText, utf8Length } from "../diagnostic.ts";

/**
 * Makes an id for an event: a UUID of version 7 (RFC 9562), so that ids sort by their moment.
 *
 * @param now Milliseconds since 1970.
 * @returns 36 characters; 74 bits of them are random.
 */
export function createEventId(now: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  const moment = BigInt(Math.max(0, Math.trunc(now)));
  view.setUint16(0, Number((moment >> 32n) & 0xffffn));
  view.setUint32(2, Number(moment & 0xffff_ffffn));
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-");
}

/**
 * Says whether something can name an event or a command: Unicode text without control characters.
 *
 * @param value Anything; endless text is refused without being counted.
 * @param maxBytes The most UTF-8 bytes of it.
 * @returns Whether it is such text, of a byte or more.
 */
export function isEventId(value: unknown, maxBytes: number): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    // A UTF-16 unit has one byte or more.
    value.length <= maxBytes &&
    utf8Length(value) <= maxBytes &&
    isWellFormedText(value) &&
    !/\p{Cc}/u.test(value)
  );
}
