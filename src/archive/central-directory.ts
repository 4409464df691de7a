import { ByteCursor, decodeUtf8 } from "../bytes.ts";
import { quoteName } from "../diagnostic.ts";
import type { PackageLimits } from "../limits.ts";
import { refuseArchive } from "./archive-error.ts";
import { crc32 } from "./crc32.ts";
import { readEndRecord, refuseFeature, zip64Marker } from "./end-record.ts";
import { checkPath } from "./entry-path.ts";

/** What the archive's directory says about one entry, checked against the limits. */
export interface EntryRecord {
  /** The normalised path; for a folder without the slash at its end. */
  readonly path: string;
  readonly isFolder: boolean;
  /** The name's bytes, to compare with the local header's. */
  readonly name: Uint8Array;
  readonly flags: number;
  readonly method: 0 | 8;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  /** Where the local header stands. */
  readonly offset: number;
}

/** The directory of an archive: its entries, and where the entries' own bytes end. */
export interface CentralDirectory {
  readonly entries: readonly EntryRecord[];
  readonly start: number;
}

const entrySignature = 0x02014b50;
const zip64Extra = 0x0001;
const unicodePathExtra = 0x7075;

/** The version, times ten, up to which readers differ in nothing that packages use (4.5 is zip64). */
const latestVersion = 45;

/** Flag bits (APPNOTE 4.4.4). */
const encryptedFlags = (1 << 0) | (1 << 6) | (1 << 13);
const descriptorFlag = 1 << 3;
const harmlessFlags = (1 << 1) | (1 << 2) | (1 << 11);

const fileTypeMask = 0o170000;
const regularFile = 0o100000;
const folderType = 0o040000;
const linkType = 0o120000;

/**
 * Reads the directory at an archive's end (reference §2 "Reader rules", steps 1 to 5).
 *
 * @param archive The whole archive.
 * @param limits Bounds the entries, their sizes, their sum, their ratio and their paths.
 * @returns The entries in the order of the directory.
 * @throws PluginError `archive/…`.
 */
export function readCentralDirectory(archive: Uint8Array, limits: PackageLimits): CentralDirectory {
  const end = readEndRecord(archive, limits);
  const cursor = new ByteCursor(
    archive,
    { code: "archive/malformed", phase: "discovery", subject: "the archive's directory" },
    end.directoryStart,
    end.offset,
  );
  const entries: EntryRecord[] = [];
  let expanded = 0;
  while (entries.length < end.entries) {
    const entry = readEntryRecord(cursor, limits);
    expanded += entry.size;
    if (expanded > limits.expandedBytes) {
      refuseArchive(
        "bounds",
        `The archive expands to more than ${limits.expandedBytes} bytes in all.`,
      );
    }
    entries.push(entry);
  }
  if (!cursor.isAtEnd) cursor.fail("there are bytes after the last entry");
  return { entries, start: end.directoryStart };
}

function readEntryRecord(cursor: ByteCursor, limits: PackageLimits): EntryRecord {
  const start = cursor.offset;
  if (cursor.u32() !== entrySignature) cursor.fail("an entry has no signature", start);
  cursor.skip(2); // the version that made it
  const version = cursor.u16() & 0xff; // above it, some tools name their system
  const flags = cursor.u16();
  const method = cursor.u16();
  cursor.skip(4); // time and date
  const crc = cursor.u32();
  const packedSize = cursor.u32();
  const size = cursor.u32();
  const nameLength = cursor.u16();
  const extraLength = cursor.u16();
  const commentLength = cursor.u16();
  const disk = cursor.u16();
  cursor.skip(2); // internal attributes
  const mode = cursor.u32() >>> 16;
  const offset = cursor.u32();
  const name = cursor.take(nameLength);
  const extra = cursor.sub(extraLength);
  cursor.skip(commentLength);

  const { path, isFolder } = readName(name, limits);
  const subject = `The entry ${quoteName(path)}`;
  checkFlags(flags, subject);
  checkFileType(mode, isFolder, subject);
  if (method !== 0 && method !== 8) {
    refuseArchive(
      "api",
      `${subject} uses compression method ${method}; only stored and deflate are known.`,
    );
  }
  if ([packedSize, size, offset].includes(zip64Marker)) refuseFeature("zip64");
  if (disk !== 0) refuseFeature("several disks");
  if (version > latestVersion) refuseFeature(`version ${version / 10} of ZIP`);
  checkExtraFields(extra, name);
  checkSizes({ packedSize, size, isFolder, isStored: method === 0 }, subject, limits);
  return { path, isFolder, name, flags, method, crc, packedSize, size, offset };
}

function readName(name: Uint8Array, limits: PackageLimits): Pick<EntryRecord, "path" | "isFolder"> {
  const text = decodeUtf8(name);
  if (text === undefined) {
    refuseArchive("traversal", "An entry's name is not UTF-8.");
  }
  const isFolder = text.length > 1 && text.endsWith("/");
  const path = isFolder ? text.slice(0, -1) : text;
  checkPath(path, limits);
  return { path, isFolder };
}

function checkFlags(flags: number, subject: string): void {
  if ((flags & encryptedFlags) !== 0) refuseArchive("malformed", `${subject} is encrypted.`);
  if ((flags & descriptorFlag) !== 0) {
    refuseArchive(
      "api",
      `${subject} was written with a data descriptor, as streaming ZIP writers (jar, bsdtar, macOS) do; pack it with yoi-plugin pack, zip or 7z.`,
    );
  }
  if ((flags & ~harmlessFlags) !== 0) {
    refuseArchive("api", `${subject} uses a ZIP feature (flags ${flags}) that packages do not.`);
  }
}

function checkFileType(mode: number, isFolder: boolean, subject: string): void {
  const type = mode & fileTypeMask;
  if (type === linkType) refuseArchive("traversal", `${subject} is a symbolic link.`);
  if (type !== 0 && type !== regularFile && type !== folderType) {
    refuseArchive("traversal", `${subject} is neither a file nor a folder.`);
  }
  if (type === folderType && !isFolder) {
    refuseArchive("malformed", `${subject} is a folder whose name has no slash at its end.`);
  }
}

interface DeclaredSizes {
  readonly packedSize: number;
  readonly size: number;
  readonly isFolder: boolean;
  readonly isStored: boolean;
}

function checkSizes(sizes: DeclaredSizes, subject: string, limits: PackageLimits): void {
  const { packedSize, size } = sizes;
  if (size > limits.entryBytes) {
    refuseArchive(
      "bounds",
      `${subject} has ${size} bytes and at most ${limits.entryBytes} are allowed.`,
    );
  }
  if (size > limits.expansionFloorBytes && size > packedSize * limits.expansionRatio) {
    refuseArchive(
      "bounds",
      `${subject} expands to more than ${limits.expansionRatio} times its size.`,
    );
  }
  if (sizes.isFolder && size !== 0) {
    refuseArchive("malformed", `${subject} is a folder and has content.`);
  }
  if (sizes.isStored && size !== packedSize) {
    refuseArchive("malformed", `${subject} is stored and has two different sizes.`);
  }
}

/**
 * Walks an entry's extra fields and refuses those that would change what the entry is: zip64 sizes,
 * and another name than the one in the header, which some readers would use instead.
 *
 * @param extra The fields.
 * @param name The name in the header they belong to.
 * @throws PluginError `archive/api` or `archive/malformed`.
 */
export function checkExtraFields(extra: ByteCursor, name: Uint8Array): void {
  // Up to three bytes at the end are padding that aligning tools leave.
  while (extra.remaining >= 4) {
    const tag = extra.u16();
    const field = extra.take(extra.u16());
    if (tag === zip64Extra) refuseFeature("zip64");
    if (tag === unicodePathExtra && !isSameName(field, name)) {
      extra.fail("an entry has two different names");
    }
  }
}

/** A Unicode path field is a version, the CRC-32 of the name it stands for, and the name in UTF-8. */
function isSameName(field: Uint8Array, name: Uint8Array): boolean {
  if (field.length !== name.length + 5 || field[0] !== 1) return false;
  const view = new DataView(field.buffer, field.byteOffset, field.byteLength);
  return (
    view.getUint32(1, true) === crc32(name) && name.every((byte, at) => byte === field[at + 5])
  );
}
