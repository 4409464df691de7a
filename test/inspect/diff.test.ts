import { describe, expect, test } from "vitest";
import { diffInspections, type InspectionDiff } from "../../src/inspect/diff.ts";
import { renderDiff } from "../../src/inspect/render-diff.ts";
import { componentRuntime, echoPermissions, echoTool, files, guest, inspect } from "./packages.ts";

const hostApi = (api: string) => `kind = "host_api"\napi = "${api}"`;
const request = (fields: string) =>
  files({
    runtime: `${componentRuntime}\n[[request]]\nscheme = "https"\nhost = "a.example"\n${fields}`,
    permissions: [...echoPermissions, hostApi("request")],
  });

async function diff(
  before: ReturnType<typeof files>,
  after: ReturnType<typeof files>,
): Promise<InspectionDiff> {
  return diffInspections(await inspect(before), await inspect(after));
}

describe("the difference of two versions", () => {
  test("of_the_same_package_is_nothing", async () => {
    const same = await diff(files(), files());
    expect(same).toMatchObject({ isSame: true, asksForMore: false, runtime: null });
    expect(renderDiff(same)).toContain("The two are the same package.");
  });

  test("names_new_permissions_surfaces_imports_and_tools", async () => {
    const after = files({
      artifact: guest("import-host-fs"),
      tools: echoTool + echoTool.replaceAll("echo", "read"),
      permissions: [...echoPermissions, 'kind = "tool"\nname = "read"', hostApi("fs")],
    });
    const found = await diff(files(), after);
    expect(found.asksForMore).toBe(true);
    expect(found.permissions).toEqual({ added: ["host_api.fs", "tool.read"], removed: [] });
    expect(found.imports).toEqual({ added: ["yoi:host/fs@1.0.0"], removed: [] });
    expect(found.tools).toMatchObject({ added: ["read"], removed: [], changed: [] });
    const back = await diff(after, files());
    expect(back.asksForMore).toBe(false);
    expect(back.permissions.removed).toEqual(["host_api.fs", "tool.read"]);
    const text = renderDiff(found);
    expect(text).toContain("asks for more");
    expect(text).toContain("  + host_api.fs\n");
    expect(renderDiff(back)).toContain("  - host_api.fs\n");
  });

  test("names_what_changed_about_a_tool", async () => {
    const described = await diff(
      files(),
      files({ tools: echoTool.replace("what it gets", "all") }),
    );
    expect(described.tools.changed).toEqual([{ name: "echo", fields: ["description"] }]);
    expect(described.asksForMore).toBe(false);
    const schema = await diff(files(), files({ tools: echoTool.replace('"string"', '"integer"') }));
    expect(schema.tools.changed).toEqual([{ name: "echo", fields: ["inputSchema"] }]);
    const hidden = await diff(
      files(),
      files({ tools: echoTool.replace("gets.", "gets.\\U000E0041") }),
    );
    expect(hidden.tools.changed).toEqual([{ name: "echo", fields: ["description"] }]);
  });

  test("a_tool_that_now_writes_outside_asks_for_more", async () => {
    const writing = files({ tools: echoTool.replace("\ninput", "\nexternal_write = true\ninput") });
    const found = await diff(files(), writing);
    expect(found).toMatchObject({ asksForMore: true, tools: { nowWriting: ["echo"] } });
    expect(renderDiff(found)).toContain("  ! echo now writes outside\n");
    expect((await diff(writing, files())).asksForMore).toBe(false);
  });

  test("a_schema_whose_keys_moved_is_the_same_schema", async () => {
    const moved = echoTool.replace(
      '{ type = "object", properties = { text = { type = "string" } } }',
      '{ properties = { text = { type = "string" } }, type = "object" }',
    );
    expect(moved).not.toBe(echoTool);
    expect((await diff(files(), files({ tools: moved }))).tools.changed).toEqual([]);
  });

  test("a_narrower_target_is_a_change_and_not_more", async () => {
    const wide = request('methods = ["GET", "POST"]\npath_prefixes = ["/v1"]\n');
    const narrow = request('methods = ["GET"]\npath_prefixes = ["/v1/x"]\n');
    const narrowed = await diff(wide, narrow);
    expect(narrowed).toMatchObject({
      asksForMore: false,
      targets: {
        added: ["host_api.request https://a.example GET /v1/x"],
        removed: ["host_api.request https://a.example GET,POST /v1"],
        wider: [],
      },
    });
    const widened = await diff(narrow, wide);
    expect(widened.asksForMore).toBe(true);
    expect(widened.targets.wider).toEqual(["host_api.request https://a.example GET,POST /v1"]);
  });

  test("targets_that_differ_beyond_the_end_of_their_label_are_different", async () => {
    const long = "/x".repeat(200);
    const found = await diff(
      request(`methods = ["GET"]\npath_prefixes = ["${long}/a"]\n`),
      request(`methods = ["GET"]\npath_prefixes = ["${long}/b"]\n`),
    );
    expect(found.targets.wider).toHaveLength(1);
  });

  test("an_ingress_with_a_new_source_and_a_changed_runtime_are_named", async () => {
    const runtime = componentRuntime.replace("yoi:plugin/tool", "yoi:plugin/instance");
    const withSource = (source: string) =>
      files({
        runtime,
        artifact: guest("instance-world"),
        tools: `${echoTool}[[ingresses]]\nname = "inbox"\ndescription = "i"\nsources = ["${source}"]\n`,
      });
    const found = await diff(withSource("a"), withSource("b"));
    expect(found.asksForMore).toBe(true);
    expect(found.ingresses.changed).toEqual([{ name: "inbox", fields: ["sources"] }]);
    const world = await diff(files(), withSource("a"));
    expect(world.runtime).toEqual({
      from: "wasm-component/yoi:plugin/tool@1.0.0",
      to: "wasm-component/yoi:plugin/instance@1.0.0",
    });
    expect(world.surfaces.added).toEqual(["ingress"]);
  });

  test("works_on_reports_that_came_back_from_json_and_on_refused_packages", async () => {
    const [one, two] = [await inspect(files()), await inspect(new Uint8Array(4))];
    const revived = JSON.parse(JSON.stringify(one));
    expect(diffInspections(revived, one)).toEqual(diffInspections(one, one));
    expect(diffInspections(two, two).isSame).toBe(false);
    expect(diffInspections(two, one).asksForMore).toBe(true);
    const found = diffInspections(one, two);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    expect(renderDiff(found)).toContain("an unreadable package");
  });
});
