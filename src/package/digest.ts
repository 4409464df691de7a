import { compareBytes, concatBytes, encodeUtf8, toHex } from "../bytes.ts";
import { PluginError } from "../errors.ts";
import { defaultLimits, packageLimits } from "../limits.ts";
import type { Digest } from "./package.types.ts";
import { copyFiles, type FileContents, type PackageContents } from "./package-files.ts";

const prefix = encodeUtf8("yoi-plugin-package-digest-v1\0");

/**
 * Computes the digest of a package's files (reference §2 "Digest").
 *
 * It covers every path and every byte, and nothing else: not how the files were packed, nor when.
 *
 * @param files Path → content; checked as {@link copyFiles} does with the default limits.
 * @returns `sha256:` and 64 lower-case hexadecimal digits.
 * @throws PluginError `archive/bounds`, `traversal` or `duplicate` for files that are no package;
 * `options/unsupported` where there is no WebCrypto.
 */
export async function packageDigest(files: FileContents): Promise<Digest> {
  return contentsDigest(copyFiles(files, defaultLimits(packageLimits)));
}

/**
 * Computes the digest of files that were checked already.
 *
 * @param contents The files.
 * @returns The digest.
 */
export async function contentsDigest(contents: PackageContents): Promise<Digest> {
  const parts: Uint8Array[] = [prefix];
  for (const [path, content] of inByteOrder(contents)) {
    const size = new Uint8Array(8);
    new DataView(size.buffer).setBigUint64(0, BigInt(content.length));
    parts.push(encodeUtf8(path), Uint8Array.of(0), size, await sha256(content));
  }
  return `sha256:${toHex(await sha256(concatBytes(parts)))}`;
}

/**
 * Orders files by the UTF-8 bytes of their paths; JavaScript's own order differs beyond U+D7FF.
 *
 * @param contents Path → anything.
 * @returns The entries in that order.
 */
export function inByteOrder<Value>(contents: ReadonlyMap<string, Value>): [string, Value][] {
  return Array.from(contents, (entry) => ({ entry, key: encodeUtf8(entry[0]) }))
    .sort((one, other) => compareBytes(one.key, other.key))
    .map(({ entry }) => entry);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined) {
    throw new PluginError({
      code: "options/unsupported",
      phase: "options",
      message: "There is no WebCrypto here; a browser has it on pages served over HTTPS only.",
    });
  }
  return new Uint8Array(await subtle.digest("SHA-256", bytes));
}
