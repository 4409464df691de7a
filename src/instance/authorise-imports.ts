import { quoteName } from "../diagnostic.ts";
import { type ErrorCode, PluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import type { HostApi } from "../host-api/host-api.ts";
import type { ArtifactFacts } from "../wasm/artifact.types.ts";
import { importedHostInterfaces } from "../wasm/host-imports.ts";

/**
 * Asks the authority about every host API that a guest imports, before anything is instantiated: an
 * import is not authority (reference §4.5).
 *
 * @param facts What the artifact imports.
 * @param authority The plugin's.
 * @param apis What the host provides, by interface.
 * @returns The APIs that the guest imports.
 * @throws PluginError `grant/denied` or `grant/binding` for the first one refused;
 *   `artifact/unknown-import` for one that this host does not provide.
 */
export async function authoriseImports(
  facts: ArtifactFacts,
  authority: Authority,
  apis: ReadonlyMap<string, HostApi>,
): Promise<readonly HostApi[]> {
  const imported: HostApi[] = [];
  const refuse = (code: ErrorCode, message: string): never => {
    throw new PluginError({ code, phase: "preparation", plugin: authority.plugin.ref, message });
  };
  for (const { interface: name } of importedHostInterfaces(facts)) {
    const api = apis.get(name);
    if (api?.isOpen === true) {
      imported.push(api);
      continue;
    }
    // Refused before it is looked for: what is not granted need not be known to be missing.
    const permission = api?.name ?? name.replace(/^yoi:host\/([a-z]+)@.*$/u, "$1");
    const decision = await authority.decide({ kind: "host_api", api: permission }, "registration");
    if (!decision.allowed) {
      // Some toolchains import all that a world names, so that an author may not know of the import.
      refuse(decision.code, `The guest imports ${quoteName(name)}. ${decision.message}`);
    } else if (api !== undefined) imported.push(api);
    else {
      refuse(
        "artifact/unknown-import",
        `The guest imports ${quoteName(name)}, which this host does not provide. Pass it in hostApis.`,
      );
    }
  }
  return imported;
}
