import * as v from "valibot";
import { customHostApiRule, isCustomHostApiName } from "../manifest/manifest.ts";
import type {
  CustomHostApiName,
  HostApiName,
  Permission,
  Surface,
} from "../manifest/manifest.types.ts";

const surfaces = [
  "hook",
  "tool",
  "service",
  "ingress",
  "wasm",
] as const satisfies readonly Surface[];
const hostApis: readonly string[] = [
  "https",
  "request",
  "websocket",
  "fs",
] as const satisfies readonly HostApiName[];

const hostApi = v.pipe(
  v.string(),
  v.check(
    (name) => hostApis.includes(name) || isCustomHostApiName(name),
    `${hostApis.join(", ")}, or ${customHostApiRule}`,
  ),
  v.transform((name) => name as HostApiName | CustomHostApiName),
);

/** The shape of one permission in a grant record; unknown kinds and keys are refused (reference §1). */
export const permissionSchema = v.variant("kind", [
  v.strictObject({ kind: v.literal("surface"), surface: v.picklist(surfaces) }),
  v.strictObject({ kind: v.literal("tool"), name: v.string() }),
  v.strictObject({ kind: v.literal("tool_namespace"), namespace: v.string() }),
  v.strictObject({ kind: v.literal("service"), name: v.string() }),
  v.strictObject({ kind: v.literal("ingress"), name: v.string() }),
  v.strictObject({ kind: v.literal("external_write") }),
  v.strictObject({ kind: v.literal("host_api"), api: hostApi }),
]);

/**
 * Names a permission as reports and messages do (reference §1).
 *
 * @param permission The permission.
 * @returns Its label, such as `tool.echo`; a part that a package chose is in it as it stands.
 */
export function permissionLabel(permission: Permission): string {
  switch (permission.kind) {
    case "surface":
      return `surfaces.${permission.surface}`;
    case "tool_namespace":
      return `tool_namespace.${permission.namespace}`;
    case "external_write":
      return "external_write";
    case "host_api":
      return `host_api.${permission.api}`;
    default:
      return `${permission.kind}.${permission.name}`;
  }
}

/**
 * Says whether two permissions are the same, field by field (reference §3).
 *
 * @returns Whether kind and value are equal, case included.
 */
export function samePermission(left: Permission, right: Permission): boolean {
  // The part of a label before its first dot is the kind, so equal labels mean equal fields.
  return left.kind === right.kind && permissionLabel(left) === permissionLabel(right);
}

/**
 * Says whether a tool's name lies in a namespace.
 *
 * The namespace ends at a separator, its own last character or the name's next one, so that
 * `git` holds `git_log` and not `github_token` (decisions "tool_namespace").
 *
 * @param name The tool's name.
 * @param namespace The namespace; an empty one holds nothing.
 * @returns Whether it does.
 */
export function isInNamespace(name: string, namespace: string): boolean {
  if (namespace.trim() === "" || !name.startsWith(namespace)) return false;
  return isSeparator(namespace.at(-1)) || isSeparator(name[namespace.length]);
}

function isSeparator(character: string | undefined): boolean {
  return character !== undefined && "_-./:".includes(character);
}
