import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createInstance,
  grantRequested,
  loadPackage,
  type OutputCommandResult,
} from "yoi-plugin-sdk";
import type { GuestName } from "../../fixtures/guests/index.ts";
import { guestBytes } from "./guest-package.ts";
import { event, expectInert, instanceManifest, livingInstance } from "./instance-package.ts";

// A guest that answers at once may still wait for a busy machine.
const patient = { limits: { timeoutMs: 5_000, startTimeoutMs: 5_000 } } as const;

describe("[instance/hostile-commands] output commands", () => {
  /** What becomes of a guest's commands in answer to one event. */
  async function commandsOf(guest: GuestName) {
    await using instance = await livingInstance(guest, {
      ...patient,
      config: guest.endsWith("request") ? "http://127.0.0.1:1/" : "ws://127.0.0.1:1/room",
    });
    const announcedResults: OutputCommandResult[] = [];
    instance.on("command", (result) => announcedResults.push(result));
    const { accepted, commands, error } = await instance.deliverIngress("room", event());
    expect({ accepted, error }).toEqual({ accepted: true, error: undefined });
    const { component, commands: kept, state } = instance.status();
    expect(state).toBe("running");
    expect(announcedResults).toEqual(commands);
    expect(kept).toEqual(commands);
    for (const { message, commandId = "", kind = "" } of commands) {
      for (const text of [message, commandId, kind]) expectInert(text);
    }
    return { commands, statuses: commands.map(({ status }) => status), component };
  }

  it("of a good guest are carried out", async () => {
    const one = await commandsOf("instance-commands-status");
    expect(one.statuses).toEqual(["recorded"]);
    expect(one.component).toEqual({ state: "busy", data: 1 });
    const sixteen = await commandsOf("instance-commands-sixteen");
    expect(sixteen.statuses).toEqual(Array.from({ length: 16 }, () => "recorded"));
    const atLimit = await commandsOf("instance-commands-payload-at-limit");
    expect(atLimit.statuses).toEqual(["recorded"]);
  });

  it.each<[GuestName, RegExp]>([
    ["instance-commands-seventeen", /16/u],
    ["instance-commands-many-small", /16/u],
    ["instance-commands-not-a-list", /list|array/u],
    ["instance-commands-payload-too-large", /16384/u],
    ["instance-commands-other-event", /source_event_id/u],
    ["instance-commands-unknown-key", /priority/u],
    ["instance-commands-without-ids", /correlation_id/u],
    ["instance-commands-long-id", /command_id/u],
    ["instance-commands-control-in-id", /command_id/u],
    ["instance-commands-unknown-kind", /kind/u],
    ["instance-commands-bad-time", /requested_at/u],
    ["instance-commands-long-text", /16384|32768/u],
    // Nobody granted `host_api.websocket` or `host_api.request`.
    ["instance-commands-websocket", /host_api\.websocket/u],
    ["instance-commands-request", /host_api\.request/u],
  ])("of %s are rejected once, and say why", async (guest, why) => {
    const { statuses, commands, component } = await commandsOf(guest);
    expect(statuses).toEqual(["rejected"]);
    expect(commands[0]?.message).toMatch(why);
    expect(component).toEqual({ state: "running" });
  });

  it("that are not even objects are rejected each", async () => {
    const { statuses } = await commandsOf("instance-commands-not-objects");
    expect(statuses).toEqual(["rejected", "rejected", "rejected", "rejected"]);
  });

  it("that are good are not carried out beside a bad one", async () => {
    const { commands, component } = await commandsOf("instance-commands-mixed");
    expect(commands).toMatchObject([{ status: "rejected", commandId: "other", kind: "run_shell" }]);
    expect(component).toEqual({ state: "running" });
  });

  it("with the same ids are all reported", async () => {
    const { commands } = await commandsOf("instance-commands-duplicate-ids");
    expect(commands).toHaveLength(3);
    for (const { commandId } of commands) expect(commandId).toBe("same");
  });

  it("are not mixed into a tool's result", async () => {
    await using instance = await livingInstance("instance-commands-status", patient);
    await instance.deliverIngress("room", event());
    const result = await instance.callTool("run", {});
    expect(JSON.stringify(result)).not.toContain("all well");
  });
});

describe("[instance/hostile-commands] a guest that feeds itself", () => {
  let server: Server;
  let requests = 0;
  beforeAll(async () => {
    server = createServer((_, response) => {
      requests += 1;
      response.end("again");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("with a request for every result runs into its allowance, and stops with the host", async () => {
    const { port } = server.address() as AddressInfo;
    const target = `scheme = "http"\nhost = "127.0.0.1"\nport = ${port}\nmethods = ["GET"]\npath_prefixes = ["/"]`;
    const manifest = `${instanceManifest()}\n[[permissions]]\nkind = "host_api"\napi = "request"\n[[request]]\n${target}\n`;
    const pkg = await loadPackage({
      "plugin.toml": manifest,
      "guest.wasm": await guestBytes("instance-commands-request"),
    });
    const request = {
      scheme: "http",
      host: "127.0.0.1",
      port,
      methods: ["GET"],
      path_prefixes: ["/"],
    };
    await using instance = await createInstance(pkg, {
      grants: grantRequested(pkg, { request: [{ ...request, allow_private: true }] }),
      config: `http://127.0.0.1:${port}/`,
      ...patient,
    });
    const refused = new Promise<OutputCommandResult>((resolve) => {
      instance.on("command", (result) => {
        if (result.status === "rejected") resolve(result);
      });
    });
    const first = await instance.deliverIngress("room", event());
    expect(first.commands).toMatchObject([{ status: "recorded" }]);
    expectInert((await refused).message);
    // A burst, and perhaps what a slow machine earned meanwhile.
    expect(requests).toBeGreaterThanOrEqual(16);
    expect(requests).toBeLessThan(30);
    await instance.stop();
    const atEnd = requests;
    expect(instance.state).toBe("stopped");
    await new Promise((resolve) => setImmediate(resolve));
    expect(requests).toBe(atEnd);
  });
});
