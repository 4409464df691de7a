import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import {
  createInstance,
  createWebhookDriver,
  githubSignature,
  grantRequested,
  type InstanceOptions,
  loadPackage,
  record,
  revocable,
} from "yoi-plugin-sdk";
import { until } from "../drivers/driver-host.ts";
import { guestBytes } from "./guest-package.ts";
import { instanceManifest } from "./instance-package.ts";

/** A chat room that a guest is granted, by a grant that can be taken back. */
async function roomFor(guest: string, options: InstanceOptions = {}) {
  const server = createServer();
  const room = new WebSocketServer({ server, path: "/room" });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}/room`;
  const manifest = [
    instanceManifest({ ingress: [url] }),
    '[[permissions]]\nkind = "host_api"\napi = "websocket"',
    `[[websocket]]\nscheme = "ws"\nhost = "127.0.0.1"\nport = ${port}\npath_prefixes = ["/room"]`,
  ].join("\n\n");
  const pkg = await loadPackage({
    "plugin.toml": manifest,
    "guest.wasm": await guestBytes(guest),
  });
  const target = { scheme: "ws", host: "127.0.0.1", port, path_prefixes: ["/room"] };
  const granted = grantRequested(pkg, { websocket: [{ ...target, allow_private: true }] });
  const grants = revocable(record(granted));
  const instance = await createInstance(pkg, { grants, config: url, ...options });
  return {
    instance,
    room,
    url,
    revoke: () => grants.revoke(),
    source: () => instance.status().sources[0],
    async [Symbol.asyncDispose]() {
      await instance.stop();
      for (const peer of room.clients) peer.terminate();
      room.close();
      await new Promise((done) => server.close(done));
    },
  };
}

describe("[drivers/storms] a real guest in a real storm", () => {
  it("loses no message unreported, though the host stops it in the middle of ten thousand", async () => {
    await using host = await roomFor("instance-counter");
    const { instance, room } = host;
    let reported = 0;
    let taken = 0;
    instance.on("ingress", ({ accepted }) => {
      reported += 1;
      taken += Number(accepted);
    });
    await until(() => room.clients.size === 1);
    for (const peer of room.clients) {
      for (let at = 0; at < 10_000; at += 1) peer.send(`message ${at}`);
    }
    await until(() => taken >= 500, "the storm is under way");
    await instance.stop();
    await until(() => room.clients.size === 0);
    expect(host.source()).toMatchObject({ state: "closed", received: reported });
    expect(reported).toBeLessThan(10_000);
    expect(instance.status().component).toMatchObject({ data: { count: taken } });
  });

  it("answers three hundred messages over the connection that they came from", async () => {
    await using host = await roomFor("instance-commands-websocket");
    const heard: string[] = [];
    await until(() => host.room.clients.size === 1);
    for (const peer of host.room.clients) {
      peer.on("message", (data) => heard.push(String(data)));
      for (let at = 0; at < 300; at += 1) peer.send("ping");
    }
    await until(() => heard.length === 300);
    expect(heard).toEqual(Array.from({ length: 300 }, (_, at) => `reply ${at + 1}`));
    expect(host.source()).toMatchObject({ received: 300, sent: 300, sendFailures: 0 });
  });

  it("keeps the connection while its guest is started again, and goes on with the next message", async () => {
    await using host = await roomFor("instance-loop-on-third-event", {
      restart: { when: "on-failure", initialDelayMs: 1, maxDelayMs: 1 },
      limits: { timeoutMs: 200 },
    });
    await until(() => host.room.clients.size === 1);
    for (const peer of host.room.clients) {
      for (let at = 0; at < 7; at += 1) peer.send(`${at}`);
    }
    await until(() => host.source()?.received === 7);
    await until(() => host.instance.status().restarts.count >= 2);
    await until(() => host.instance.status().ingress.counters.accepted === 5);
    expect(host.source()).toMatchObject({ state: "connected", reconnects: 0, dropped: 2 });
  });

  it("that failed for good has its connection closed", async () => {
    await using host = await roomFor("instance-loop-on-third-event", {
      limits: { timeoutMs: 200 },
    });
    await until(() => host.room.clients.size === 1);
    for (const peer of host.room.clients) {
      for (let at = 0; at < 10; at += 1) peer.send(`${at}`);
    }
    await until(() => host.room.clients.size === 0);
    expect(host.instance.state).toBe("failed");
    expect(["closed", "failed"]).toContain(host.source()?.state);
    expect(host.source()?.received).toBeLessThanOrEqual(4);
  });

  it("is cut off from its room soon after the grant is taken back", async () => {
    await using host = await roomFor("instance-counter");
    await until(() => host.room.clients.size === 1);
    host.revoke();
    await until(() => host.room.clients.size === 0);
    expect(host.source()?.state).toBe("failed");
    expect(host.instance.status().diagnostics.map(({ code }) => code)).toContain("grant/denied");
  });

  it("takes of two hundred webhooks at once what there is room for, and says so of each", async () => {
    const secret = "a secret of a good length";
    const webhooks = createWebhookDriver({
      rule: { signature: githubSignature(), secrets: ["github"] },
      secrets: () => secret,
    });
    const pkg = await loadPackage({
      "plugin.toml": instanceManifest({ ingress: ["webhook:github"] }),
      "guest.wasm": await guestBytes("instance-counter"),
    });
    await using instance = await createInstance(pkg, {
      grants: grantRequested(pkg),
      drivers: [webhooks],
      ingress: { capacity: 2 },
    });
    const body = "{}";
    const headers = {
      "content-type": "application/json",
      "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    };
    const url = `https://host.example/${pkg.identity.ref}/github`;
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        webhooks.handle(new Request(url, { method: "POST", body, headers })),
      ),
    );
    const taken = answers.filter(({ status }) => status === 202).length;
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(200 - taken);
    expect(taken).toBeGreaterThan(0);
    expect(instance.status().ingress.counters.accepted).toBe(taken);
  });
});
