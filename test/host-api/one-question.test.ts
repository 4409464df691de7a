import { describe, expect, test } from "vitest";
import type { DecisionEvent, GrantPolicy, GrantRequest } from "../../src/grants/grants.types.ts";
import {
  all,
  any,
  ask,
  createAuthority,
  type Grants,
  grantRequested,
  revocable,
  type TargetsInput,
} from "../../src/grants/plan.ts";
import { defineHostApi } from "../../src/host-api/define-host-api.ts";
import { createFsApi } from "../../src/host-api/fs/fs.ts";
import { createMemoryFileSystem } from "../../src/host-api/fs/memory-file-system.ts";
import type { HostApi } from "../../src/host-api/host-api.ts";
import { openHostCalls } from "../../src/host-api/host-call.ts";
import type { Network } from "../../src/host-api/http/network.types.ts";
import { createHttpsApi } from "../../src/host-api/https/https-api.ts";
import { createRequestApi } from "../../src/host-api/request/request-api.ts";
import { createWebSocketApi } from "../../src/host-api/websocket/websocket-api.ts";
import { permit, stubPackage } from "../grants/stub-package.ts";

type ApiName = "https" | "request" | "websocket" | "fs";

const host = { host: "api.example.com", path_prefixes: ["/v1"] };
const nas = { scheme: "http", host: "nas.example", methods: ["GET"], allow_private: true };
const targets: TargetsInput = {
  https: [{ ...host, methods: ["GET"] }],
  request: [{ ...host, methods: ["GET"], scheme: "https" }, nas],
  websocket: [{ ...host, scheme: "wss" }],
  fs: [{ root: "/srv/data", operations: ["read"] }],
};

/** Names and where they lead; `nas.example` is at home. */
const names: Readonly<Record<string, string>> = {
  "api.example.com": "93.184.215.14",
  "nas.example": "192.168.1.20",
};

function opened(grants: (record: Grants) => Grants) {
  const permissions = (["https", "request", "websocket", "fs"] as const).map(permit.hostApi);
  const { allow_private: _, ...requestedNas } = nas;
  const pkg = stubPackage({
    permissions,
    request: [
      { ...host, methods: ["GET"], scheme: "https" },
      { ...requestedNas, path_prefixes: [] },
    ],
    websocket: [{ ...host, scheme: "wss" }],
  });
  const decisions: DecisionEvent[] = [];
  const authority = createAuthority(pkg, grants(grantRequested(pkg, targets)), {
    onDecision: (event) => decisions.push(event),
  });
  const resolved: string[] = [];
  const network: Network = {
    resolve: async (name) => {
      resolved.push(name);
      return [names[name] ?? "203.0.113.1"];
    },
    http: {
      pinsAddresses: true,
      exchange: async () => ({
        status: 200,
        headers: [],
        body: (async function* () {})(),
        close() {},
      }),
    },
  };
  const webSocket = {
    pinsAddresses: true,
    open: async () => ({
      send: async () => {},
      close: async () => {},
      pause() {},
      resume() {},
    }),
  };
  const apis: readonly HostApi[] = [
    createHttpsApi({ network }),
    createRequestApi({ network }),
    createWebSocketApi({ network: { resolve: network.resolve, webSocket } }),
    createFsApi({ fileSystem: createMemoryFileSystem({ "/srv/data/notes.txt": "notes" }) }),
  ];
  const calls = openHostCalls(apis, { plugin: pkg.identity, authority });
  const call = async (api: ApiName, name: string, ...args: readonly (string | number)[]) => {
    const question = { interface: `yoi:host/${api}@1.0.0`, function: name, args };
    const ended = { signal: new AbortController().signal, remainingMs: () => 10_000 };
    return JSON.parse(await calls.answer(question, ended)) as {
      readonly error?: { readonly code: string };
    };
  };
  return { call, decisions, resolved };
}

/** One fine call of each API, and what is asked about it. */
const fine: readonly (readonly [ApiName, string, object, object])[] = [
  [
    "https",
    "request",
    { method: "GET", url: "https://api.example.com/v1/x?q=1" },
    { kind: "url", url: "https://api.example.com/v1/x", method: "GET", isPrivate: false },
  ],
  [
    "request",
    "request",
    { method: "GET", url: "https://api.example.com/v1/x?q=1" },
    { kind: "url", url: "https://api.example.com/v1/x", method: "GET", isPrivate: false },
  ],
  [
    "websocket",
    "open",
    { url: "wss://api.example.com/v1/x" },
    { kind: "url", url: "wss://api.example.com/v1/x", isPrivate: false },
  ],
  [
    "fs",
    "read",
    { path: "notes.txt" },
    { kind: "folder", root: "/srv/data", operation: "read", path: "notes.txt" },
  ],
];

describe.each(fine)("[policies/one-question] a call of %s", (api, name, request, target) => {
  const asked: GrantRequest[] = [];
  const person = (answer: boolean) => {
    asked.length = 0;
    return ask((question) => {
      asked.push(question);
      return answer;
    });
  };
  const theOne = [{ at: "host-call", action: { kind: "host_api", api, target } }];

  test("is one question, with its target, and one decision", async () => {
    const { call, decisions } = opened((record) => all(record, person(true)));
    expect((await call(api, name, JSON.stringify(request))).error).toBeUndefined();
    expect(asked).toMatchObject(theOne);
    expect(decisions).toMatchObject([{ ...theOne[0], decision: { allowed: true } }]);
  });

  test("that the person refuses is one question and one decision", async () => {
    const { call, decisions } = opened((record) => all(record, person(false)));
    const { error } = await call(api, name, JSON.stringify(request));
    expect(error?.code).toBe("grant/denied");
    expect(asked).toMatchObject(theOne);
    expect(decisions).toMatchObject([{ ...theOne[0], decision: { allowed: false } }]);
  });

  test.each<[string, (record: Grants) => Grants]>([
    [
      "without a grant",
      () => all({ permissions: [], request: [], websocket: [], fs: [], https: [] }, person(true)),
    ],
    [
      "with a grant that was revoked",
      (record) => {
        const policy = revocable(all(record, person(true)));
        policy.revoke();
        return policy;
      },
    ],
    ["with a precheck that fails", (record) => all(record, person(true), failing)],
  ])(
    "%s is refused before its JSON is read, heard of once and asked about never",
    async (_, grants) => {
      const { call, decisions, resolved } = opened(grants);
      for (const text of [JSON.stringify(request), "not JSON"]) {
        decisions.length = 0;
        expect((await call(api, name, text)).error?.code).toBe("grant/denied");
        expect(decisions).toMatchObject([
          { at: "host-call", action: { kind: "host_api", api }, decision: { allowed: false } },
        ]);
      }
      expect(asked).toEqual([]);
      expect(resolved).toEqual([]);
    },
  );

  test("that is not well-formed is no question at all", async () => {
    const { call, decisions } = opened((record) => all(record, person(true)));
    expect((await call(api, name, "not JSON")).error?.code).toBe("host/invalid-request");
    expect(asked).toEqual([]);
    expect(decisions).toEqual([]);
  });
});

const failing: GrantPolicy = {
  decide: () => ({ allowed: true }),
  precheck: () => {
    throw new Error("a secret of the host's");
  },
};

describe("[policies/one-question] a host that is granted as a private one", () => {
  const get = JSON.stringify({ method: "GET", url: "http://nas.example/" });

  test("is one question, that says where the name leads", async () => {
    const asked: GrantRequest[] = [];
    const { call, decisions } = opened((record) =>
      all(
        record,
        ask((question) => asked.push(question) > 0),
      ),
    );
    expect((await call("request", "request", get)).error).toBeUndefined();
    expect(asked).toMatchObject([{ action: { target: { isPrivate: true } } }]);
    expect(decisions).toHaveLength(1);
  });

  test("is not looked up for a policy that names no such host, until it was asked", async () => {
    const { call, resolved } = opened(() => ask(() => false));
    expect((await call("request", "request", get)).error?.code).toBe("grant/denied");
    expect(resolved).toEqual([]);
  });

  test("is asked about again by a policy that was asked about it as a public one", async () => {
    const asked: GrantRequest[] = [];
    const { call } = opened(() => ask((question) => asked.push(question) > 0));
    expect((await call("request", "request", get)).error).toBeUndefined();
    expect(asked).toMatchObject([
      { action: { target: { isPrivate: false } } },
      { action: { target: { isPrivate: true } } },
    ]);
  });
});

describe("what is known without asking", () => {
  const echo = permit.hostApi("https");
  const pkg = stubPackage({ permissions: [echo] });
  const action = { kind: "host_api", api: "https" } as const;
  const granted = grantRequested(pkg, { https: [{ ...host, methods: ["GET"] }] });
  const person = ask(() => false);
  const precheck = (grants: Grants) =>
    createAuthority(pkg, grants).precheck(action, "host-call").allowed;

  test.each<[string, Grants, boolean]>([
    ["a record that grants it", granted, true],
    ["a record that does not", grantRequested(pkg), false],
    ["a policy that asks", person, true],
    ["every one of them", all(granted, person), true],
    ["every one, and one refuses", all(person, grantRequested(pkg)), false],
    ["every one of none", all(), false],
    ["one of them", any(grantRequested(pkg), person), true],
    ["one of none", any(), false],
    ["one of those that refuse", any(grantRequested(pkg), grantRequested(pkg)), false],
    ["an answer that is none", { ...person, precheck: (() => true) as never }, false],
  ])("of %s", (_, grants, expected) => {
    expect(precheck(grants)).toBe(expected);
  });

  test("is nothing where the manifest does not ask", () => {
    const silent = createAuthority(stubPackage(), person);
    expect(silent.precheck(action, "host-call")).toMatchObject({ code: "grant/denied" });
  });
});

test("[policies/one-question] a call of a host's own API is one question and one decision", async () => {
  const name = "acme:crm/contacts@1.0.0";
  const pkg = stubPackage({ permissions: [{ kind: "host_api", api: name }] });
  const asked: GrantRequest[] = [];
  const decisions: DecisionEvent[] = [];
  const person = ask((question) => asked.push(question) > 0);
  const authority = createAuthority(pkg, all(grantRequested(pkg), person), {
    onDecision: (event) => decisions.push(event),
  });
  const own = defineHostApi({
    interface: name,
    functions: { "get-name": { params: { id: "u32" }, handler: ({ id }) => id } },
  });
  const calls = openHostCalls([own], { plugin: pkg.identity, authority });
  const question = { interface: name, function: "get-name", args: [7] };
  const call = { signal: new AbortController().signal, remainingMs: () => 1_000 };
  expect(await calls.answer(question, call)).toBe("7");
  expect(asked).toMatchObject([{ at: "host-call", action: { kind: "host_api", api: name } }]);
  expect(decisions).toHaveLength(1);
});

test("[grants/every-time] an API that does not say that it asks is asked about by the host call itself", async () => {
  const pkg = stubPackage({ permissions: [permit.hostApi("fs")] });
  let isAllowed = true;
  const authority = createAuthority(pkg, {
    decide: () =>
      isAllowed ? { allowed: true } : { allowed: false, code: "grant/denied", message: "no" },
  });
  const own: HostApi = {
    name: "fs",
    interface: "yoi:host/fs@1.0.0",
    open: () => ({
      functions: new Map([["read", async () => "{}"]]),
      [Symbol.asyncDispose]: async () => {},
    }),
  };
  const calls = openHostCalls([own], { plugin: pkg.identity, authority });
  const question = { interface: own.interface, function: "read", args: [] };
  const call = { signal: new AbortController().signal, remainingMs: () => 1_000 };
  expect(await calls.answer(question, call)).toBe("{}");
  isAllowed = false;
  expect(JSON.parse(await calls.answer(question, call))).toMatchObject({
    error: { code: "grant/denied" },
  });
});
