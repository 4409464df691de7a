import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createBrowserNetwork } from "../../src/host-api/network.browser.ts";
import { createNodeNetwork } from "../../src/host-api/network.node.ts";
import { openHttp } from "./http/http-host.ts";

test("node's network reaches a local server that is granted by name", async () => {
  const server = createServer((_, response) => response.end("here"));
  await new Promise<void>((done) => server.listen(0, "localhost", done));
  const { port } = server.address() as AddressInfo;
  const target = { scheme: "http", host: "localhost", port, methods: ["GET"], path_prefixes: [] };
  await using host = openHttp("request", {
    network: createNodeNetwork(),
    granted: { request: [{ ...target, allow_private: true }] },
  });
  const url = `http://localhost:${port}/`;
  expect(await host.request({ method: "GET", url })).toMatchObject({ status: 200, body: "here" });
  await new Promise((done) => server.close(done));
});

test("each network says whether it connects to checked addresses only", () => {
  const node = createNodeNetwork({ nameServers: ["192.0.2.53"] });
  expect([node.http.pinsAddresses, node.webSocket.pinsAddresses]).toEqual([true, true]);
  const browser = createBrowserNetwork();
  expect([browser.http.pinsAddresses, browser.webSocket.pinsAddresses]).toEqual([false, false]);
  expect(browser.resolve).toBeUndefined();
});
