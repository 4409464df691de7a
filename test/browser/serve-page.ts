import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const fixtures = fileURLToPath(new URL("../../fixtures/guests/", import.meta.url));

/** A web server with the page, the bundled library and the guests. */
export interface ServedPage {
  readonly url: string;
  close(): Promise<void>;
}

/** Content security of the page: no code from strings, no network but its own server. */
const policy =
  "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

/**
 * Bundles `page.ts` for a browser and serves it from this machine, beside the library's worker files.
 *
 * @param extra Files to serve below /extra/, by name.
 * @param isIsolated Whether the page is cross-origin isolated, so that it may share memory with workers.
 */
export async function servePage(
  extra: ReadonlyMap<string, Uint8Array>,
  isIsolated: boolean,
): Promise<ServedPage> {
  const folder = await mkdtemp(join(tmpdir(), "yoi-browser-"));
  await bundle(folder);
  await writeFile(
    join(folder, "index.html"),
    '<!doctype html><script type="module" src="/page.js"></script>',
  );
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname));
    void fileFor(path, folder, extra).then((bytes) => {
      response.setHeader("content-type", types.get(extname(path)) ?? "text/html");
      response.setHeader("content-security-policy", policy);
      if (isIsolated) {
        response.setHeader("cross-origin-opener-policy", "same-origin");
        response.setHeader("cross-origin-embedder-policy", "require-corp");
      }
      response.statusCode = bytes === undefined ? 404 : 200;
      response.end(bytes);
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const types = new Map([
  [".js", "text/javascript"],
  [".wasm", "application/wasm"],
]);

/** The way a user's bundler does it: browser conditions, worker files beside the bundle. */
async function bundle(folder: string): Promise<void> {
  await build({
    entryPoints: ["page.ts", "stripped-worker.ts"].map((file) =>
      fileURLToPath(new URL(file, import.meta.url)),
    ),
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["browser"],
    target: "es2022",
    tsconfigRaw: {},
    logLevel: "error",
  });
}

const bundled = ["/page.js", "/stripped-worker.js"];

async function fileFor(
  path: string,
  folder: string,
  extra: ReadonlyMap<string, Uint8Array>,
): Promise<Uint8Array | undefined> {
  if (path === "/") return readFile(join(folder, "index.html"));
  if (bundled.includes(path)) return readFile(join(folder, path));
  if (path.startsWith("/extra/")) return extra.get(path.slice("/extra/".length));
  if (path.startsWith("/guests/"))
    return readFile(join(fixtures, path.slice("/guests/".length))).catch(() => undefined);
  return readFile(join(dist, path)).catch(() => undefined);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
