import * as v from "valibot";
import { boundedText, quoteName } from "../diagnostic.ts";
import type { PackageLimits } from "../limits.ts";
import type { Manifest } from "./manifest.types.ts";
import { applyRules, type PackagePaths, refuseManifest } from "./manifest-rules.ts";
import { manifestSchema } from "./manifest-schema.ts";
import { parseToml } from "./toml.ts";

export { customHostApiRule, isCustomHostApiName } from "./host-api-name.ts";
export type { PackagePaths } from "./manifest-rules.ts";
export { isSafeId, safeIdRule } from "./safe-id.ts";
export { declaredSurfaces } from "./surfaces.ts";
export { parseToml, type Toml, type TomlResult, type TomlTable } from "./toml.ts";
export { toolNameProblem, toolProblems } from "./tool-declaration.ts";
export { type ToolSchemaProblem, toolSchemaProblem } from "./tool-schema.ts";

/** How long a key path in a message may get, in bytes. */
const keyPathBytes = 200;

/**
 * Reads `plugin.toml` (reference §1): its size, its TOML, its shape, then its rules; the first
 * failure wins.
 *
 * Messages say where, by line and column or by key, and show nothing of the file but names.
 *
 * @param bytes The file.
 * @param paths The paths of the package's files, for the files that the manifest names.
 * @param limits `manifestBytes` bounds the file.
 * @returns The manifest with its defaults filled in, deeply frozen.
 * @throws PluginError `manifest/…`.
 */
export function readManifest(
  bytes: Uint8Array,
  paths: PackagePaths,
  limits: Pick<PackageLimits, "manifestBytes">,
): Manifest {
  const toml = parseToml(bytes, limits.manifestBytes);
  if (!toml.ok) refuseManifest(toml.isTooLarge ? "bounds" : "malformed", toml.reason);
  const shape = v.safeParse(manifestSchema, toml.value, { abortEarly: true });
  if (!shape.success) refuseManifest("malformed", issueText(shape.issues[0]));
  return deepFreeze(applyRules(shape.output, paths));
}

function issueText(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map((item) => item.key);
  if (issue.type === "strict_object" && issue.expected === "never") {
    return `${keyPath(keys.slice(0, -1))} has the unknown key ${quoteName(String(keys.at(-1)))}`;
  }
  const place = keyPath(keys);
  if (issue.received === "undefined") return `${place} is missing`;
  if (issue.type === "variant" && typeof issue.input === "string") {
    return `${place} ${quoteName(issue.input)} ${issue.message}`;
  }
  return `${place} ${issue.message}`;
}

/** `tools[0].name`; only keys of the schema get here, the unknown one is quoted by itself. */
function keyPath(keys: readonly unknown[]): string {
  const path = keys.reduce<string>((before, key) => {
    if (typeof key === "number") return `${before}[${key}]`;
    return before === "" ? String(key) : `${before}.${String(key)}`;
  }, "");
  return path === "" ? "the top level" : boundedText(path, keyPathBytes);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item);
    Object.freeze(value);
  }
  return value;
}
