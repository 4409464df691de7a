import * as v from "valibot";
import { boundedText, quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import { grantLimits } from "../limits.ts";
import type { PackageIdentity, PluginPackage } from "../package/package.types.ts";
import type { FsGrant, GrantRecord, GrantTargets } from "./grants.types.ts";
import { permissionSchema } from "./permission.ts";

const texts = v.optional(v.array(v.string()), []);
// TOML's integers arrive as bigints.
const integer = v.union([v.number(), v.pipe(v.bigint(), v.transform(Number))], "number");
const port = v.optional(v.pipe(integer, v.integer(), v.minValue(0), v.maxValue(65_535)));
const text = v.optional(v.string(), "");
const isPrivateAllowed = v.optional(v.boolean());

// A name that the host can't send in any case, and one that would be an object's prototype, is no key.
const headerName = v.pipe(
  v.string(),
  v.regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/u, "a header's name"),
  v.check((name) => name !== "__proto__" && !isFramingHeader(name), "a header that may be bound"),
);
const secretHeaders = v.optional(
  v.record(
    headerName,
    v.strictObject({
      secret: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
      prefix: v.optional(v.pipe(v.string(), v.regex(/^[\t\x20-\x7e]{0,128}$/u))),
    }),
  ),
);

const namedIfBound = "a target with a host of its own, since it binds headers";
const webSocketEntries = { scheme: text, host: text, port, path_prefixes: texts };
const targetEntries = {
  request: v.optional(
    v.array(
      v.pipe(
        v.strictObject({
          ...webSocketEntries,
          methods: texts,
          allow_private: isPrivateAllowed,
          headers: secretHeaders,
        }),
        v.check((target) => isNamedIfBound(target), namedIfBound),
      ),
    ),
    [],
  ),
  websocket: v.optional(
    v.array(v.strictObject({ ...webSocketEntries, allow_private: isPrivateAllowed })),
    [],
  ),
  fs: v.optional(
    v.array(
      v.strictObject({
        root: text,
        operations: v.optional(v.array(v.picklist(["read", "list", "write"])), []),
      }),
    ),
    [],
  ),
  https: v.optional(
    v.array(
      v.pipe(
        v.strictObject({
          host: text,
          methods: texts,
          path_prefixes: texts,
          headers: secretHeaders,
        }),
        v.check((target) => isNamedIfBound(target), namedIfBound),
      ),
    ),
    [],
  ),
};

const recordSchema = v.strictObject({
  id: v.optional(v.string()),
  version: v.optional(v.string()),
  digest: v.optional(v.string()),
  permissions: v.optional(v.array(permissionSchema), []),
  ...targetEntries,
});

const targetsSchema = v.strictObject(targetEntries);

/** A secret is for a host that somebody thought of: a target for any host can't have one. */
function isNamedIfBound({ host, headers }: { host: string; headers?: unknown }): boolean {
  return headers === undefined || (host.trim() !== "" && host.trim() !== "*");
}

/** Headers that frame or route a request: bound to a target, they would send it elsewhere. */
function isFramingHeader(name: string): boolean {
  return /^(?:host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|(?:proxy|sec)-.*)$/iu.test(
    name.replaceAll("_", "-"),
  );
}

/** Targets as {@link grantRequested} takes them: any of the four lists, each field optional. */
export type TargetsInput = {
  readonly [List in keyof GrantTargets]?: readonly Partial<GrantTargets[List][number]>[];
};

/**
 * Reads a grant record from an object, typically parsed TOML or JSON.
 *
 * Unknown keys are refused everywhere, missing lists are empty. Its binding is not checked here but
 * at every decision.
 *
 * @param value The object.
 * @returns A frozen copy: later changes to the object have no effect on it.
 * @throws PluginError `options/invalid` with the place and the reason.
 */
export function readGrantRecord(value: unknown): GrantRecord {
  return frozenCopy(parse(recordSchema, value, "grant record")) as GrantRecord;
}

/**
 * Makes the record that grants a package what its manifest asks for, with the targets given.
 *
 * Permissions are those of the manifest, always; targets are only those given, also where the
 * manifest declares some, because where a plugin may reach is the host's to say.
 *
 * @param pkg The package; the record is bound to its reference, version and digest.
 * @param targets Targets for `https`, `request`, `websocket` and `fs`.
 * @returns A frozen record.
 * @throws PluginError `options/invalid` when a target is malformed.
 */
export function grantRequested(pkg: PluginPackage, targets: TargetsInput = {}): GrantRecord {
  return readGrantRecord({
    id: pkg.identity.ref,
    version: pkg.identity.version,
    digest: pkg.identity.digest,
    permissions: pkg.manifest.permissions,
    ...readTargets(targets),
  });
}

/**
 * Reads the targets that a policy names.
 *
 * @returns A frozen copy.
 * @throws PluginError `options/invalid` when it is not one.
 */
export function readTargets(value: unknown): GrantTargets {
  return frozenCopy(parse(targetsSchema, value, "list of granted targets")) as GrantTargets;
}

/** No targets at all. */
export const emptyTargets: GrantTargets = frozenCopy({
  request: [],
  websocket: [],
  fs: [],
  https: [],
});

/** Says whether a record grants nothing at all; such a record needs no binding (reference §3). */
export function isEmptyRecord(record: GrantRecord): boolean {
  const { permissions, request, websocket, fs, https } = record;
  return [permissions, request, websocket, fs, https].every((list) => list.length === 0);
}

/**
 * Compares a record's binding with a package.
 *
 * @param record A record that grants something.
 * @param plugin The package.
 * @returns A sentence naming what is missing or different, or `undefined` when all three hold.
 */
export function bindingProblem(record: GrantRecord, plugin: PackageIdentity): string | undefined {
  const problems = [
    difference("id", record.id, plugin.ref),
    difference("version", record.version, plugin.version),
    difference("digest", record.digest, plugin.digest),
  ].filter((problem) => problem !== undefined);
  if (problems.length === 0) return undefined;
  return `The grant is not bound to ${quoteName(plugin.ref)}: ${problems.join("; ")}.`;
}

function difference(name: string, bound: string | undefined, actual: string): string | undefined {
  if (bound === undefined) return `it names no ${name}`;
  if (name === "id" && !/^(?:builtin|user|project):[^:]+$/u.test(bound)) {
    return `its id ${quoteName(bound)} is not source-qualified`;
  }
  if (bound === actual) return undefined;
  return `its ${name} is ${quoteName(bound)} and the package's is ${quoteName(actual)}`;
}

/** Says whether a folder grant can be used: an absolute root and at least one operation. */
export function isUsableFolder(grant: FsGrant): boolean {
  return isAbsolutePath(grant.root.trim()) && grant.operations.length > 0;
}

/** Absolute on any platform, because a record may be read on another one than it is used on. */
function isAbsolutePath(path: string): boolean {
  return /^(?:\/|[A-Za-z]:[\\/]|\\\\[^\\])/u.test(path) && !path.includes("\0");
}

/**
 * Names a folder grant as reports do: `/srv/data read,list` (reference §1).
 *
 * @returns The label, bounded and inert.
 */
export function folderLabel(grant: FsGrant): string {
  const operations = grant.operations.join(",") || "<no-operations>";
  const most = grantLimits.labelBytes.default - operations.length - 1;
  return `${boundedText(grant.root.trim() || "<no-root>", most)} ${operations}`;
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  subject: string,
): v.InferOutput<Schema> {
  // The schema library takes a list for an object without keys.
  const result = v.safeParse(schema, Array.isArray(value) ? null : value, { abortEarly: true });
  if (result.success) return result.output;
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `The ${subject} is not valid: ${issueText(result.issues[0])}.`,
  });
}

/** What the schema's types are called. */
const expectedNames: ReadonlyMap<string, string> = new Map([
  ["Object", "an object"],
  ["Array", "a list"],
  ["string", "a string"],
  ["number", "a number"],
  ["boolean", "true or false"],
]);

function issueText(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map((part) => String(part.key));
  const key = keys.at(-1) ?? "";
  const place = keys.slice(0, -1).join(".");
  if (issue.type === "strict_object" && issue.expected === "never") {
    return `${quoteName(key)} is not a key${place === "" ? "" : ` of ${boundedText(place, 80)}`}`;
  }
  const where = keys.length === 0 ? "it" : boundedText(keys.join("."), 80);
  if (issue.type === "strict_object" && issue.expected?.startsWith('"') === true) {
    return `${where} is missing`;
  }
  const expected = (issue.type === "check" ? issue.message : issue.expected) ?? "something else";
  return `${where} must be ${expectedNames.get(expected) ?? boundedText(expected, 160)}`;
}

/** Copies plain data, leaves out what is `undefined`, and freezes it at every depth. */
function frozenCopy<Data>(value: Data): Data {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as Data;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.freeze(
    Object.fromEntries(entries.map(([key, field]) => [key, frozenCopy(field)])),
  ) as Data;
}
