import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createInstance, type InstanceEvent, type PluginInstance, revocable } from "yoi-plugin-sdk";
import { buildFetcher, fetcherPackage } from "./fetcher-package.ts";

let component: Uint8Array;
let server: Server;
let seen: string[] = [];
let respond: RequestListener;

const plain: RequestListener = (_, response) => void response.end("plain");

beforeAll(async () => {
  component = await buildFetcher();
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    respond(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
}, 120_000);
afterEach(() => {
  seen = [];
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const port = () => (server.address() as AddressInfo).port;
const fetchOf = (path: string) => ({
  kind: "fetch",
  source: "test",
  payload: { url: `http://127.0.0.1:${port()}${path}` },
});

async function openFetcher(how: RequestListener = plain) {
  respond = how;
  const { pkg, grants } = await fetcherPackage(component, port());
  const switched = revocable(grants);
  const events: InstanceEvent[] = [];
  const instance = await createInstance(pkg, {
    grants: switched,
    onEvent: (event) => void events.push(event),
  });
  const results = async () =>
    JSON.parse((await instance.callTool("results", {})).content ?? "") as readonly {
      readonly command_id: string;
      readonly response?: {
        readonly status: number;
        readonly body: string;
        readonly truncated: boolean;
      };
      readonly error?: { readonly code: string };
    }[];
  return { instance, events, switched, results };
}

/** Waits until so many results came back. */
async function resultsTaken(instance: PluginInstance, count: number): Promise<void> {
  await expect
    .poll(() => instance.status().component, { timeout: 20_000 })
    .toMatchObject({ results: count });
}

describe("[commands/request] a request that a guest asks for in its answer to an event", () => {
  test("is sent, and its result is an event that the guest gets", async () => {
    const { instance, events, results } = await openFetcher();
    const report = await instance.deliverIngress("inbox", fetchOf("/open/a?x=1"));
    expect(report).toMatchObject({
      accepted: true,
      commands: [{ kind: "host_request_dispatch", commandId: "fetch-0", status: "recorded" }],
    });
    await resultsTaken(instance, 1);
    expect(seen).toEqual(["GET /open/a?x=1"]);
    const [result] = await results();
    expect(result).toMatchObject({
      command_id: "fetch-0",
      correlation_id: `${report.correlationId}:fetch-0`,
      response: { status: 200, body: "plain", truncated: false },
    });
    expect(instance.status().commands.map(({ kind }) => kind)).toEqual([
      "host_request_dispatch",
      "diagnostic_status_update",
    ]);
    expect(events.filter(({ type }) => type === "ingress")).toHaveLength(2);
    await instance.stop();
  });

  test("may be answered with more than an event holds", async () => {
    const { instance, results } = await openFetcher((_, response) => {
      response.end("\u0001é".repeat(20_000));
    });
    await instance.deliverIngress("inbox", fetchOf("/open/large"));
    await resultsTaken(instance, 1);
    const [result] = await results();
    expect(result?.response?.truncated).toBe(true);
    expect("\u0001é".repeat(20_000).startsWith(result?.response?.body ?? "-")).toBe(true);
    expect(instance.state).toBe("running");
    await instance.stop();
  });

  test.each(["/closed", "/open/../closed", "/openly"])(
    "is refused when it leads elsewhere: %s",
    async (path) => {
      const { instance } = await openFetcher();
      const report = await instance.deliverIngress("inbox", fetchOf(path));
      expect(report.commands).toMatchObject([{ status: "rejected" }]);
      expect(report.accepted).toBe(true);
      expect(seen).toEqual([]);
      await instance.stop();
    },
  );

  test("is refused from the moment on that the grant is revoked", async () => {
    const { instance, switched } = await openFetcher();
    await instance.deliverIngress("inbox", fetchOf("/open/a"));
    await resultsTaken(instance, 1);
    switched.revoke();
    const report = await instance.deliverIngress("inbox", fetchOf("/open/a"));
    expect(report.error?.code).toBe("grant/denied");
    expect(seen).toHaveLength(1);
    await instance.stop();
  });

  test("brings an error when nobody answers as a server should", async () => {
    const { instance, results } = await openFetcher((request) => request.socket.destroy());
    await instance.deliverIngress("inbox", fetchOf("/open/broken"));
    await resultsTaken(instance, 1);
    expect((await results())[0]?.error?.code).toMatch(/^host\//u);
    await instance.stop();
  });
});

test("[commands/loop] a guest that asks again with every result is held to a rate", async () => {
  const { instance, events } = await openFetcher();
  await instance.deliverIngress("inbox", fetchOf("/open/again"));
  const refused = () =>
    events.find((event) => event.type === "command" && event.status === "rejected");
  await expect.poll(refused, { timeout: 20_000 }).toBeDefined();
  expect(refused()).toMatchObject({ message: expect.stringContaining("in a minute") });
  // A burst, and what a minute gives in the seconds that it took.
  expect(seen.length).toBeGreaterThanOrEqual(16);
  expect(seen.length).toBeLessThan(60);
  expect(instance.state).toBe("running");
  await instance.stop();
});

test("[commands/request] a request in flight ends with its instance", async () => {
  let isEnded = false;
  const asked = new Promise<void>((resolve) => {
    respond = (request) => {
      request.socket.on("close", () => {
        isEnded = true;
      });
      resolve();
    };
  });
  const { instance } = await openFetcher(respond);
  await instance.deliverIngress("inbox", fetchOf("/open/slow"));
  await asked;
  await instance.stop();
  await expect.poll(() => isEnded).toBe(true);
  expect(
    instance
      .status()
      .diagnostics.map(({ message }) => message)
      .join(),
  ).toContain("fetch-0");
});
