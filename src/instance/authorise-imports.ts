import { PluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import type { ArtifactFacts } from "../wasm/artifact.types.ts";
import { importedHostApis } from "../wasm/imported-host-apis.ts";

/**
 * Asks the authority about every host API that a guest imports, before anything is instantiated: an
 * import is not authority (reference §4.5).
 *
 * @param facts What the artifact imports.
 * @param authority The plugin's.
 * @throws PluginError `grant/denied` or `grant/binding` for the first one refused;
 *   `artifact/unknown-import` for one that is allowed and that this host does not provide.
 */
export async function authoriseImports(facts: ArtifactFacts, authority: Authority): Promise<void> {
  for (const api of importedHostApis(facts)) {
    const decision = await authority.decide({ kind: "host_api", api }, "registration");
    const refusal = decision.allowed
      ? ({
          code: "artifact/unknown-import",
          message: `The guest imports the host API ${api}, which this host does not provide.`,
        } as const)
      : decision;
    throw new PluginError({ ...refusal, phase: "preparation", plugin: authority.plugin.ref });
  }
}
