import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, it } from "vitest";
import {
  all,
  ask,
  createAuthority,
  createInstance,
  type DecisionEvent,
  grantRequested,
  revocable,
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

it("[grants/audit] a person is asked once about a call, and not about one that is refused anyway", async () => {
  const pkg = await guestPackage("echo");
  const questions: string[] = [];
  const decisions: string[] = [];
  const consent = ask(({ at }) => {
    questions.push(at);
    return true;
  });
  const grants = revocable(all(grantRequested(pkg), consent));
  await using guest = await createInstance(pkg, {
    grants,
    onDecision: ({ at, decision }) => decisions.push(`${at} ${decision.allowed}`),
  });
  expect(questions.splice(0)).toEqual(["registration"]);
  decisions.length = 0;

  expect((await guest.callTool("run", {})).isError).toBe(false);
  expect(questions.splice(0)).toEqual(["execution"]);
  expect(decisions.splice(0)).toEqual(["execution true"]);

  const invalid = await guest.callTool("run", "not an object");
  expect(invalid.error?.code).toMatch(/^input\//);
  expect(questions).toEqual([]);

  grants.revoke();
  expect((await guest.callTool("run", {})).error?.code).toBe("grant/denied");
  expect(questions).toEqual([]);
  expect(decisions).toEqual(["execution false"]);
});

it("[grants/every-time] a grant that is taken back while calls wait for their turn refuses them", async () => {
  const pkg = await guestPackage("echo");
  let allowed = 3; // the tool at registration, and two calls
  const decide = () =>
    allowed-- > 0
      ? ({ allowed: true } as const)
      : ({ allowed: false, code: "grant/denied", message: "Enough." } as const);
  await using guest = await createInstance(pkg, { grants: { decide } });
  const results = await Promise.all([1, 2, 3, 4].map(() => guest.callTool("run", {})));
  expect(results.map(({ error }) => error?.code)).toEqual([
    undefined,
    undefined,
    "grant/denied",
    "grant/denied",
  ]);
});
