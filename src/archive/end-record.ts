import { ByteCursor } from "../bytes.ts";
import type { PackageLimits } from "../limits.ts";
import { refuseArchive } from "./archive-error.ts";

const endSignature = 0x06054b50;
const endSize = 22;
const maxComment = 0xffff;
const zip64LocatorSignature = 0x07064b50;
const zip64LocatorSize = 20;

/** Stands for "see the zip64 record" in a 32-bit field. */
export const zip64Marker = 0xffffffff;

/** What the record at an archive's end says. */
export interface EndRecord {
  /** Where it stands, which is where the directory ends. */
  readonly offset: number;
  readonly entries: number;
  readonly directoryStart: number;
}

/**
 * Reads the record at an archive's end (reference §2 "Reader rules", steps 1 and 2).
 *
 * Readers that look for it in different ways must find the same one: it ends the file, is the only
 * one that does, and follows the directory at once.
 *
 * @param archive The whole archive.
 * @param limits `entries` bounds what it may announce.
 * @returns What it says.
 * @throws PluginError `archive/malformed`, `api` or `bounds`.
 */
export function readEndRecord(archive: Uint8Array, limits: PackageLimits): EndRecord {
  const offset = findEndRecord(archive);
  const cursor = new ByteCursor(
    archive,
    { code: "archive/malformed", phase: "discovery", subject: "the archive's end record" },
    offset + 4,
  );
  const disks = [cursor.u16(), cursor.u16()];
  const entriesHere = cursor.u16();
  const entries = cursor.u16();
  const directorySize = cursor.u32();
  const directoryStart = cursor.u32();
  if (hasZip64Locator(archive, offset)) refuseFeature("zip64");
  if (directorySize === zip64Marker || directoryStart === zip64Marker) refuseFeature("zip64");
  if (disks.some((disk) => disk !== 0)) refuseFeature("several disks");
  if (entries > limits.entries) {
    refuseArchive(
      "bounds",
      `The archive has ${entries} entries and at most ${limits.entries} are allowed.`,
    );
  }
  if (entriesHere !== entries) cursor.fail("the two numbers of entries differ", offset + 8);
  if (directoryStart + directorySize !== offset) {
    cursor.fail("the directory does not lie right before it", offset + 12);
  }
  return { offset, entries, directoryStart };
}

/**
 * Finds the end record, which is the last signature of its kind and reaches to the end of the file.
 * A second one that does so as well would be the one that other readers find.
 */
function findEndRecord(archive: Uint8Array): number {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const first = Math.max(0, archive.length - endSize - maxComment);
  let found: number | undefined;
  for (let at = archive.length - 4; at >= first; at -= 1) {
    if (view.getUint32(at, true) !== endSignature) continue;
    const isComplete =
      at + endSize <= archive.length &&
      at + endSize + view.getUint16(at + 20, true) === archive.length;
    if (found === undefined && !isComplete) {
      refuseArchive(
        "malformed",
        "The archive's end record is not the end of the bytes: something follows it, or is missing.",
      );
    }
    if (found !== undefined && isComplete) {
      refuseArchive(
        "malformed",
        "The archive has a second end record in its comment: readers disagree about what is in it.",
      );
    }
    found ??= at;
  }
  return (
    found ?? refuseArchive("malformed", "The bytes are not a ZIP archive, or its end is missing.")
  );
}

function hasZip64Locator(archive: Uint8Array, endOffset: number): boolean {
  const at = endOffset - zip64LocatorSize;
  if (at < 0) return false;
  return (
    new DataView(archive.buffer, archive.byteOffset + at, 4).getUint32(0, true) ===
    zip64LocatorSignature
  );
}

/**
 * Refuses a feature of ZIP that packages do not use.
 *
 * @param feature Its name.
 * @throws PluginError `archive/api`.
 */
export function refuseFeature(feature: string): never {
  refuseArchive("api", `The archive uses ${feature}, which packages do not.`);
}
