import { createHmac } from "node:crypto";
import { EventEmitter } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import {
  createInstance,
  createTimerDriver,
  createWebhookDriver,
  githubSignature,
  grantRequested,
  type IngressDriver,
  type IngressReport,
  type InstanceOptions,
  loadPackage,
  type PluginInstance,
} from "yoi-plugin-sdk";
import { createNodeListener } from "yoi-plugin-sdk/node";
import { handTiming, until } from "../drivers/driver-host.ts";
import { repository } from "../structure/source-tree.ts";
import { guestBytes } from "./guest-package.ts";
import { event, instanceManifest, livingInstance } from "./instance-package.ts";

const secret = "a secret of a good length";

/** A real server with a chat room and a place for webhooks. */
async function serve(handle: (request: Request) => Promise<Response>) {
  const server = createServer(createNodeListener(handle));
  const room = new WebSocketServer({ server, path: "/room" });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    room,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const peer of room.clients) peer.terminate();
      room.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** An instance of a guest that answers with what it was given, fed by these sources. */
async function fedInstance(port: number, sources: readonly string[], options: InstanceOptions) {
  const manifest = [
    instanceManifest({
      ingress: sources,
      eventKinds: ["websocket_open", "websocket_text", "websocket_close", "webhook", "timer"],
    }),
    '[[permissions]]\nkind = "host_api"\napi = "websocket"',
    `[[websocket]]\nscheme = "ws"\nhost = "127.0.0.1"\nport = ${port}\npath_prefixes = ["/room"]`,
  ].join("\n\n");
  const pkg = await loadPackage({
    "plugin.toml": manifest,
    "guest.wasm": await guestBytes("instance-echo"),
  });
  const target = { scheme: "ws", host: "127.0.0.1", port, path_prefixes: ["/room"] };
  const grants = grantRequested(pkg, { websocket: [{ ...target, allow_private: true }] });
  return createInstance(pkg, { grants, ...options });
}

/** What the guest said of every event that it was given. */
function heardBy(instance: PluginInstance): readonly IngressReport[] {
  const reports: IngressReport[] = [];
  instance.on("ingress", (report) => reports.push(report));
  return reports;
}

const eventOf = (report: IngressReport | undefined) =>
  (report?.output as { readonly event: Record<string, unknown> } | undefined)?.event;

describe("[drivers/end-to-end] a guest", () => {
  it("hears of connections, webhooks and timers, and of nothing once it is stopped", async () => {
    const timing = handTiming();
    const webhooks = createWebhookDriver({
      rule: { signature: githubSignature(), secrets: ["github"] },
      secrets: () => secret,
    });
    await using host = await serve((request) => webhooks.handle(request));
    host.room.on("connection", (peer) => peer.send("welcome"));
    const instance = await fedInstance(
      host.port,
      [
        `websocket:ws://127.0.0.1:${host.port}/room?token=1`,
        "webhook:github",
        "timer:PT1M",
        "own:x",
      ],
      { drivers: [webhooks, createTimerDriver({ timing })] },
    );
    const reports = heardBy(instance);
    const heard = (kind: string) => reports.map(eventOf).filter((one) => one?.kind === kind);
    const post = (body: string, key = secret) =>
      fetch(`http://127.0.0.1:${host.port}/hooks/${instance.identity.ref}/github`, {
        method: "POST",
        body,
        headers: {
          "content-type": "application/json",
          "x-github-delivery": "delivery-1",
          "x-hub-signature-256": `sha256=${createHmac("sha256", key).update(body).digest("hex")}`,
        },
      });

    await until(() => instance.status().sources.some(({ state }) => state === "connected"));
    await until(() => instance.status().ingress.counters.accepted >= 2);
    for (const peer of host.room.clients) peer.send("hello");
    const url = `ws://127.0.0.1:${host.port}/room`;
    await until(() => JSON.stringify(heard("websocket_text")).includes("hello"));
    expect(heard("websocket_text").at(-1)).toMatchObject({
      ingress_name: "room",
      payload: { url, text: "hello" },
    });

    expect((await post('{"zen":1}', "another secret of that length")).status).toBe(401);
    expect((await post('{"zen":1}')).status).toBe(202);
    expect(heard("webhook")).toMatchObject([
      { source: "webhook:github", correlation_id: "delivery-1", payload: { body: { zen: 1 } } },
    ]);

    await timing.pass(60_000);
    await until(() => heard("timer").length === 1);
    expect(heard("timer")[0]).toMatchObject({ source: "timer:PT1M", payload: { missed: 0 } });
    expect(instance.status().sources.map(({ driver, state }) => `${driver} ${state}`)).toEqual([
      "websocket connected",
      "webhook waiting",
      "timer waiting",
    ]);
    expect(JSON.stringify(instance.status().sources)).not.toContain("token");

    await instance.stop();
    await until(() => host.room.clients.size === 0);
    expect((await post('{"zen":1}')).status).toBe(404);
    expect(timing.waiting).toBe(0);
  });

  it("is told of a new connection where it lists that kind, so that it can subscribe", async () => {
    await using host = await serve(async () => new Response());
    let comings = 0;
    host.room.on("connection", (peer) => {
      comings += 1;
      if (comings === 1) peer.close(1012, "restarting");
    });
    const reports: IngressReport[] = [];
    await using instance = await fedInstance(host.port, [`ws://127.0.0.1:${host.port}/room`], {
      onEvent: (seen) => seen.type === "ingress" && reports.push(seen),
    });
    await until(() => instance.status().sources[0]?.reconnects === 1, "it came back");
    await until(() => reports.length >= 3);
    expect(reports.map((report) => eventOf(report)?.kind)).toEqual([
      "websocket_open",
      "websocket_close",
      "websocket_open",
    ]);
  });
});

describe("[drivers/own] the driver in docs/drivers.md", () => {
  it("feeds a guest what the host's emitter emits, until the instance stops", async () => {
    const { mailDriver } = await ownDriver();
    const mailbox = new EventEmitter();
    const instance = await livingInstance(
      "instance-echo",
      { drivers: [mailDriver(mailbox)] },
      { ingress: ["mail:ada@example.com"] },
    );
    const reports = heardBy(instance);
    mailbox.emit("mail", { id: "1", to: "bob@example.com", subject: "not for us" });
    mailbox.emit("mail", { id: "2", to: "ada@example.com", subject: "for us" });
    await until(() => reports.length === 1);
    expect(eventOf(reports[0])).toMatchObject({
      kind: "mail",
      source: "mail:ada@example.com",
      correlation_id: "2",
      payload: { subject: "for us" },
    });
    expect(instance.status().sources).toMatchObject([{ driver: "mail", received: 1, dropped: 0 }]);
    // What the host delivers by hand goes the same way.
    expect((await instance.deliverIngress("room", event())).accepted).toBe(true);
    await instance.stop();
    expect(mailbox.listenerCount("mail")).toBe(0);
  });
});

/** The page's own code, so that what is shown is what is tested. */
async function ownDriver(): Promise<{ mailDriver(mailbox: EventEmitter): IngressDriver }> {
  const page = readFileSync(`${repository}docs/drivers.md`, "utf8");
  const code = [...page.matchAll(/^```ts\n(.*?)^```$/gmsu)]
    .map(([, text = ""]) => text)
    .find((text) => text.includes("export function mailDriver"));
  const folder = `${repository}.cache/own-driver/`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}mail-driver.ts`, code ?? "");
  return import(pathToFileURL(`${folder}mail-driver.ts`).href);
}
