/**
 * The JSON Schema (draft 2020-12) of an inspection's report, for programs that read `--json` output.
 *
 * Every object is closed: a key that a later version adds comes with a new `format`.
 */
const text = { type: "string" } as const;
const texts = { type: "array", items: text } as const;
const flag = { type: "boolean" } as const;
const count = { type: "integer", minimum: 0 } as const;
const maybe = <Schema extends object>(schema: Schema) => ({
  anyOf: [schema, { type: "null" }] as const,
});
const listOf = <Items extends object>(items: Items) => ({ type: "array", items }) as const;

function closed<Properties extends object>(
  properties: Properties,
  optional: readonly string[] = [],
) {
  return {
    type: "object",
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  } as const;
}

const digest = { type: "string", pattern: "^sha256:[0-9a-f]{64}$" } as const;
const surface = { enum: ["hook", "tool", "service", "ingress", "wasm"] } as const;
const hostApi = { enum: ["https", "request", "websocket", "fs"] } as const;
const anyHostApi = { anyOf: [hostApi, { type: "string", pattern: "^.+:.+/.+@.+$" }] } as const;

const inspected = {
  name: text,
  permission: text,
  requested: flag,
  granted: flag,
  eligible: flag,
  diagnostic: maybe(text),
};

const permission = {
  oneOf: [
    closed({ kind: { const: "surface" }, surface }),
    closed({ kind: { const: "tool" }, name: text }),
    closed({ kind: { const: "tool_namespace" }, namespace: text }),
    closed({ kind: { const: "service" }, name: text }),
    closed({ kind: { const: "ingress" }, name: text }),
    closed({ kind: { const: "external_write" } }),
    closed({ kind: { const: "host_api" }, api: anyHostApi }),
  ],
};

const inspectedPackage = closed({
  source: { enum: ["builtin", "user", "project"] },
  ref: maybe(text),
  id: maybe(text),
  version: maybe(text),
  digest: maybe(digest),
  schemaVersion: maybe(count),
  name: maybe(text),
  description: maybe(text),
  archiveBytes: maybe(count),
  files: maybe(count),
  bytes: maybe(count),
  largestFile: maybe(closed({ path: text, bytes: count })),
  exceedsReference: flag,
});

const runtime = closed(
  {
    kind: { enum: ["wasm", "wasm-component"] },
    world: text,
    abi: text,
    status: text,
    artifact: text,
    bytes: count,
    imports: texts,
    exports: texts,
    memories: listOf(closed({ minPages: count, maxPages: maybe(count) })),
    tables: listOf(closed({ minElements: count, maxElements: maybe(count) })),
    features: texts,
    instanceCapable: flag,
    eligible: flag,
    diagnostic: maybe(text),
  },
  ["world", "abi"],
);

/** The JSON Schema of an {@link Inspection}. */
export const inspectionSchema = Object.freeze({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Inspection of a .yoi-plugin package",
  ...closed({
    format: { const: 1 },
    status: { enum: ["active", "partial", "rejected", "disabled"] },
    defective: flag,
    package: inspectedPackage,
    runtime: maybe(runtime),
    permissions: listOf(permission),
    surfaces: listOf(closed({ ...inspected, name: surface, enabled: flag })),
    tools: listOf(
      closed({ ...inspected, description: text, inputSchema: {}, externalWrite: flag }),
    ),
    services: listOf(
      closed({ ...inspected, description: text, lifecycle: text, sideEffects: texts }),
    ),
    ingresses: listOf(
      closed({
        ...inspected,
        description: text,
        eventKinds: texts,
        sources: texts,
        sideEffects: texts,
      }),
    ),
    hostApis: listOf(closed({ ...inspected, name: anyHostApi, imported: flag })),
    targets: listOf(
      closed({
        ...inspected,
        name: hostApi,
        side: { enum: ["manifest", "grant", "grant-only"] },
        label: text,
        broad: flag,
        covered: { enum: ["fully", "partly", "not"] },
        declared: { type: "object" },
      }),
    ),
    diagnostics: {
      type: "array",
      maxItems: 64,
      items: closed({
        code: { type: "string", pattern: "^[a-z]+/[a-z0-9-]+$" },
        phase: text,
        message: text,
      }),
    },
    notes: texts,
  }),
});
