import { type GrantRecord, grantRequested, loadPackage, type PluginPackage } from "yoi-plugin-sdk";
import { buildComponent } from "yoi-plugin-sdk/build";

/** Builds the guest that fetches what its events name, once for a file of tests. */
export function buildFetcher(): Promise<Uint8Array> {
  return buildComponent({
    entry: new URL("guests/fetcher.ts", import.meta.url),
    world: "yoi:plugin/instance@1.0.0",
  });
}

/** The guest as a package that may reach one path of a server on this machine. */
export async function fetcherPackage(
  component: Uint8Array,
  port: number,
): Promise<{ readonly pkg: PluginPackage; readonly grants: GrantRecord }> {
  const asked = ["tool", "service", "ingress"]
    .map((surface) => `[[permissions]]\nkind = "surface"\nsurface = "${surface}"`)
    .join("\n");
  const manifest = `
schema_version = 1
id = "test.fetcher"
name = "Fetcher"
version = "1.0.0"
[runtime]
kind = "wasm-component"
component = "guest.wasm"
world = "yoi:plugin/instance@1.0.0"
[[tools]]
name = "results"
description = "What was fetched."
input_schema = { type = "object" }
[[services]]
name = "fetcher"
description = "Fetches."
lifecycle = "host-managed"
[[ingresses]]
name = "inbox"
description = "URLs."
event_kinds = ["fetch", "request_result"]
${asked}
[[permissions]]
kind = "tool"
name = "results"
[[permissions]]
kind = "service"
name = "fetcher"
[[permissions]]
kind = "ingress"
name = "inbox"
[[permissions]]
kind = "host_api"
api = "request"
[[request]]
scheme = "http"
host = "127.0.0.1"
port = ${port}
methods = ["GET"]
path_prefixes = ["/open"]
`;
  const pkg = await loadPackage({ "plugin.toml": manifest, "guest.wasm": component });
  const target = { scheme: "http", host: "127.0.0.1", port, methods: ["GET"] };
  const request = [{ ...target, path_prefixes: ["/open"], allow_private: true }];
  return { pkg, grants: grantRequested(pkg, { request }) };
}
