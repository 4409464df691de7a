import type { Diagnostic } from "../errors.ts";
import { isCustomHostApiName } from "../manifest/manifest.ts";
import type { CustomHostApiName, HostApiName, Manifest } from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { finding, type Row, row, withFields } from "./declared-items.ts";
import type { InspectedHostApi } from "./report.types.ts";
import type { Judge } from "./verdict.ts";

/** The host APIs of this library, in the order in which they are listed everywhere. */
export const hostApiNames = [
  "https",
  "request",
  "websocket",
  "fs",
] as const satisfies readonly HostApiName[];

/**
 * Makes the rows of the host APIs that are requested, granted or imported.
 *
 * @param pkg The package.
 * @param imported The host APIs that the artifact imports.
 * @param judge Who answers.
 * @returns The rows.
 */
export async function hostApiRows(
  pkg: PluginPackage,
  imported: ReadonlySet<HostApiName | CustomHostApiName>,
  judge: Judge,
): Promise<readonly Row<InspectedHostApi>[]> {
  const own = [...imported].filter(isCustomHostApiName);
  const custom = [...new Set([...customHostApis(pkg.manifest), ...own])].sort();
  const rows = await Promise.all(
    [...hostApiNames, ...custom].map(async (api) => {
      const permission = { kind: "host_api", api } as const;
      const isRequested = pkg.manifest.permissions.some(
        (each) => each.kind === "host_api" && each.api === api,
      );
      const isImported = imported.has(api);
      const made = row(api, permission, await judge(permission));
      if (!isRequested && !made.item.granted && !isImported) return undefined;
      return withFields(made, { name: api, requested: isRequested, imported: isImported });
    }),
  );
  return rows.filter((each) => each !== undefined);
}

/**
 * Names the host's own APIs that a manifest asks for; which host has them is not known here.
 *
 * @param manifest The manifest.
 * @returns Interface names, each once.
 */
export function customHostApis(manifest: Manifest): ReadonlySet<CustomHostApiName> {
  return new Set(
    manifest.permissions.flatMap((each) =>
      each.kind === "host_api" && isCustomHostApiName(each.api) ? [each.api] : [],
    ),
  );
}

/**
 * Finds imports that no grant can satisfy: of host APIs that the manifest does not ask for.
 *
 * @param rows The rows of the host APIs.
 * @returns One finding for each.
 */
export function unrequestedImports(rows: readonly Row<InspectedHostApi>[]): readonly Diagnostic[] {
  return rows
    .filter(({ item }) => item.imported && !item.requested)
    .map(({ item: { name } }) =>
      finding(
        "grant/denied",
        `The artifact imports the host API ${name}, and the manifest does not ask for host_api.${name}: no grant can let it run. Add the permission to plugin.toml, or build the artifact without the import.`,
      ),
    );
}
