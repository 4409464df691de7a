import * as v from "valibot";
import { encodeUtf8 } from "../bytes.ts";
import { PluginError } from "../errors.ts";
import { recordLimits } from "../limits.ts";
import { parseToml } from "../manifest/manifest.ts";
import { deepFreeze, enablementRecord, list, readBySchema, refuseRecord } from "./record-schema.ts";
import type { Enablement } from "./store.types.ts";

/** Schema entries of what enables plugins; a plan has them too. */
export const enablementEntries = { enabled: list(enablementRecord) };

const enablementSchema = v.strictObject(enablementEntries);

/**
 * Reads enablement records (reference §3): TOML text, its bytes, or an object of the same shape.
 *
 * ```toml
 * [[enabled]]
 * id = "project:example.echo"
 * version = "1.0.0"
 * ```
 *
 * Unknown keys are refused everywhere. Whether there is such a package, and whether the grants are
 * bound to it, is a matter of resolution.
 *
 * @param source The records; read only what the user controls, because grants are in it.
 * @returns A frozen copy.
 * @throws PluginError `options/invalid` with the place and the reason, without any of the text;
 * `store/bounds` for too much of it.
 */
export function readEnablement(source: string | Uint8Array | object): Enablement {
  return readEnablementOf("The enablement", source);
}

/**
 * Reads enablement records that have a name, such as a file's.
 *
 * @param subject What a message calls them.
 * @param source As {@link readEnablement} takes it.
 * @returns A frozen copy.
 * @throws PluginError as {@link readEnablement} does.
 */
export function readEnablementOf(
  subject: string,
  source: string | Uint8Array | object,
): Enablement {
  const value = isText(source) ? readText(subject, source) : source;
  const enablement = readBySchema(enablementSchema, value, subject);
  checkCount(enablement.enabled);
  return deepFreeze(enablement);
}

/** Refuses more records than are allowed. */
export function checkCount(enabled: readonly unknown[]): void {
  const most = recordLimits.enabledPlugins.default;
  if (enabled.length > most) {
    refuseBounds(`There are ${enabled.length} enablement records and at most ${most} are allowed.`);
  }
}

/** Refuses what is over a bound of stores and records. */
export function refuseBounds(message: string): never {
  throw new PluginError({ code: "store/bounds", phase: "options", message });
}

/** Says whether records or a plan came as text. */
export function isText(source: unknown): source is string | Uint8Array {
  return typeof source === "string" || ArrayBuffer.isView(source);
}

function readText(subject: string, source: string | Uint8Array): unknown {
  const bytes = typeof source === "string" ? encodeUtf8(source) : source;
  const toml = parseToml(bytes, recordLimits.enablementBytes.default);
  if (toml.ok) return toml.value;
  if (toml.isTooLarge) return refuseBounds(`${subject} is too large: ${toml.reason}.`);
  return refuseRecord(subject, toml.reason);
}
