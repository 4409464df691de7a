import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { decisionChannelName, publishDecision } from "../../src/grants/decision-channel.node.ts";
import { createAuthority } from "../../src/grants/plan.ts";
import { boundRecord, permit, stubPackage } from "./stub-package.ts";

const permissions = [permit.hostApi("https")];
const pkg = stubPackage({ permissions });
const grants = boundRecord(pkg, {
  permissions,
  https: [{ host: "api.example.com", methods: ["GET"], path_prefixes: ["/v1"] }],
});

test("[grants/audit] every decision is published, allowed or refused, without a URL's query", async () => {
  const heard: unknown[] = [];
  const listener = (message: unknown) => void heard.push(message);
  const authority = createAuthority(pkg, grants, { onDecision: publishDecision });
  const decide = (url: string) =>
    authority.decide(
      { kind: "host_api", api: "https", target: { kind: "url", url, method: "GET" } },
      "host-call",
    );
  await decide("https://api.example.com/v1/unheard");
  subscribe(decisionChannelName, listener);
  try {
    await decide("https://api.example.com/v1/a?token=hush");
    await decide("https://elsewhere.example.com/?token=hush");
  } finally {
    unsubscribe(decisionChannelName, listener);
  }
  await decide("https://api.example.com/v1/unheard");
  expect(heard).toMatchObject([
    {
      plugin: { ref: "project:example.echo" },
      at: "host-call",
      subject: "host_api.https GET https://api.example.com/v1/a",
      decision: { allowed: true },
    },
    { decision: { allowed: false, code: "grant/denied" } },
  ]);
  expect(JSON.stringify(heard)).not.toContain("hush");
});

test("[grants/audit] nobody who listens can change a decision", async () => {
  const listener = (message: unknown) => {
    Object.assign((message as { decision: object }).decision, { allowed: false });
  };
  // Node gives a subscriber's throw to the process; here it is only looked at.
  const thrown: unknown[] = [];
  const caught = (error: unknown) => void thrown.push(error);
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", caught);
  subscribe(decisionChannelName, listener);
  try {
    const authority = createAuthority(pkg, grants, { onDecision: publishDecision });
    const decision = await authority.decide({ kind: "host_api", api: "https" }, "registration");
    expect(decision).toEqual({ allowed: true });
    await new Promise((resolve) => setImmediate(resolve));
    expect(thrown).toMatchObject([{ name: "TypeError" }]);
  } finally {
    unsubscribe(decisionChannelName, listener);
    process.removeListener("uncaughtException", caught);
    for (const other of others) process.on("uncaughtException", other);
  }
});
