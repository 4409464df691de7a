import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { guestBytes } from "../e2e/guest-package.ts";
import { instanceManifest } from "../e2e/instance-package.ts";
import type { Driven } from "./drivers-page.ts";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));

test("[drivers/browser] WebSockets and webhooks feed a guest in a real browser, by Web APIs alone", async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("drivers-page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["browser"],
    target: "es2022",
    tsconfigRaw: {},
    logLevel: "error",
  });
  const files = new Map<string, Uint8Array>([
    [
      "/",
      new TextEncoder().encode('<!doctype html><script type="module" src="/page.js"></script>'),
    ],
    ["/page.js", outputFiles[0]?.contents ?? new Uint8Array()],
    ["/guest.wasm", await guestBytes("instance-echo")],
  ]);
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://x").pathname);
    const found = files.get(path);
    const bytes = found ?? readFile(join(dist, path)).catch(() => undefined);
    void Promise.resolve(bytes).then((body) => {
      response.statusCode = body === undefined ? 404 : 200;
      const type = path.endsWith(".js") ? "text/javascript" : "text/html";
      response.setHeader("content-type", path.endsWith(".wasm") ? "application/wasm" : type);
      response.end(body);
    });
  });
  const room = new WebSocketServer({ server, path: "/room" });
  room.on("connection", (peer) => peer.send("welcome"));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}/room`;
  const manifest = [
    instanceManifest({ ingress: [`websocket:${url}?token=1`, "webhook:github"] }),
    '[[permissions]]\nkind = "host_api"\napi = "websocket"',
    `[[websocket]]\nscheme = "ws"\nhost = "127.0.0.1"\nport = ${port}\npath_prefixes = ["/room"]`,
  ].join("\n\n");
  files.set("/plugin.toml", new TextEncoder().encode(manifest));

  const profile = await mkdtemp(join(tmpdir(), "yoi-chromium-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction(() => "drive" in window);
    const driven = await page.evaluate(
      ([paths, at]) =>
        (window as unknown as { drive(...of: unknown[]): Promise<Driven> }).drive(paths, at),
      [{ "plugin.toml": "/plugin.toml", "guest.wasm": "/guest.wasm" }, port] as const,
    );
    expect(driven).toMatchObject({
      events: [
        { kind: "websocket_text", payload: { url, text: "welcome" } },
        { kind: "webhook", payload: { body: { a: 1 } } },
      ],
      answers: [202, 401, 404],
      sources: ["websocket connected", "webhook waiting"],
      sourcesAfterStop: ["websocket closed", "webhook closed"],
    });
    await expect.poll(() => room.clients.size).toBe(0);
  } finally {
    await browser.close();
    room.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await rm(profile, { recursive: true, force: true });
  }
});
