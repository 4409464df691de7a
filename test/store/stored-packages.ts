import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { writeArchive } from "../../src/archive/archive.ts";
import { encodeUtf8 } from "../../src/bytes.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { createPackPackage } from "../../src/package/pack-package.ts";
import { readSource } from "../../src/package/read-source.node.ts";
import { discoverPackages } from "../../src/store/store.ts";
import type { Discovery } from "../../src/store/store.types.ts";

const packPackage = createPackPackage(readSource);

/** What a test's package is. */
export interface PackageParts {
  readonly id?: string;
  readonly version?: string;
  /** TOML after the first lines. */
  readonly more?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** A manifest's tables that declare a tool and ask for it. */
export const toolTables = `
[[tools]]
name = "echo"
description = "Says it again."
input_schema = { type = "object" }

[[permissions]]
kind = "surface"
surface = "tool"

[[permissions]]
kind = "tool"
name = "echo"
`;

/** The bytes of a package. */
export function archiveOf(parts: PackageParts = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { id = "example.echo", version = "1.0.0", more = "", files = {} } = parts;
  const manifest = `schema_version = 1\nid = "${id}"\nname = "Echo"\nversion = "${version}"\n${more}`;
  return packPackage({ "plugin.toml": manifest, ...files });
}

/** The bytes of a package whose manifest may be anything. */
export function forgedArchive(manifest: string): Uint8Array {
  const files = new Map([["plugin.toml", encodeUtf8(manifest)]]);
  return writeArchive(files, { compress: false, limits: defaultLimits(packageLimits) });
}

/** The first lines of a manifest. */
export const manifestHead =
  'schema_version = 1\nid = "example.echo"\nname = "Echo"\nversion = "1.0.0"\n';

/** A folder of its own, gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "yoi-store-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a package into a folder. */
export async function writePackage(
  folder: string,
  name: string,
  parts: PackageParts | Uint8Array = {},
): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, parts instanceof Uint8Array ? parts : await archiveOf(parts));
  return path;
}

/** What a project store in a folder holds. */
export function discoverProject(folder: string): Promise<Discovery> {
  return discoverPackages({ stores: [{ source: "project", folder }] });
}
