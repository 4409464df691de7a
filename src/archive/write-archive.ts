import { deflateSync } from "fflate";
import { compareBytes, concatBytes, encodeUtf8 } from "../bytes.ts";
import type { PackageLimits } from "../limits.ts";
import { crc32 } from "./crc32.ts";

/** How {@link writeArchive} writes. */
export interface WriteOptions {
  /** Whether to deflate the entries that get smaller by it; the reference reads stored ones only. */
  readonly compress: boolean;
  /** An entry that would shrink by more than a reader accepts is stored. */
  readonly limits: PackageLimits;
}

interface WrittenEntry {
  readonly name: Uint8Array;
  readonly data: Uint8Array;
  /** What the local header and the directory say in the same words: flags to the sizes. */
  readonly facts: Uint8Array;
}

const version = 20;
/** Bit 11: names are UTF-8. */
const flags = 0x0800;

/**
 * Writes a package archive (reference §2 "Writer", with true checksums as decisions.md has it).
 *
 * The same files give the same bytes on every run and machine: entries in the byte order of their
 * paths, no times, no attributes. With `compress` that also needs the same version of this library.
 *
 * @param files Path → content; paths are checked, and together stay below 4 GiB.
 * @param options Whether to compress.
 * @returns The archive.
 */
export function writeArchive(
  files: ReadonlyMap<string, Uint8Array>,
  options: WriteOptions,
): Uint8Array<ArrayBuffer> {
  const entries = Array.from(files, ([path, content]) =>
    writeEntry(encodeUtf8(path), content, options),
  ).sort((one, other) => compareBytes(one.name, other.name));
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data, facts } of entries) {
    const header = concatBytes([u32(0x04034b50), u16(version), facts, nameLengths(name), name]);
    parts.push(header, data);
    directory.push(
      ...[u32(0x02014b50), u16(version), u16(version), facts, nameLengths(name)],
      ...[u16(0), u16(0), u16(0), u32(0), u32(offset), name],
    );
    offset += header.length + data.length;
  }
  const central = concatBytes(directory);
  const count = u16(entries.length);
  const end = [u32(0x06054b50), u32(0), count, count, u32(central.length), u32(offset), u16(0)];
  return concatBytes([...parts, central, ...end]);
}

function writeEntry(name: Uint8Array, content: Uint8Array, options: WriteOptions): WrittenEntry {
  const deflated = options.compress ? deflatedContent(content, options.limits) : undefined;
  const data = deflated ?? content;
  const facts = concatBytes([
    ...[u16(flags), u16(deflated === undefined ? 0 : 8), u32(0)], // no time, no date
    ...[u32(crc32(content)), u32(data.length), u32(content.length)],
  ]);
  return { name, data, facts };
}

function deflatedContent(content: Uint8Array, limits: PackageLimits): Uint8Array | undefined {
  const deflated = deflateSync(content, { level: 9 });
  const isTooDense =
    content.length > limits.expansionFloorBytes &&
    content.length > deflated.length * limits.expansionRatio;
  return deflated.length < content.length && !isTooDense ? deflated : undefined;
}

/** The length of the name, and that there is no extra field. */
function nameLengths(name: Uint8Array): Uint8Array {
  return concatBytes([u16(name.length), u16(0)]);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff);
}

function u32(value: number): Uint8Array {
  return concatBytes([u16(value & 0xffff), u16(value >>> 16)]);
}
