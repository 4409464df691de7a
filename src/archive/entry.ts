import { ByteCursor, compareBytes } from "../bytes.ts";
import { quoteName } from "../diagnostic.ts";
import { refuseArchive } from "./archive-error.ts";
import { type CentralDirectory, checkExtraFields, type EntryRecord } from "./central-directory.ts";
import { crc32 } from "./crc32.ts";
import { inflateRaw } from "./inflate.ts";

const localSignature = 0x04034b50;

/** An entry and its bytes as they lie in the archive. */
export interface PackedEntry {
  readonly record: EntryRecord;
  readonly packed: Uint8Array<ArrayBuffer>;
}

/**
 * Finds every entry's bytes and checks its local header against the directory (reference §2, step 6).
 *
 * Entries and their headers must cover the archive from its first byte to the directory, each byte
 * once: entries that share bytes, and bytes that no entry claims, are refused.
 *
 * @param archive The whole archive.
 * @param directory Its directory.
 * @returns The entries in the order of the directory.
 * @throws PluginError `archive/malformed`, or `archive/api` for a zip64 field.
 */
export function locateEntries(
  archive: Uint8Array<ArrayBuffer>,
  directory: CentralDirectory,
): readonly PackedEntry[] {
  const located = new Map<EntryRecord, Uint8Array<ArrayBuffer>>();
  let claimed = 0;
  for (const record of directory.entries.toSorted((one, other) => one.offset - other.offset)) {
    if (record.offset !== claimed) {
      const problem =
        record.offset < claimed ? "shares bytes with another entry" : "follows bytes of no entry";
      refuseArchive("malformed", `The entry ${quoteName(record.path)} ${problem}.`);
    }
    const cursor = new ByteCursor(
      archive,
      { code: "archive/malformed", phase: "discovery", subject: "a local header" },
      record.offset,
      directory.start,
    );
    readLocalHeader(cursor, record);
    const start = cursor.offset;
    cursor.skip(record.packedSize);
    claimed = cursor.offset;
    located.set(record, archive.subarray(start, claimed));
  }
  if (claimed !== directory.start) {
    refuseArchive("malformed", "The archive has bytes of no entry before its directory.");
  }
  return directory.entries.map((record) => ({
    record,
    packed: located.get(record) ?? new Uint8Array(),
  }));
}

function readLocalHeader(cursor: ByteCursor, record: EntryRecord): void {
  const start = cursor.offset;
  if (cursor.u32() !== localSignature) cursor.fail("the signature is missing", start);
  cursor.skip(2); // the version that is needed
  const flags = cursor.u16();
  const method = cursor.u16();
  cursor.skip(4); // time and date
  const crc = cursor.u32();
  const packedSize = cursor.u32();
  const size = cursor.u32();
  const nameLength = cursor.u16();
  const extraLength = cursor.u16();
  const name = cursor.take(nameLength);
  // First, since a zip64 field explains sizes that differ.
  checkExtraFields(cursor.sub(extraLength), name);
  const isEqual =
    flags === record.flags &&
    method === record.method &&
    crc === record.crc &&
    packedSize === record.packedSize &&
    size === record.size &&
    compareBytes(name, record.name) === 0;
  if (!isEqual) {
    refuseArchive(
      "malformed",
      `The entry ${quoteName(record.path)} is described differently in its header and in the directory.`,
    );
  }
}

/**
 * Gives an entry's content, expanded and checked.
 *
 * A stored entry whose checksum is 0 is taken unchecked, because the reference writes that
 * (decisions "Archive"); the package's digest covers its content all the same.
 *
 * @param entry The entry; its size is within the limits.
 * @returns The content; a stored entry's shares the archive's bytes.
 * @throws PluginError `archive/malformed`.
 */
export function readEntry({ record, packed }: PackedEntry): Uint8Array<ArrayBuffer> {
  const isStored = record.method === 0;
  const content = isStored
    ? packed
    : inflateRaw(packed, record.size, (reason) =>
        refuseArchive("malformed", `The data of the entry ${quoteName(record.path)} ${reason}.`),
      );
  const isUnchecked = isStored && record.crc === 0;
  if (!isUnchecked && crc32(content) !== record.crc) {
    refuseArchive("malformed", `The entry ${quoteName(record.path)} does not have its checksum.`);
  }
  return content;
}
