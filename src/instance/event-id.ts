import { toHex } from "../bytes.ts";

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
