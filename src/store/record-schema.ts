import * as v from "valibot";
import { boundedText, quoteName } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import { readGrantRecord } from "../grants/plan.ts";
import type { Json } from "../json.ts";
import { plainJson } from "./plain-json.ts";

/** The surfaces, in the order in which they are listed everywhere (reference §3). */
export const surfaceOrder = ["hook", "tool", "service", "ingress", "wasm"] as const;

/** A list that is empty when it is left out. */
export function list<Item extends v.GenericSchema>(item: Item) {
  return v.optional(v.array(item), []);
}

/** Any plain data, as a frozen copy. */
export const jsonValue = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, Json>(({ dataset, addIssue, NEVER }) => {
    const read = plainJson(dataset.value);
    if (read.ok) return read.value;
    addIssue({ message: read.reason });
    return NEVER;
  }),
);

/** A grant record, read by the room that knows its shape. */
export const grantRecord = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, GrantRecord>(({ dataset, addIssue, NEVER }) => {
    try {
      return readGrantRecord(dataset.value);
    } catch (error) {
      if (!isPluginError(error)) throw error;
      addIssue({ message: `can't be used: ${error.message.replace(/\.$/u, "")}` });
      return NEVER;
    }
  }),
);

/** One enablement record (reference §3); unknown keys are refused. */
export const enablementRecord = v.strictObject({
  id: v.string(),
  version: v.exactOptional(v.string()),
  digest: v.exactOptional(v.string()),
  surfaces: list(v.picklist(surfaceOrder)),
  grants: v.optional(grantRecord, {}),
  config: v.exactOptional(jsonValue),
});

/**
 * Reads a value by a schema.
 *
 * @param schema What it has to look like.
 * @param value The value.
 * @param subject What a message calls it: `The lock file`.
 * @returns The value as the schema makes it.
 * @throws PluginError `options/invalid` with the place and the reason.
 */
export function readBySchema<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  subject: string,
): v.InferOutput<Schema> {
  // The schema library takes a list for an object without keys.
  const result = v.safeParse(schema, Array.isArray(value) ? null : value, { abortEarly: true });
  if (result.success) return result.output;
  return refuseRecord(subject, issueText(result.issues[0]));
}

/** Refuses something that a host or user wrote. */
export function refuseRecord(subject: string, reason: string): never {
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `${subject} can't be used: ${reason}.`,
  });
}

function issueText(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(({ key }) => key);
  const place = keyPath(keys);
  if (ownMessages.includes(issue.type)) return `${place} ${issue.message}`;
  if (issue.type === "strict_object" && issue.expected === "never") {
    return `${keyPath(keys.slice(0, -1))} has the unknown key ${quoteName(String(keys.at(-1)))}`;
  }
  if (issue.received === "undefined") return `${place} is missing`;
  return `${place} must be ${boundedText(issue.expected ?? "something else", 160)}`;
}

/** The checks of this room, whose messages are the ends of sentences. */
const ownMessages: readonly string[] = ["raw_transform", "raw_check", "custom"];

/** `enabled[0].surfaces[1]`; only keys of the schema get here, the unknown one is quoted by itself. */
function keyPath(keys: readonly unknown[]): string {
  const path = keys.reduce<string>((before, key) => {
    if (typeof key === "number") return `${before}[${key}]`;
    return before === "" ? String(key) : `${before}.${String(key)}`;
  }, "");
  return path === "" ? "it" : boundedText(path, 160);
}

/** Freezes plain data at every depth. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const item of Object.values(value)) deepFreeze(item);
    Object.freeze(value);
  }
  return value;
}
