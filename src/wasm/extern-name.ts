import type { ByteCursor } from "../bytes.ts";
import type { ComponentReading } from "./component-reading.ts";

/** The attributes of a name (component model, Binary.md "Import and Export Definitions"). */
const attributes = ["implements", "versionsuffix", "external-id"] as const;

/**
 * Reads the name of an import or export of a component: any of its three encodings, exactly as the bytes
 * have it. Attributes say more about a name and are no part of it; they are noted as names of their own.
 */
export function readExternName(
  { reading }: ComponentReading,
  cursor: ByteCursor,
  place: string,
): string {
  const offset = cursor.offset;
  const encoding = cursor.u8();
  if (encoding > 2) reading.unsupported(`the name encoding ${encoding} is unknown`, offset);
  const name = reading.readName(place, cursor);
  if (encoding !== 2) return name;
  for (let left = reading.count(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const byte = cursor.u8();
    const attribute = attributes[byte];
    if (attribute === undefined) {
      return reading.unsupported(`the name attribute ${byte} is unknown`, start);
    }
    reading.readName(`${attribute} attribute`, cursor);
  }
  return name;
}
