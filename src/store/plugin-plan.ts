import * as v from "valibot";
import { boundedText } from "../diagnostic.ts";
import { type ErrorCode, errorCodes, phases } from "../errors.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../json.ts";
import { recordLimits } from "../limits.ts";
import { packageSources, parsePackageRef } from "../package/load-package.ts";
import { checkCount, enablementEntries, isText, refuseBounds } from "./enablement.ts";
import {
  deepFreeze,
  grantRecord,
  jsonValue,
  list,
  readBySchema,
  refuseRecord,
  surfaceOrder,
} from "./record-schema.ts";
import type { PluginPlan } from "./store.types.ts";

const digest = v.custom<`sha256:${string}`>(
  (value) => typeof value === "string" && /^sha256:[0-9a-f]{64}$/u.test(value),
  "must be sha256: and 64 lower-case hexadecimal digits",
);

const identity = v.pipe(
  v.strictObject({
    ref: v.string(),
    source: v.picklist(packageSources),
    id: v.string(),
    version: v.string(),
    digest,
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const ref = parsePackageRef(dataset.value.ref);
    if (ref.ok && ref.source === dataset.value.source && ref.id === dataset.value.id) return;
    addIssue({ message: "has a reference that is not its source and id" });
  }),
);

const manifestCopy = v.pipe(
  jsonValue,
  v.custom<JsonObject>((value) => isJsonObject(value as Json), "must be an object"),
);

const resolvedPlugin = v.strictObject({
  identity,
  path: v.string(),
  label: v.string(),
  manifest: manifestCopy,
  surfaces: list(v.picklist(surfaceOrder)),
  grants: grantRecord,
  config: v.exactOptional(jsonValue),
});

const inert = (maxBytes: number) =>
  v.pipe(
    v.string(),
    v.transform((text) => boundedText(text, maxBytes)),
  );
const label = inert(recordLimits.labelBytes.default);

const diagnostic = v.strictObject({
  code: v.custom<ErrorCode>(
    (value) => typeof value === "string" && Object.hasOwn(errorCodes, value),
    "must be one of the library's codes",
  ),
  phase: v.picklist(phases),
  source: v.exactOptional(v.picklist(packageSources)),
  ref: v.exactOptional(label),
  package: v.exactOptional(label),
  digest: v.exactOptional(label),
  message: inert(recordLimits.diagnosticBytes.default),
});

const planSchema = v.strictObject({
  format: v.optional(v.literal(1), 1),
  ...enablementEntries,
  resolved: list(resolvedPlugin),
  diagnostics: list(diagnostic),
});

const subject = "The plan";

/**
 * Reads a plan that was kept: JSON text, its bytes, or an object of the same shape. Enablement records
 * alone are a plan in which nothing is resolved yet.
 *
 * @param source The plan; read only what the user controls, because grants are in it.
 * @returns A frozen copy. What it says of packages is checked when they are opened.
 * @throws PluginError `options/invalid` with the place and the reason, `store/bounds` for too much.
 */
export function readPlan(source: string | Uint8Array | object): PluginPlan {
  const plan = readBySchema(planSchema, isText(source) ? readText(source) : source, subject);
  checkCount(plan.enabled);
  checkCount(plan.resolved);
  return deepFreeze(plan);
}

/**
 * Writes a plan as text that {@link readPlan} reads.
 *
 * @param plan The plan.
 * @returns Indented JSON and a line feed.
 * @throws PluginError `store/bounds` when it would be too large to be read.
 */
export function planText(plan: PluginPlan): string {
  const text = `${JSON.stringify(plan, null, 2)}\n`;
  const most = recordLimits.planBytes.default;
  if (new TextEncoder().encode(text).length > most) {
    refuseBounds(`The plan has more than ${most} bytes; enable fewer packages in one place.`);
  }
  return text;
}

function readText(source: string | Uint8Array): unknown {
  const parsed = parseJson(source, recordLimits.planBytes.default);
  if (parsed.ok) return parsed.value;
  if (parsed.isTooLarge) return refuseBounds(`${subject} is too large: ${parsed.reason}.`);
  return refuseRecord(subject, parsed.reason);
}
