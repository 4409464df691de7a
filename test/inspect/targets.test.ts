import { describe, expect, test } from "vitest";
import { all, ask, grantRequested, type TargetsInput } from "../../src/grants/plan.ts";
import type { RequestTarget } from "../../src/manifest/manifest.types.ts";
import { componentRuntime, echoPermissions, files, inspect, loadPackage } from "./packages.ts";

const hostApi = (api: string) => `kind = "host_api"\napi = "${api}"`;
const list = (texts: readonly string[]) => `[${texts.map((text) => `"${text}"`).join(", ")}]`;

const named = { scheme: "https", host: "a.example", methods: ["GET"], path_prefixes: ["/v1"] };

function asking(api: "request" | "websocket", targets: readonly Partial<RequestTarget>[]) {
  const toml = targets
    .map(
      ({ scheme = "", host = "", methods, path_prefixes = [] }) =>
        `[[${api}]]\nscheme = "${scheme}"\nhost = "${host}"\n${methods === undefined ? "" : `methods = ${list(methods)}\n`}path_prefixes = ${list(path_prefixes)}\n`,
    )
    .join("");
  return files({
    runtime: `${componentRuntime}\n${toml}`,
    permissions: [...echoPermissions, hostApi(api)],
  });
}

async function targetsOf(made: ReturnType<typeof files>, granted: TargetsInput) {
  const pkg = await loadPackage(made);
  return inspect(pkg, { grants: grantRequested(pkg, granted) });
}

describe("request targets", () => {
  test("static_inspection_reports_covering_request_grants_as_runtime_eligible", async () => {
    const report = await targetsOf(asking("request", [named]), { request: [named] });
    expect(report.status).toBe("active");
    expect(report.hostApis).toMatchObject([{ name: "request", eligible: true }]);
    expect(report.targets).toMatchObject([
      {
        permission: "host_api.request target https://a.example GET /v1",
        requested: true,
        granted: true,
        eligible: true,
        covered: "fully",
        diagnostic: null,
      },
      {
        permission: "host_api.request grant https://a.example GET /v1",
        side: "grant",
        eligible: true,
        covered: "fully",
        diagnostic: null,
      },
    ]);
  });

  test("static_inspection_reports_request_grant_intersections_as_runtime_eligible", async () => {
    const wide = { ...named, methods: ["GET", "POST"] };
    const narrow = { ...named, path_prefixes: ["/v1/x"] };
    const report = await targetsOf(asking("request", [wide]), { request: [narrow] });
    expect(report.status).toBe("active");
    expect(report.targets).toMatchObject([
      {
        eligible: true,
        covered: "partly",
        diagnostic: expect.stringMatching(/^Partially covered/u),
      },
      { eligible: true, covered: "fully", diagnostic: null },
    ]);
    const other = await targetsOf(asking("request", [narrow]), { request: [wide] });
    expect(other.targets).toMatchObject([
      { covered: "fully" },
      { covered: "partly", diagnostic: expect.stringContaining("Only usable where it intersects") },
    ]);
  });

  test("grants_that_cover_only_together_are_counted_together", async () => {
    const wide = { ...named, methods: ["GET", "POST"] };
    const each = ["GET", "POST"].map((method) => ({ ...named, methods: [method] }));
    const report = await targetsOf(asking("request", [wide]), { request: each });
    expect(report.targets[0]).toMatchObject({ covered: "fully" });
  });

  test("a_broad_request_and_a_broad_grant_are_said_to_be_broad", async () => {
    const open = { ...named, host: "*", path_prefixes: [] };
    const broadRequest = await targetsOf(asking("request", [open]), { request: [named] });
    expect(broadRequest.targets).toMatchObject([
      {
        broad: true,
        covered: "partly",
        diagnostic: expect.stringContaining("the target is broad"),
      },
      { broad: false, covered: "fully" },
    ]);
    const broadGrant = await targetsOf(asking("request", [named]), { request: [open] });
    expect(broadGrant.targets).toMatchObject([
      {
        broad: false,
        covered: "fully",
        diagnostic: expect.stringContaining("Covered by a broad grant"),
      },
      {
        broad: true,
        permission: "host_api.request grant https://* GET * [broad-request]",
        diagnostic: expect.stringContaining("constrained by the manifest"),
      },
    ]);
    const missing = await targetsOf(asking("request", [open]), { request: [] });
    expect(missing.targets).toMatchObject([
      {
        diagnostic: expect.stringMatching(
          /^Missing enabled host_api\.request grant\. The target is broad: it asks for any host, any path/u,
        ),
      },
    ]);
  });

  test("a_target_without_an_overlapping_grant_is_missing_one_and_the_grant_is_grant_only", async () => {
    const elsewhere = { ...named, host: "b.example" };
    const report = await targetsOf(asking("request", [named]), { request: [elsewhere] });
    expect(report.status).toBe("partial");
    expect(report.targets).toMatchObject([
      {
        side: "manifest",
        requested: true,
        granted: false,
        eligible: false,
        covered: "not",
        diagnostic: "Missing enabled host_api.request grant.",
      },
      {
        side: "grant-only",
        permission: "host_api.request grant-only https://b.example GET /v1",
        requested: false,
        granted: true,
        eligible: false,
      },
    ]);
  });

  test("a_target_that_can_match_nothing_is_said_to_be_so", async () => {
    const report = await targetsOf(asking("request", [{ ...named, methods: [] }]), {
      request: [{ ...named, path_prefixes: ["v1"] }],
    });
    expect(report.targets.map(({ diagnostic }) => diagnostic)).toEqual([
      expect.stringContaining("match nothing"),
      expect.stringContaining("match nothing"),
    ]);
    expect(report.hostApis[0]).toMatchObject({ requested: true, eligible: false });
  });

  test("without_grants_the_manifest_s_targets_are_shown_as_asked_for", async () => {
    const report = await inspect(asking("request", [named]));
    expect(report.status).toBe("disabled");
    expect(report.targets).toMatchObject([{ requested: true, granted: false, eligible: false }]);
  });

  test("behind_a_policy_each_call_is_decided_when_it_is_made", async () => {
    const pkg = await loadPackage(asking("request", [named]));
    const report = await inspect(pkg, { grants: ask(() => true) });
    expect(report.status).toBe("active");
    expect(report.targets).toMatchObject([
      { granted: false, eligible: true, diagnostic: expect.stringContaining("policy decides") },
    ]);
    const both = await inspect(pkg, {
      grants: all(
        grantRequested(pkg, { request: [named] }),
        ask(() => true),
      ),
    });
    expect(both.targets).toMatchObject([{ side: "manifest", covered: "fully" }, { side: "grant" }]);
  });
});

test("websocket_static_inspection_reports_grant_only_missing_and_broad", async () => {
  const socket = { scheme: "wss", host: "a.example", path_prefixes: ["/s"] };
  const open = { scheme: "wss", host: "*", path_prefixes: ["/s"] };
  const elsewhere = { scheme: "wss", host: "b.example", path_prefixes: [] };
  const report = await targetsOf(asking("websocket", [socket, open]), { websocket: [elsewhere] });
  expect(report.targets).toMatchObject([
    { diagnostic: "Missing enabled host_api.websocket grant.", eligible: false },
    { broad: true, covered: "partly", eligible: true },
    {
      side: "grant",
      broad: true,
      diagnostic: expect.stringContaining("constrained by the manifest"),
    },
  ]);
  const only = await targetsOf(asking("websocket", [socket]), { websocket: [elsewhere] });
  expect(only.targets[1]).toMatchObject({
    side: "grant-only",
    permission: "host_api.websocket grant-only wss://b.example * [broad-websocket]",
  });
});

test("folders_and_https_hosts_granted_without_a_request_allow_nothing", async () => {
  const report = await targetsOf(files(), {
    fs: [{ root: "/srv", operations: ["read"] }],
    https: [{ host: "a.example", methods: ["GET"], path_prefixes: ["/v1"] }],
  });
  expect(report.targets).toMatchObject([
    { name: "https", side: "grant-only", eligible: false },
    {
      name: "fs",
      side: "grant-only",
      eligible: false,
      permission: "host_api.fs grant-only /srv read",
    },
  ]);
  const relative = await targetsOf(files({ permissions: [...echoPermissions, hostApi("fs")] }), {
    fs: [{ root: "data", operations: ["read"] }],
  });
  expect(relative.targets[0]).toMatchObject({
    diagnostic: expect.stringContaining("absolute root"),
  });
});
