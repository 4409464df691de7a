import * as v from "valibot";
import type { Json } from "../json.ts";
import { customHostApiRule, isCustomHostApiName } from "./host-api-name.ts";
import type { CustomHostApiName, HostApiName } from "./manifest.types.ts";
import { isTomlTable, type Toml } from "./toml.ts";

/** The surfaces, in the order in which they are listed everywhere (reference §3). */
export const surfaceNames = ["hook", "tool", "service", "ingress", "wasm"] as const;

/** The host APIs that a manifest can request, in the order in which they are listed everywhere. */
export const hostApiNames = ["https", "request", "websocket", "fs"] as const;

const maxU16 = 0xffffn;
const maxU32 = 0xffffffffn;

/** A table with these keys and no others; arrays and dates are objects too, but no tables. */
function table<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(v.custom<object>(isTomlTable, "must be a table"), v.strictObject(entries));
}

function integer(max: bigint) {
  return v.pipe(
    v.bigint("must be an integer"),
    v.check((value) => value >= 0n && value <= max, `must be between 0 and ${max}`),
    v.transform(Number),
  );
}

function list<Item extends v.GenericSchema>(item: Item) {
  return v.optional(v.array(item, "must be an array"), []);
}

const text = v.string("must be a string");
const texts = list(text);

/** Any value that JSON can hold, as JSON. */
const jsonValue = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, Json>(({ dataset, addIssue, NEVER }) => {
    const problem = jsonProblem(dataset.value as Toml);
    if (problem === undefined) return jsonOf(dataset.value as Toml);
    addIssue({ message: problem });
    return NEVER;
  }),
);

function jsonProblem(value: Toml): string | undefined {
  if (typeof value === "bigint" && !Number.isSafeInteger(Number(value))) {
    return "has an integer beyond 2^53 - 1, which JSON readers round";
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    return "has a number that JSON does not know (nan or inf)";
  }
  if (typeof value !== "object") return undefined;
  if (value instanceof Date) return "has a date or time, which JSON does not know";
  if (Object.hasOwn(value, "__proto__")) return "has the key __proto__";
  for (const item of Object.values(value)) {
    const problem = jsonProblem(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Converts a value without {@link jsonProblem}. */
function jsonOf(value: Toml): Json {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(jsonOf);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]));
}

const surface = v.picklist(surfaceNames, `must be one of ${surfaceNames.join(", ")}`);

function isHostApiName(name: string): boolean {
  return (hostApiNames as readonly string[]).includes(name) || isCustomHostApiName(name);
}

/** The kinds of permission and the fields that each has beside `kind`. */
export const permissionEntries = {
  surface: { surface },
  tool: { name: text },
  tool_namespace: { namespace: text },
  service: { name: text },
  ingress: { name: text },
  external_write: {},
  host_api: {
    api: v.pipe(
      text,
      v.check(isHostApiName, `must be one of ${hostApiNames.join(", ")}, or ${customHostApiRule}`),
      v.transform((name) => name as HostApiName | CustomHostApiName),
    ),
  },
} as const;

const permissionKinds = Object.keys(permissionEntries).join(", ");

/** One `[[permissions]]` entry. */
const permissionSchema = v.pipe(
  v.custom<object>(isTomlTable, "must be a table"),
  v.variant(
    "kind",
    [
      v.strictObject({ kind: v.literal("surface"), ...permissionEntries.surface }),
      v.strictObject({ kind: v.literal("tool"), ...permissionEntries.tool }),
      v.strictObject({ kind: v.literal("tool_namespace"), ...permissionEntries.tool_namespace }),
      v.strictObject({ kind: v.literal("service"), ...permissionEntries.service }),
      v.strictObject({ kind: v.literal("ingress"), ...permissionEntries.ingress }),
      v.strictObject({ kind: v.literal("external_write"), ...permissionEntries.external_write }),
      v.strictObject({ kind: v.literal("host_api"), ...permissionEntries.host_api }),
    ],
    `must be one of ${permissionKinds}`,
  ),
);

/** `[runtime]`; which of the fields a kind needs is a rule. */
export const runtimeEntries = {
  kind: text,
  component: v.exactOptional(text),
  world: v.exactOptional(text),
  entry: v.exactOptional(text),
  abi: v.exactOptional(text),
};

/** `[[tools]]`. */
export const toolEntries = {
  name: text,
  description: text,
  input_schema: jsonValue,
  external_write: v.optional(v.boolean("must be a boolean"), false),
};

/** `[[services]]`. */
export const serviceEntries = {
  name: text,
  description: text,
  lifecycle: v.optional(text, ""),
  status_schema: v.exactOptional(jsonValue),
  side_effects: texts,
};

/** `[[ingresses]]`. */
export const ingressEntries = {
  name: text,
  description: text,
  event_kinds: texts,
  input_schema: v.exactOptional(jsonValue),
  sources: texts,
  side_effects: texts,
};

/** `[[hooks]]`. */
export const hookEntries = { id: text, file: text };

/** `[[websocket]]`; in `[[request]]` there are methods too. */
export const webSocketEntries = {
  scheme: v.optional(text, ""),
  host: v.optional(text, ""),
  port: v.exactOptional(integer(maxU16)),
  path_prefixes: texts,
};

/** `[[request]]`. */
export const requestEntries = { ...webSocketEntries, methods: texts };

/** The top level of plugin.toml. */
export const manifestEntries = {
  schema_version: integer(maxU32),
  id: text,
  name: text,
  version: text,
  description: v.exactOptional(text),
  surfaces: list(surface),
  runtime: v.exactOptional(table(runtimeEntries)),
  hooks: list(table(hookEntries)),
  tools: list(table(toolEntries)),
  services: list(table(serviceEntries)),
  ingresses: list(table(ingressEntries)),
  permissions: list(permissionSchema),
  request: list(table(requestEntries)),
  websocket: list(table(webSocketEntries)),
};

/** The shape of plugin.toml (reference §1); what the values mean is checked by the rules. */
export const manifestSchema = table(manifestEntries);

/** plugin.toml after its shape was checked. */
export type ManifestDraft = v.InferOutput<typeof manifestSchema>;
