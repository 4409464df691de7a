import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  all,
  any,
  ask,
  type DecisionEvent,
  type GrantRequest,
  type Grants,
  type Network,
  type RevocablePolicy,
  revocable,
} from "yoi-plugin-sdk";
import {
  type Answer,
  guestKinds,
  type RelayOptions,
  relayGuest,
  type Step,
} from "./reach-guest.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "yoi-policies-"));
  writeFileSync(join(root, "notes.txt"), "notes");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A network that answers everything, and counts what it is asked. */
function countingNetwork(): Network & { readonly used: string[] } {
  const used: string[] = [];
  return {
    used,
    resolve: async (host) => {
      used.push(host);
      return ["93.184.215.14"];
    },
    http: {
      pinsAddresses: true,
      exchange: async ({ method, url }) => {
        used.push(`${method} ${url.href}`);
        return { status: 200, headers: [], body: (async function* () {})(), close() {} };
      },
    },
  };
}

const api = { host: "api.example.com", methods: ["GET"], path_prefixes: ["/v1"] };
const targets = () => ({
  https: [api],
  request: [{ ...api, scheme: "https" }],
  fs: [{ root, operations: ["read"] as const }],
});
const get = (path: string) => ({ method: "GET", url: `https://api.example.com${path}` });
const steps: readonly Step[] = [
  ["https", get("/v1/x?key=s3cr3t")],
  ["request", get("/v1/x?key=s3cr3t")],
  ["fs.read", { path: "notes.txt" }],
];
const calls = steps.map((step) => ({ name: step[0], step }));
const functionOf = (step: Step) =>
  step[0].includes(".") ? (step[0] as `fs.${string}`) : (`${step[0]}.request` as const);

const guest = (step: Step, options: Partial<RelayOptions> = {}) =>
  relayGuest({ kind: "raw", asks: functionOf(step), targets: targets(), ...options });

const atHostCalls = (events: readonly DecisionEvent[]) =>
  events.filter(({ at }) => at === "host-call");

describe.each(guestKinds)("[grants/deny-by-default] a %s guest that imports a host API", (kind) => {
  it.each<[string, (record: Grants) => Grants]>([
    ["without a grant", () => ({ permissions: [], request: [], websocket: [], fs: [], https: [] })],
    [
      "with a grant for other bytes",
      (record) => ({ ...record, digest: `sha256:${"0".repeat(64)}` }) as Grants,
    ],
    ["with a grant for another version", (record) => ({ ...record, version: "1.0.1" }) as Grants],
    [
      "with permissions and nothing to reach",
      (record) => ({ ...record, request: [], fs: [], https: [] }) as Grants,
    ],
    [
      "with targets and without the permission",
      (record) =>
        "permissions" in record
          ? {
              ...record,
              permissions: record.permissions.filter(({ kind: each }) => each !== "host_api"),
            }
          : record,
    ],
  ])("%s is not made, and nothing is used", async (_, grants) => {
    for (const step of steps) {
      const network = countingNetwork();
      await expect(guest(step, { kind, network, grants })).rejects.toMatchObject({
        code: expect.stringMatching(/^grant\/(?:denied|binding)$/u),
      });
      expect(network.used).toEqual([]);
    }
  });
});

describe.each(calls)("[grants/every-time] a guest that calls $name", ({ step }) => {
  it("is refused from the moment its grant is taken back, and again served when it is given", async () => {
    const network = countingNetwork();
    let policy: RevocablePolicy | undefined;
    await using relay = await guest(step, {
      network,
      grants: (record) => {
        policy = revocable(record);
        return policy;
      },
    });
    expect((await relay.ask(step)).error).toBeUndefined();
    const before = network.used.length;
    policy?.revoke();
    // The tool itself is refused as well; a running one is what the host call's own check is for.
    expect((await relay.ask(step)).error?.code).toBe("grant/denied");
    expect(network.used).toHaveLength(before);
    policy?.restore();
    expect((await relay.ask(step)).error).toBeUndefined();
  });

  it("is in the audit trail once for each call, without a query", async () => {
    await using relay = await guest(step, { network: countingNetwork() });
    await relay.ask(step);
    const denied = step[0] === "fs.read" ? { path: "../x" } : get("/admin?key=s3cr3t");
    await relay.ask([step[0], denied]);
    const [allowed, refused, ...others] = atHostCalls(relay.heard.decisions);
    expect(others).toEqual([]);
    expect(allowed).toMatchObject({
      plugin: { ref: "project:test.reach" },
      decision: { allowed: true },
    });
    // What is not well-formed is no question.
    if (step[0] === "fs.read") expect(refused).toBeUndefined();
    else expect(refused).toMatchObject({ decision: { allowed: false, code: "grant/denied" } });
    expect(JSON.stringify(relay.heard.decisions)).not.toContain("s3cr3t");
  });
});

describe("[policies/one-question] a person who is asked", () => {
  const asking = (answer: (request: GrantRequest) => boolean, remember: boolean) => {
    const asked: GrantRequest[] = [];
    const policy = ask(
      (request) => {
        if (request.at === "host-call") asked.push(request);
        return request.at !== "host-call" || answer(request);
      },
      { remember },
    );
    return { asked, policy };
  };

  it.each(calls)(
    "is asked once about each call of $name, with what it reaches",
    async ({ step }) => {
      const { asked, policy } = asking(() => true, false);
      await using relay = await guest(step, {
        network: countingNetwork(),
        grants: (record) => all(record, policy),
      });
      for (let call = 0; call < 3; call += 1) await relay.ask(step);
      expect(asked).toHaveLength(3);
      for (const { action } of asked) expect(action).toMatchObject({ target: expect.anything() });
    },
  );

  it("is asked once about the same thing when answers are remembered, and anew about another", async () => {
    const { asked, policy } = asking(() => true, true);
    await using relay = await guest(["https", {}], {
      network: countingNetwork(),
      grants: (record) => all(record, policy),
    });
    for (const path of ["/v1/x?a=1", "/v1/x?a=2", "/v1/x", "/v1/y"]) {
      expect((await relay.ask(["https", get(path)])).status).toBe(200);
    }
    expect(asked.map(({ action }) => action)).toMatchObject([
      { target: { url: "https://api.example.com/v1/x" } },
      { target: { url: "https://api.example.com/v1/y" } },
    ]);
    policy.forget("project:test.reach");
    await relay.ask(["https", get("/v1/x")]);
    expect(asked).toHaveLength(3);
  });

  it("is not asked about what a record allows, nor about what the manifest does not ask for", async () => {
    const network = countingNetwork();
    const { asked, policy } = asking(() => false, false);
    await using relay = await guest(["request", {}], {
      network,
      grants: (record) => any(record, policy),
    });
    const answers: Answer[] = [];
    for (const path of ["/v1/x", "/admin"]) answers.push(await relay.ask(["request", get(path)]));
    expect(answers.map(({ status, error }) => status ?? error?.code)).toEqual([
      200,
      "grant/denied",
    ]);
    expect(asked).toEqual([]);
    expect(network.used).toEqual(["api.example.com", "GET https://api.example.com/v1/x"]);
  });

  it("who says no stops the call before any network, and the guest goes on", async () => {
    const network = countingNetwork();
    const { policy } = asking(({ action }) => JSON.stringify(action).includes("/v1/fine"), false);
    await using relay = await guest(["https", {}], {
      network,
      grants: (record) => all(record, policy),
    });
    const { error } = await relay.ask(["https", get("/v1/x")]);
    expect(error).toEqual({
      code: "grant/denied",
      message: "The host was asked and refused host_api.https GET https://api.example.com/v1/x.",
    });
    expect(network.used).toEqual([]);
    expect((await relay.ask(["https", get("/v1/fine")])).status).toBe(200);
  });

  it("who takes longer than the guest may is not waited for, and nothing is reached", async () => {
    const network = countingNetwork();
    const never = ask(({ at }) => (at === "host-call" ? new Promise<boolean>(() => {}) : true));
    await using relay = await guest(["https", {}], {
      network,
      grants: (record) => all(record, never),
    });
    const result = await relay.run([["https", get("/v1/x")]], { timeoutMs: 200 });
    expect(result.error?.code).toBe("runtime/timeout");
    expect(network.used).toEqual([]);
  });
});
