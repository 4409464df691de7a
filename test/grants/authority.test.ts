import { describe, expect, test } from "vitest";
import type { Action, DecisionEvent, GrantRecord } from "../../src/grants/grants.types.ts";
import { createAuthority, grantRequested, permissionLabel } from "../../src/grants/plan.ts";
import type { Manifest, Permission } from "../../src/manifest/manifest.types.ts";
import { boundRecord, permit, stubPackage } from "./stub-package.ts";

const requestTarget = {
  scheme: "https",
  host: "api.example.com",
  methods: ["GET"],
  path_prefixes: ["/v1"],
};
const webSocketTarget = { scheme: "wss", host: "api.example.com", path_prefixes: ["/socket"] };
const folder = { root: "/srv/data", operations: ["read"] } as const;
const httpsGrant = { host: "api.example.com", methods: ["GET"], path_prefixes: ["/v1"] };

/** Every action with all that it needs: the matrix of reference §3, row by row. */
const rows: readonly {
  readonly action: Action;
  readonly needs: readonly Permission[];
  readonly label: string;
  readonly manifest?: Partial<Manifest>;
  readonly grant?: Partial<GrantRecord>;
}[] = [
  {
    action: { kind: "surface", surface: "hook" },
    needs: [permit.surface("hook")],
    label: "surfaces.hook",
  },
  {
    action: { kind: "tool", name: "echo", externalWrite: false },
    needs: [permit.surface("tool"), permit.tool("echo")],
    label: "tool.echo",
  },
  {
    action: { kind: "tool", name: "echo", externalWrite: true },
    needs: [permit.surface("tool"), permit.tool("echo"), permit.externalWrite],
    label: "tool.echo",
  },
  {
    action: { kind: "tool", name: "git_log", externalWrite: false },
    needs: [permit.surface("tool"), permit.namespace("git")],
    label: "tool.git_log",
  },
  {
    action: { kind: "service", name: "sync" },
    needs: [permit.surface("service"), permit.service("sync")],
    label: "service.sync",
  },
  {
    action: { kind: "ingress", name: "inbox" },
    needs: [permit.surface("ingress"), permit.ingress("inbox")],
    label: "ingress.inbox",
  },
  {
    action: { kind: "host_api", api: "request" },
    needs: [permit.hostApi("request")],
    label: "host_api.request",
    manifest: { request: [requestTarget] },
    grant: { request: [requestTarget] },
  },
  {
    action: { kind: "host_api", api: "websocket" },
    needs: [permit.hostApi("websocket")],
    label: "host_api.websocket",
    manifest: { websocket: [webSocketTarget] },
    grant: { websocket: [webSocketTarget] },
  },
  {
    action: { kind: "host_api", api: "https" },
    needs: [permit.hostApi("https")],
    label: "host_api.https",
    grant: { https: [httpsGrant] },
  },
  {
    action: { kind: "host_api", api: "fs" },
    needs: [permit.hostApi("fs")],
    label: "host_api.fs",
    grant: { fs: [folder] },
  },
];

const everything: readonly Permission[] = [...new Set(rows.flatMap(({ needs }) => needs))];
const without = (permission: Permission) =>
  everything.filter((each) => permissionLabel(each) !== permissionLabel(permission));

describe.each(rows)("$label, needing $needs", ({ action, needs, label, manifest, grant }) => {
  const authorityOf = (
    asked: readonly Permission[],
    granted: readonly Permission[],
    targets = grant,
  ) => {
    const pkg = stubPackage({ permissions: asked, ...manifest });
    return createAuthority(pkg, boundRecord(pkg, { permissions: granted, ...targets }));
  };

  test("is allowed when both sides name all of it and nothing else", async () => {
    expect(await authorityOf(needs, needs).decide(action, "execution")).toEqual({ allowed: true });
  });

  test("[grants/deny-by-default] is refused, naming it, when nobody names anything", async () => {
    const pkg = stubPackage(manifest ?? {});
    const decision = await createAuthority(pkg, undefined).decide(action, "registration");
    expect(decision).toMatchObject({ allowed: false, code: "grant/denied" });
    expect(decision).toMatchObject({ message: expect.stringContaining(label) });
  });

  test.each(needs)("is refused when only the manifest lacks $kind", async (permission) => {
    const authority = authorityOf(without(permission), everything);
    const decision = await authority.decide(action, "execution");
    expect(decision).toMatchObject({ allowed: false, code: "grant/denied" });
    expect(decision).toMatchObject({ message: expect.stringContaining("manifest does not ask") });
    expect(authority.requested(action)).toEqual(decision);
  });

  test.each(needs)("is refused when only the grant lacks $kind", async (permission) => {
    const authority = authorityOf(everything, without(permission));
    const decision = await authority.decide(action, "execution");
    expect(decision).toMatchObject({ allowed: false, code: "grant/denied" });
    expect(decision).toMatchObject({ message: expect.stringContaining("No grant allows") });
    expect(authority.requested(action)).toEqual({ allowed: true });
  });

  test("is refused when the grant lacks its targets", async () => {
    const decision = await authorityOf(everything, everything, {}).decide(action, "execution");
    expect(decision.allowed).toBe(grant === undefined);
  });

  test("is refused when the manifest lacks its targets", async () => {
    const pkg = stubPackage({ permissions: everything });
    const authority = createAuthority(pkg, boundRecord(pkg, { permissions: everything, ...grant }));
    const decision = await authority.decide(action, "execution");
    expect(decision.allowed).toBe(manifest === undefined);
  });

  test.each([
    ["id", { id: "user:example.echo" }],
    ["id", { id: "example.echo" }],
    ["version", { version: "1.2.4" }],
    ["digest", { digest: `sha256:${"cd".repeat(32)}` }],
    ["digest", { digest: `sha256:${"AB".repeat(32)}` }],
  ])("[grants/binding] is refused when the grant has another %s", async (name, binding) => {
    const pkg = stubPackage({ permissions: needs, ...manifest });
    const record = boundRecord(pkg, { permissions: needs, ...grant, ...binding });
    const decision = await createAuthority(pkg, record).decide(action, "execution");
    expect(decision).toMatchObject({ allowed: false, code: "grant/binding" });
    expect(decision).toMatchObject({ message: expect.stringContaining(`its ${name}`) });
  });

  test.each(["id", "version", "digest"] as const)(
    "is refused when the grant has no %s",
    async (name) => {
      const pkg = stubPackage({ permissions: needs, ...manifest });
      const { [name]: _, ...record } = boundRecord(pkg, { permissions: needs, ...grant });
      const decision = await createAuthority(pkg, record).decide(action, "execution");
      expect(decision).toMatchObject({ allowed: false, code: "grant/binding" });
      expect(decision).toMatchObject({ message: expect.stringContaining(`names no ${name}`) });
    },
  );
});

test("every_action_is_refused_to_every_other_row's_grants", async () => {
  for (const mine of rows) {
    for (const other of rows) {
      const covers = mine.needs.every((need) =>
        other.needs.some((permission) => permissionLabel(permission) === permissionLabel(need)),
      );
      const pkg = stubPackage({
        permissions: everything,
        request: [requestTarget],
        websocket: [webSocketTarget],
      });
      const record = boundRecord(pkg, { permissions: other.needs, ...other.grant });
      const { allowed } = await createAuthority(pkg, record).decide(mine.action, "execution");
      expect(allowed, `${mine.label} with the grants of ${other.label}`).toBe(covers);
    }
  }
});

test("a_namespace_ends_at_a_separator_on_both_sides", async () => {
  const names = [
    "git",
    "git_log",
    "git-log",
    "git.log",
    "git/log",
    "git:log",
    "github",
    "legit_x",
    "GIT_log",
  ];
  const allowedIn = async (namespace: string) => {
    const permissions = [permit.surface("tool"), permit.namespace(namespace)];
    const pkg = stubPackage({ permissions });
    const authority = createAuthority(pkg, grantRequested(pkg));
    const decisions = await Promise.all(
      names.map((name) =>
        authority.decide({ kind: "tool", name, externalWrite: false }, "execution"),
      ),
    );
    return names.filter((_, index) => decisions[index]?.allowed === true);
  };
  const inside = ["git_log", "git-log", "git.log", "git/log", "git:log"];
  expect(await allowedIn("git")).toEqual(inside);
  expect(await allowedIn("git_")).toEqual(["git_log"]);
  expect(await allowedIn("")).toEqual([]);
  expect(await allowedIn(" ")).toEqual([]);
});

test("a_caller_that_forgets_external_write_does_not_widen_anything", async () => {
  const permissions = [permit.surface("tool"), permit.tool("send")];
  const pkg = stubPackage({
    permissions,
    tools: [{ name: "send", description: "", input_schema: {}, external_write: true }],
  });
  const authority = createAuthority(pkg, grantRequested(pkg));
  const decision = await authority.decide(
    { kind: "tool", name: "send", externalWrite: false },
    "execution",
  );
  expect(decision).toMatchObject({
    allowed: false,
    message: expect.stringContaining("external_write"),
  });
});

test("an_empty_record_needs_no_binding_and_allows_nothing", async () => {
  const pkg = stubPackage({ permissions: everything });
  const empty = { permissions: [], request: [], websocket: [], fs: [], https: [] };
  const decision = await createAuthority(pkg, empty).decide(
    { kind: "service", name: "sync" },
    "execution",
  );
  expect(decision).toMatchObject({ code: "grant/denied" });
});

test("changing_the_record_after_the_fact_has_no_effect", async () => {
  const permissions = [permit.surface("tool"), permit.tool("echo")];
  const pkg = stubPackage({ permissions });
  const record = structuredClone(boundRecord(pkg, { permissions: [permit.surface("tool")] }));
  const authority = createAuthority(pkg, record);
  (record.permissions as Permission[]).push(permit.tool("echo"));
  const decision = await authority.decide(
    { kind: "tool", name: "echo", externalWrite: false },
    "execution",
  );
  expect(decision.allowed).toBe(false);
});

test.each([
  null,
  7,
  "all",
  [],
  { permissions: "all" },
  { decide: "yes" },
  { allow: [] },
  { permissions: [{ kind: "everything" }] },
])("grants of the wrong shape are the host's mistake: %j", (grants) => {
  const make = () => createAuthority(stubPackage(), (grants ?? 0) as never);
  expect(make).toThrow(expect.objectContaining({ code: "options/invalid" }));
});

test("an_action_of_an_unknown_kind_is_refused", async () => {
  const authority = createAuthority(stubPackage(), { decide: () => ({ allowed: true }) });
  for (const kind of ["constructor", "__proto__", "toString", "", undefined]) {
    const action = { kind, name: "x" } as never;
    expect(await authority.decide(action, "execution")).toMatchObject({ allowed: false });
    expect(authority.requested(action)).toMatchObject({ allowed: false });
  }
});

describe("audit", () => {
  const permissions = [permit.surface("tool"), permit.tool("echo"), permit.hostApi("https")];
  const pkg = stubPackage({ permissions });
  const grants = grantRequested(pkg, { https: [httpsGrant] });

  test("every_decision_is_told_with_who_what_and_why", async () => {
    const events: DecisionEvent[] = [];
    const authority = createAuthority(pkg, grants, { onDecision: (event) => events.push(event) });
    await authority.decide({ kind: "tool", name: "echo", externalWrite: false }, "registration");
    await authority.decide({ kind: "tool", name: "other", externalWrite: false }, "execution");
    expect(events).toEqual([
      expect.objectContaining({
        plugin: pkg.identity,
        subject: "tool.echo",
        at: "registration",
        decision: { allowed: true },
      }),
      expect.objectContaining({
        subject: "tool.other",
        at: "execution",
        decision: expect.objectContaining({ allowed: false, code: "grant/denied" }),
      }),
    ]);
    expect(events.every((event) => Object.isFrozen(event))).toBe(true);
  });

  test("no_query_user_or_control_character_reaches_the_trail", async () => {
    const events: DecisionEvent[] = [];
    const authority = createAuthority(pkg, grants, { onDecision: (event) => events.push(event) });
    for (const url of [
      "https://api.example.com/v1/x?key=s3cret#s3cret",
      "https://me:s3cret@api.example.com/v1/x",
      "not a url?s3cret",
      "https://me:s3cret@/\u001b]8;;x",
    ]) {
      await authority.decide(
        { kind: "host_api", api: "https", target: { kind: "url", url, method: "GET\u001b[31m" } },
        "host-call",
      );
    }
    expect(events).toHaveLength(4);
    expect(JSON.stringify(events)).not.toContain("s3cret");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is the point
    expect(events.map(({ subject }) => subject).join("")).not.toMatch(/[\u0000-\u001f]/u);
  });

  test("a_listener_that_throws_or_rejects_changes_nothing", async () => {
    const tool: Action = { kind: "tool", name: "echo", externalWrite: false };
    const rejecting = (async () => {
      throw new Error("listener");
    }) as () => void;
    const throwing = () => {
      throw new Error("listener");
    };
    for (const onDecision of [rejecting, throwing]) {
      const authority = createAuthority(pkg, grants, { onDecision });
      expect(await authority.decide(tool, "execution")).toEqual({ allowed: true });
    }
  });
});
