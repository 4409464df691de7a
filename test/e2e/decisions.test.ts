import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, it } from "vitest";
import {
  createAuthority,
  createInstance,
  type DecisionEvent,
  grantRequested,
} from "yoi-plugin-sdk";
import { decisionChannelName } from "yoi-plugin-sdk/node";
import { guestPackage, toolManifest } from "./guest-package.ts";

async function published(run: () => Promise<void>): Promise<readonly DecisionEvent[]> {
  const events: DecisionEvent[] = [];
  const listener = (event: unknown) => void events.push(event as DecisionEvent);
  subscribe(decisionChannelName, listener);
  try {
    await run();
  } finally {
    unsubscribe(decisionChannelName, listener);
  }
  return events;
}

it("[grants/audit] every decision is published in Node, the host's own listener or not", async () => {
  const pkg = await guestPackage(
    "import-host-fs",
    `${toolManifest}
[[permissions]]
kind = "host_api"
api = "fs"
`,
  );
  const fs = [{ root: "/nowhere/at/all", operations: ["read" as const] }];
  const grants = grantRequested(pkg, { fs });
  const heard: DecisionEvent[] = [];
  const onDecision = (event: DecisionEvent) => void heard.push(event);
  for (const options of [{ grants }, { grants, onDecision }]) {
    const events = await published(async () => {
      await using guest = await createInstance(pkg, options);
      await guest.callTool("run", {});
    });
    const seen = events.map(({ at, subject, decision }) => [at, subject, decision.allowed]);
    expect(seen.map(([at]) => at)).toEqual(
      expect.arrayContaining(["registration", "execution", "host-call"]),
    );
    expect(seen).toContainEqual(["execution", "tool.run", true]);
    if ("onDecision" in options) expect(heard).toEqual(events);
  }
});

it("[grants/audit] so is what an authority of the host's own making refuses", async () => {
  const pkg = await guestPackage("echo");
  const events = await published(async () => {
    const authority = createAuthority(pkg, undefined);
    await authority.decide({ kind: "tool", name: "run", externalWrite: false }, "execution");
  });
  expect(events).toMatchObject([
    {
      plugin: pkg.identity,
      subject: "tool.run",
      decision: { allowed: false, code: "grant/denied" },
    },
  ]);
});
