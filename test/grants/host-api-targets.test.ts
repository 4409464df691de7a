import { describe, expect, test } from "vitest";
import type { GrantRecord, HostApiTarget } from "../../src/grants/grants.types.ts";
import { createAuthority, grantRequested, type TargetsInput } from "../../src/grants/plan.ts";
import type { Manifest } from "../../src/manifest/manifest.types.ts";
import { permit, stubPackage } from "./stub-package.ts";

async function decide(
  api: "https" | "request" | "websocket" | "fs",
  target: HostApiTarget,
  grants: TargetsInput,
  manifest: Partial<Manifest> = {},
) {
  const pkg = stubPackage({ permissions: [permit.hostApi(api)], ...manifest });
  return createAuthority(pkg, grantRequested(pkg, grants)).decide(
    { kind: "host_api", api, target },
    "host-call",
  );
}

const get = (url: string, isPrivate = false): HostApiTarget => ({
  kind: "url",
  url,
  method: "GET",
  isPrivate,
});
const any = { scheme: "*", host: "*", methods: ["GET"], path_prefixes: [] };
const named = {
  scheme: "https",
  host: "api.example.com",
  methods: ["GET"],
  path_prefixes: ["/v1"],
};

describe("request", () => {
  test("a_url_must_be_held_by_the_manifest_and_by_a_grant", async () => {
    const url = get("https://api.example.com/v1/x");
    expect(await decide("request", url, { request: [named] }, { request: [named] })).toEqual({
      allowed: true,
    });
    expect(await decide("request", url, { request: [named] }, { request: [] })).toMatchObject({
      message: expect.stringContaining(
        "The manifest does not ask for host_api.request GET https://",
      ),
    });
    expect(await decide("request", url, {}, { request: [named] })).toMatchObject({
      message: expect.stringContaining("No grant allows host_api.request GET https://"),
    });
  });

  test.each([
    "http://api.example.com/v1/x",
    "https://api.example.com:8443/v1/x",
    "https://sub.api.example.com/v1/x",
    "https://api.example.com.evil.example/v1/x",
    "https://api.example.com/v1evil",
    "https://api.example.com/v1/../admin",
    "https://api.example.com/v1/%2e%2e/admin",
    "https://api.example.com/v1/..%2fadmin",
    "https://api.example.com/v1/..%252fadmin",
    "https://api.example.com/v1/%252e%252e%252fadmin",
    "https://api.example.com/v1/..%5cadmin",
    "https://api.example.com/v1/..;/admin",
    "https://api.example.com/v1//..%2f..%2fadmin",
    "https://api.example.com\\@evil.example/v1/x",
    "https://user@api.example.com/v1/x",
    "ws://api.example.com/v1/x",
    "wss://api.example.com/v1/x",
    "file:///v1/x",
    "javascript:alert(1)",
    "//api.example.com/v1/x",
    "/v1/x",
    "",
  ])("%s is outside https://api.example.com GET /v1", async (url) => {
    const decision = await decide("request", get(url), { request: [named] }, { request: [named] });
    expect(decision).toMatchObject({ allowed: false, code: "grant/denied" });
  });

  test.each([
    "https://API.example.com/v1",
    "https://api.example.com./v1/",
    "https://api.example.com:443/v1/x?y=/../z",
    "https://api.example.com/other/../v1/x",
    "https://api.example.com/v1/a%2fb",
    "https://api.example.com/v1/x..y",
  ])("%s is inside https://api.example.com GET /v1", async (url) => {
    const decision = await decide("request", get(url), { request: [named] }, { request: [named] });
    expect(decision).toEqual({ allowed: true });
  });

  test("another_method_is_outside", async () => {
    const post: HostApiTarget = { kind: "url", url: "https://api.example.com/v1", method: "POST" };
    const none: HostApiTarget = { kind: "url", url: "https://api.example.com/v1" };
    for (const target of [post, none]) {
      const decision = await decide("request", target, { request: [named] }, { request: [any] });
      expect(decision).toMatchObject({ allowed: false });
    }
  });

  test.each<
    [boolean, Partial<GrantRecord["request"][number]>, Partial<Manifest["request"][number]>]
  >([
    [true, { ...named, allow_private: true }, named],
    [false, named, named],
    [false, { ...named, allow_private: false }, named],
    [false, { ...any, allow_private: true }, named],
    [false, { ...named, allow_private: true }, any],
    [false, { ...any, allow_private: true }, any],
  ])(
    "a private address is allowed: %j, for grant %j and request %j",
    async (isAllowed, grant, request) => {
      const target = get("https://api.example.com/v1/x", true);
      const decision = await decide(
        "request",
        target,
        { request: [grant as typeof named] },
        { request: [request as typeof named] },
      );
      expect(decision.allowed).toBe(isAllowed);
    },
  );
});

describe("https", () => {
  const grant = { host: "api.example.com", methods: ["GET"], path_prefixes: ["/v1/"] };

  test("the_grant_alone_names_where_it_may_reach", async () => {
    const reach = (url: string, isPrivate = false) =>
      decide("https", get(url, isPrivate), { https: [grant] });
    expect(await reach("https://api.example.com/v1/x")).toEqual({ allowed: true });
    expect(await reach("https://api.example.com/v1")).toMatchObject({ allowed: false });
    expect(await reach("http://api.example.com/v1/x")).toMatchObject({ allowed: false });
    expect(await reach("https://api.example.com:444/v1/x")).toMatchObject({ allowed: false });
  });

  test("a_private_address_is_never_allowed", async () => {
    const decision = await decide("https", get("https://api.example.com/v1/x", true), {
      https: [grant],
    });
    expect(decision).toMatchObject({ message: expect.stringContaining("private") });
  });

  test("a_wildcard_host_matches_nothing", async () => {
    const grants = { https: [{ ...grant, host: "*" }] };
    expect(await decide("https", get("https://api.example.com/v1/x"), grants)).toMatchObject({
      allowed: false,
    });
  });
});

describe("websocket", () => {
  const socket = { scheme: "wss", host: "api.example.com", path_prefixes: ["/socket"] };
  const open = (url: string, isPrivate = false): HostApiTarget => ({ kind: "url", url, isPrivate });

  test("both_sides_must_name_the_url", async () => {
    const both = [{ websocket: [socket] }, { websocket: [socket] }] as const;
    const reach = (url: string) => decide("websocket", open(url), ...both);
    expect(await reach("wss://api.example.com/socket/1")).toEqual({ allowed: true });
    expect(await reach("ws://api.example.com/socket")).toMatchObject({ allowed: false });
    expect(await reach("https://api.example.com/socket")).toMatchObject({ allowed: false });
    expect(await reach("wss://api.example.com/sockets")).toMatchObject({ allowed: false });
  });

  test("loopback_needs_its_name_on_both_sides_and_allow_private", async () => {
    const local = { scheme: "ws", host: "localhost", port: 8080, path_prefixes: [] };
    const url = open("ws://localhost:8080/x", true);
    const wild = { scheme: "*", host: "*", port: 8080, path_prefixes: [] };
    const allowsIt = async (grant: object, request: object) =>
      (
        await decide(
          "websocket",
          url,
          { websocket: [grant as typeof local] },
          { websocket: [request as typeof local] },
        )
      ).allowed;
    expect(await allowsIt({ ...local, allow_private: true }, local)).toBe(true);
    expect(await allowsIt(local, local)).toBe(false);
    expect(await allowsIt({ ...local, allow_private: true }, wild)).toBe(false);
    expect(await allowsIt({ ...wild, allow_private: true }, local)).toBe(false);
  });
});

describe("fs", () => {
  const grants: TargetsInput = {
    fs: [
      { root: "/srv/data", operations: ["read", "list"] },
      { root: "relative", operations: ["write"] },
      { root: "/srv/none", operations: [] },
    ],
  };
  const reach = (root: string, operation: "read" | "list" | "write") =>
    decide("fs", { kind: "folder", root, operation }, grants);

  test("only_a_granted_root_and_operation_is_allowed", async () => {
    expect(await reach("/srv/data", "read")).toEqual({ allowed: true });
    expect(await reach("/srv/data", "write")).toMatchObject({ allowed: false });
    expect(await reach("/srv/data/sub", "read")).toMatchObject({ allowed: false });
    expect(await reach("relative", "write")).toMatchObject({ allowed: false });
    expect(await reach("/srv/none", "read")).toMatchObject({ allowed: false });
    expect(await reach("/", "read")).toMatchObject({ allowed: false });
  });

  test("the_authority_tells_which_roots_to_try", () => {
    const pkg = stubPackage({ permissions: [permit.hostApi("fs")] });
    expect(createAuthority(pkg, grantRequested(pkg, grants)).targets().fs).toHaveLength(3);
    const foreign = { ...grantRequested(pkg, grants), version: "2" };
    expect(createAuthority(pkg, foreign).targets().fs).toHaveLength(0);
    expect(createAuthority(pkg, undefined).targets().fs).toHaveLength(0);
  });
});

test("a_target_of_the_wrong_kind_is_refused", async () => {
  const folder: HostApiTarget = { kind: "folder", root: "/srv", operation: "read" };
  const grants: TargetsInput = {
    fs: [{ root: "/srv", operations: ["read"] }],
    https: [{ host: "api.example.com", methods: ["GET"] }],
  };
  expect(await decide("https", folder, grants)).toMatchObject({ allowed: false });
  expect(await decide("fs", get("https://api.example.com/"), grants)).toMatchObject({
    allowed: false,
  });
});

test("an_api_that_no_manifest_can_ask_for_is_refused", async () => {
  const pkg = stubPackage({ permissions: [permit.hostApi("https")] });
  const authority = createAuthority(pkg, { decide: () => ({ allowed: true }) });
  for (const api of ["acme:crm/contacts@1.0.0", "constructor", "__proto__", "HTTPS"]) {
    const decision = await authority.decide(
      { kind: "host_api", api, target: get("https://x/") },
      "host-call",
    );
    expect(decision).toMatchObject({
      allowed: false,
      message: `The manifest does not ask for host_api.${api}.`,
    });
  }
});
