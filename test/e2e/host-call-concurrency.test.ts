import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createInstance,
  grantRequested,
  type HostApi,
  type HostFunction,
  type PluginInstance,
} from "yoi-plugin-sdk";
import { guestPackage, toolManifest } from "./guest-package.ts";
import { type Bridge, bridges } from "./host-call-bridges.ts";
import { rawManifest, rawPackage } from "./raw-package.ts";

const permission = `
[[permissions]]
kind = "host_api"
api = "fs"
`;
const instances = 6;
const answerMs = 400;

/** A server that takes its time, and knows how many it kept waiting at once. */
let server: Server;
let waiting = 0;
let most = 0;

beforeAll(async () => {
  server = createServer((_, response) => {
    waiting += 1;
    most = Math.max(most, waiting);
    response.once("close", () => {
      waiting -= 1;
    });
    setTimeout(() => response.end('{"summary":"at last"}'), answerMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

/** A file API whose files lie on the slow server. */
function remoteFiles(): HostApi {
  const { port } = server.address() as AddressInfo;
  const read: HostFunction = async (_, { signal }) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal });
    return response.text();
  };
  return filesFrom(read);
}

function filesFrom(read: HostFunction): HostApi {
  return {
    name: "fs",
    interface: "yoi:host/fs@1.0.0",
    open: () => ({ functions: new Map([["read", read]]), [Symbol.asyncDispose]: async () => {} }),
  };
}

async function open(kind: "component" | "raw", isolation: Bridge["isolation"]) {
  const pkg = await (kind === "component"
    ? guestPackage("import-host-fs", `${toolManifest}${permission}`)
    : rawPackage("host-read", `${rawManifest}${permission}`));
  const grants = grantRequested(pkg, { fs: [{ root: "/srv/data", operations: ["read"] }] });
  const limits = { timeoutMs: 10_000 };
  return createInstance(pkg, { grants, hostApis: [remoteFiles()], isolation, limits });
}

/** Ticks every 10 ms, and knows the longest time between two ticks. */
function watchPauses(): () => number {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 10);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

/** A guest that asks for ever what is answered at once. */
async function flooding(isolation: Bridge["isolation"]) {
  const pkg = await guestPackage("host-call-flood", `${toolManifest}${permission}`);
  return createInstance(pkg, {
    grants: grantRequested(pkg, { fs: [{ root: "/srv/data", operations: ["read"] }] }),
    hostApis: [filesFrom(async () => "{}")],
    isolation,
    limits: { hostCalls: 1_000_000, timeoutMs: 20_000, fuel: 1e12 },
  });
}

describe.each(bridges)("a guest $name that floods its host", ({ isolation }) => {
  // Inline, a turn is at most inlineTurnMs and one slice of the guest's long.
  it("[host/side-by-side] lets the event loop go on, and hears a signal that fires there", async () => {
    await using guest = await flooding(isolation);
    const caller = new AbortController();
    const pauses = watchPauses();
    setTimeout(() => caller.abort(), 500);
    const result = await guest.callTool("run", {}, { signal: caller.signal });
    expect(result.error?.code).toBe("runtime/aborted");
    expect(result.durationMs).toBeLessThan(5_000);
    expect(pauses()).toBeLessThan(answerMs * 0.75);
    expect(guest.status().replacements).toBe(0);
  });
});

describe.each(bridges)("guests $name that wait for a slow server", ({ isolation }) => {
  it.each(["component", "raw"] as const)(
    "[host/side-by-side] wait side by side, and the host's event loop goes on (%s)",
    async (kind) => {
      const guests: PluginInstance[] = [];
      try {
        for (let count = 0; count < instances; count += 1) guests.push(await open(kind, isolation));
        // Once before, so that what follows measures waiting and not opening.
        const first = await Promise.all(guests.map((guest) => guest.callTool("run", {})));
        for (const { error } of first) expect(error).toBeUndefined();
        most = 0;
        const pauses = watchPauses();
        const began = performance.now();
        const results = await Promise.all(guests.map((guest) => guest.callTool("run", {})));
        const tookMs = performance.now() - began;
        const longestPauseMs = pauses();
        for (const { error } of results) expect(error).toBeUndefined();
        expect(most).toBeGreaterThanOrEqual(instances);
        expect(tookMs).toBeLessThan(instances * answerMs * 0.75);
        expect(longestPauseMs).toBeLessThan(answerMs * 0.75);
      } finally {
        await Promise.all(guests.map((guest) => guest.stop()));
      }
    },
  );
});
