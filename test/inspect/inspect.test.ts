import { describe, expect, test, vi } from "vitest";
import { grantRequested } from "../../src/grants/plan.ts";
import { rawGuestDefaults, textLimits } from "../../src/limits.ts";
import {
  componentRuntime,
  echoPermissions,
  echoTool,
  files,
  guest,
  inspect,
  loadPackage,
} from "./packages.ts";

const hostApi = (api: string) => `kind = "host_api"\napi = "${api}"`;
const codes = (report: { diagnostics: readonly { code: string }[] }) =>
  report.diagnostics.map(({ code }) => code);

async function inspectGranted(made: ReturnType<typeof files>, targets = {}) {
  const pkg = await loadPackage(made);
  return inspect(pkg, { grants: grantRequested(pkg, targets) });
}

describe("a good package", () => {
  test("is_disabled_without_grants_and_active_with_them", async () => {
    const disabled = await inspect(files());
    expect(disabled).toMatchObject({ status: "disabled", defective: false, diagnostics: [] });
    expect(disabled.tools).toMatchObject([
      { name: "echo", permission: "tool.echo", requested: true, granted: false, eligible: false },
    ]);
    const active = await inspectGranted(files());
    expect(active).toMatchObject({ status: "active", diagnostics: [], notes: [] });
    expect(active.tools).toEqual([
      {
        name: "echo",
        permission: "tool.echo",
        requested: true,
        granted: true,
        eligible: true,
        diagnostic: null,
        description: "Gives back what it gets.",
        inputSchema: { type: "object", properties: { text: { type: "string" } } },
        externalWrite: false,
      },
    ]);
  });

  test("is_described_by_identity_size_and_what_its_bytes_say", async () => {
    const made = files();
    const pkg = await loadPackage(made);
    const report = await inspect(made);
    expect(report.package).toMatchObject({
      ref: "project:example.echo",
      source: "project",
      id: "example.echo",
      version: "1.0.0",
      digest: pkg.digest,
      name: "Echo",
      files: 2,
      archiveBytes: null,
      largestFile: { path: "guest.wasm", bytes: guest("echo").length },
      exceedsReference: false,
    });
    expect(report.runtime).toMatchObject({
      kind: "wasm-component",
      world: "yoi:plugin/tool@1.0.0",
      status: "wasm-component/yoi:plugin/tool@1.0.0",
      artifact: "guest.wasm",
      bytes: guest("echo").length,
      imports: [],
      exports: ["call"],
      instanceCapable: false,
      eligible: true,
      diagnostic: null,
    });
    expect(report.runtime?.memories.length).toBeGreaterThan(0);
  });

  test("is_reported_alike_from_files_and_as_a_loaded_package_and_counted_to_its_source", async () => {
    const pkg = await loadPackage(files());
    expect(await inspect(pkg)).toEqual(await inspect(files()));
    const user = await inspect(files(), { source: "user" });
    expect(user.package.ref).toBe("user:example.echo");
  });

  test("gives_plain_json_frozen_at_every_depth", async () => {
    const report = await inspectGranted(files());
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    const isDeeplyFrozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen));
    expect(isDeeplyFrozen(report)).toBe(true);
  });

  test("shows_the_instance_world_as_instance_capable", async () => {
    const runtime = componentRuntime.replace("yoi:plugin/tool", "yoi:plugin/instance");
    const report = await inspectGranted(files({ runtime, artifact: guest("instance-world") }));
    expect(report.runtime).toMatchObject({ instanceCapable: true, eligible: true });
    expect(report.runtime?.exports).toEqual(
      expect.arrayContaining(["start", "handle-tool", "handle-ingress", "status", "stop"]),
    );
  });
});

describe("static_inspection_does_not_read_or_execute_package", () => {
  test("[inspect/no-compile] nothing_is_compiled_or_run_even_by_a_guest_that_loops_at_its_start", async () => {
    const spies = (["compile", "instantiate", "validate"] as const).map((name) =>
      vi.spyOn(WebAssembly, name),
    );
    const constructors = [vi.spyOn(WebAssembly, "Module"), vi.spyOn(WebAssembly, "Instance")];
    try {
      const report = await inspectGranted(files({ artifact: guest("loop-in-start") }));
      expect(report.runtime?.exports).toEqual(["call"]);
      for (const spy of [...spies, ...constructors]) expect(spy).not.toHaveBeenCalled();
    } finally {
      vi.restoreAllMocks();
    }
  });

  test("[load/noise] 24_MiB_of_noise_are_refused_in_a_moment", async () => {
    const noise = new Uint8Array(24 * 1024 * 1024);
    let state = 1;
    for (let at = 0; at < noise.length; at += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      noise[at] = state >>> 24;
    }
    for (const preamble of [
      [],
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0],
    ]) {
      noise.set(preamble);
      const pkg = await loadPackage(files({ artifact: noise }));
      const started = performance.now();
      const report = await inspect(pkg);
      expect(performance.now() - started).toBeLessThan(2_000);
      expect(report).toMatchObject({ status: "rejected", defective: true });
      expect(report.runtime).toMatchObject({ bytes: noise.length, imports: [], eligible: false });
      expect(codes(report)[0]).toMatch(/^artifact\/(?:malformed|unsupported|limit)$/u);
    }
  });
});

describe("[inspect/defects] real against declared", () => {
  const rawRuntime = `[runtime]\nkind = "wasm"\nentry = "guest.wasm"\nabi = "yoi-plugin-wasm-1"\n`;

  test.each([
    ["core-module", componentRuntime, "artifact/wrong-kind"],
    ["echo", rawRuntime, "artifact/wrong-kind"],
    ["export-missing", componentRuntime, "artifact/missing-export"],
    ["import-unknown", componentRuntime, "artifact/unknown-import"],
    ["import-host-unversioned", componentRuntime, "artifact/unknown-import"],
    ["import-host-other-version", componentRuntime, "artifact/unknown-import"],
    ["import-wasi-http", componentRuntime, "artifact/unknown-import"],
    ["import-wasi-sockets", componentRuntime, "artifact/unknown-import"],
    ["names-core-import-module", componentRuntime, "artifact/unsafe-name"],
    ["names-core-import-field", componentRuntime, "artifact/unsafe-name"],
    ["names-core-export", componentRuntime, "artifact/unsafe-name"],
    ["memory-declared-too-large", componentRuntime, "artifact/limit"],
    ["table-declared-too-large", componentRuntime, "artifact/limit"],
    ["exploding-instances", componentRuntime, "artifact/limit"],
    ["feature-gc", componentRuntime, "artifact/unsupported"],
    ["feature-memory64", componentRuntime, "artifact/unsupported"],
    ["feature-threads", componentRuntime, "artifact/unsupported"],
  ])("%s is refused with its own code", async (name, runtime, code) => {
    const report = await inspectGranted(files({ runtime, artifact: guest(name) }));
    expect(report).toMatchObject({ status: "rejected", defective: true });
    expect(codes(report)).toContain(code);
    expect(report.runtime?.eligible).toBe(false);
    expect(report.runtime?.diagnostic).toBe(report.diagnostics[0]?.message);
  });

  test("a_tool_component_in_the_instance_world_has_the_wrong_world", async () => {
    const runtime = componentRuntime.replace("yoi:plugin/tool", "yoi:plugin/instance");
    const report = await inspectGranted(files({ runtime }));
    expect(report.status).toBe("rejected");
    expect(codes(report)[0]).toMatch(/^artifact\/(?:world-mismatch|missing-export)$/u);
  });

  test("an_export_of_another_type_is_refused", async () => {
    const report = await inspectGranted(files({ artifact: guest("export-list-of-bytes") }));
    expect(report.status).toBe("rejected");
    expect(codes(report)[0]).toMatch(/^artifact\/(?:world-mismatch|missing-export)$/u);
  });

  test("[inspect/imports-exports] imports_are_shown_as_the_bytes_have_them", async () => {
    const report = await inspect(files({ artifact: guest("import-host-fs") }));
    expect(report.runtime?.imports).toEqual(["yoi:host/fs@1.0.0"]);
    const url = await inspect(files({ artifact: guest("import-url") }));
    expect(url.runtime?.imports[0]).toMatch(/^url=</u);
    const raw = await inspect(files({ runtime: rawRuntime, artifact: guest("core-module") }));
    expect(raw.runtime).toMatchObject({ kind: "wasm", abi: "yoi-plugin-wasm-1" });
  });

  test("limits_of_the_host_decide_what_a_guest_may_declare", async () => {
    const made = files({ artifact: guest("memory-at-cap") });
    expect(codes(await inspect(made))).toEqual([]);
    expect(codes(await inspect(made, { limits: { memoryBytes: 65_536 } }))).toContain(
      "artifact/limit",
    );
    const small = await inspect(files(), { limits: { artifactBytes: 8 } });
    expect(codes(small)).toEqual(["artifact/limit"]);
    const tiny = await inspect(files(), { limits: { manifestBytes: 8 } });
    expect(codes(tiny)).toEqual(["manifest/bounds"]);
    expect(rawGuestDefaults.memoryBytes).toBeLessThan(64 * 1024 * 1024);
  });
});

describe("host APIs", () => {
  const withFs = files({
    artifact: guest("import-host-fs"),
    permissions: [...echoPermissions, hostApi("fs")],
  });

  test("an_import_that_the_manifest_does_not_ask_for_is_a_defect", async () => {
    const report = await inspectGranted(files({ artifact: guest("import-host-fs") }));
    expect(report).toMatchObject({ status: "rejected", defective: true });
    expect(report.hostApis).toMatchObject([
      { name: "fs", imported: true, requested: false, granted: false, eligible: false },
    ]);
    expect(report.diagnostics[0]).toMatchObject({
      code: "grant/denied",
      message: expect.stringContaining("does not ask for host_api.fs"),
    });
  });

  test("an_import_without_its_targets_leaves_the_package_partial_and_says_so", async () => {
    const report = await inspectGranted(withFs);
    expect(report.status).toBe("partial");
    expect(report.hostApis).toMatchObject([
      { permission: "host_api.fs", requested: true, eligible: false },
    ]);
    expect(report.runtime).toMatchObject({
      eligible: false,
      diagnostic: expect.stringContaining("host_api.fs"),
    });
  });

  test("with_its_folder_granted_everything_is_usable", async () => {
    const report = await inspectGranted(withFs, { fs: [{ root: "/srv", operations: ["read"] }] });
    expect(report.status).toBe("active");
    expect(report.targets).toMatchObject([
      { permission: "host_api.fs grant /srv read", eligible: true, broad: false, covered: "fully" },
    ]);
  });

  test("a_request_that_nothing_imports_is_shown_as_such", async () => {
    const made = files({ permissions: [...echoPermissions, hostApi("https")] });
    const report = await inspectGranted(made, { https: [{ host: "a.example", methods: ["GET"] }] });
    expect(report.hostApis).toMatchObject([{ name: "https", imported: false, eligible: true }]);
    expect(report.targets).toMatchObject([{ name: "https", broad: true }]);
  });
});

describe("tools", () => {
  test("static_inspection_reports_missing_tool_grant", async () => {
    const pkg = await loadPackage(files());
    const grants = { ...grantRequested(pkg), permissions: pkg.manifest.permissions.slice(0, 1) };
    const report = await inspect(pkg, { grants });
    expect(report.status).toBe("rejected");
    expect(report.defective).toBe(false);
    expect(report.tools[0]).toMatchObject({
      requested: true,
      granted: false,
      eligible: false,
      diagnostic: "No grant allows tool.echo.",
    });
    expect(report.diagnostics).toEqual([
      {
        code: "grant/denied",
        phase: "inspection",
        message: "tool.echo: No grant allows tool.echo.",
      },
    ]);
  });

  test("partial_status_represents_mixed_tool_usability", async () => {
    const second = echoTool.replaceAll("echo", "other");
    const pkg = await loadPackage(
      files({
        tools: echoTool + second,
        permissions: [...echoPermissions, 'kind = "tool"\nname = "other"'],
      }),
    );
    const permissions = pkg.manifest.permissions.slice(0, 2);
    const report = await inspect(pkg, { grants: { ...grantRequested(pkg), permissions } });
    expect(report.status).toBe("partial");
    expect(report.tools.map(({ eligible }) => eligible)).toEqual([true, false]);
  });

  test("a_tool_that_the_manifest_does_not_ask_for_can_never_be_used", async () => {
    const report = await inspect(files({ permissions: [] }));
    expect(report).toMatchObject({ status: "rejected", defective: true });
    expect(report.tools[0]?.diagnostic).toContain(
      "The manifest does not ask for surfaces.tool, tool.echo",
    );
  });

  test("static_inspection_reports_invalid_tool_definition", async () => {
    const tools = echoTool.replace('{ type = "string" }', '{ "$ref" = "#/x" }');
    const report = await inspectGranted(files({ tools }));
    expect(report).toMatchObject({ status: "rejected", defective: true });
    expect(report.tools[0]).toMatchObject({ requested: true, granted: true, eligible: false });
    expect(report.tools[0]?.diagnostic).toContain("$.properties.text");
    expect(codes(report)).toEqual(["registry/invalid-tool"]);
  });

  test("static_inspection_reports_invalid_and_duplicate_tool_names", async () => {
    const named = (name: string) => echoTool.replace('name = "echo"', `name = "${name}"`);
    const names = ["", "two words", "a".repeat(129), "bell\\u0007", "rtl\\u202e", "echo", "echo"];
    const permissions = [
      ...echoPermissions,
      ...names.slice(0, 5).map((name) => `kind = "tool"\nname = "${name}"`),
    ];
    const report = await inspectGranted(files({ tools: names.map(named).join(""), permissions }));
    expect(report.status).toBe("rejected");
    expect(report.tools.map(({ eligible }) => eligible)).toEqual(names.map(() => false));
    expect(report.tools.map(({ diagnostic }) => diagnostic)).toEqual([
      "The tool's name is empty.",
      expect.stringContaining("has a space"),
      expect.stringContaining("more than 128 bytes"),
      expect.stringContaining("control character"),
      expect.stringContaining("invisible"),
      "Another tool of the package has the same name.",
      "Another tool of the package has the same name.",
    ]);
    const longest = await inspectGranted(
      files({
        tools: named("a".repeat(128)),
        permissions: [echoPermissions[0], `kind = "tool"\nname = "${"a".repeat(128)}"`],
      }),
    );
    expect(longest.status).toBe("active");
  });

  test("tools_without_a_runtime_are_a_defect", async () => {
    const report = await inspectGranted(files({ runtime: "" }));
    expect(report).toMatchObject({ status: "rejected", runtime: null });
    expect(codes(report)).toEqual(["artifact/missing"]);
  });
});

describe("grants", () => {
  test("grant_mismatch_is_inspectable_and_named_once", async () => {
    const pkg = await loadPackage(files());
    const grants = { ...grantRequested(pkg), version: "2.0.0" };
    const report = await inspect(pkg, { grants });
    expect(report).toMatchObject({ status: "rejected", defective: false });
    expect(codes(report)).toEqual(["grant/binding"]);
    expect(report.diagnostics[0]?.message).toContain('its version is "2.0.0"');
  });

  test("a_policy_is_asked_at_inspection_and_only_for_what_is_requested", async () => {
    const asked: string[] = [];
    const report = await inspect(files(), {
      grants: {
        decide: ({ action, at }) => {
          asked.push(`${action.kind} ${at}`);
          return { allowed: true };
        },
      },
    });
    expect(report.status).toBe("active");
    expect(new Set(asked)).toEqual(new Set(["surface inspection", "tool inspection"]));
    const unasked = await inspect(files({ permissions: [] }), {
      grants: {
        decide: () => {
          throw new Error("asked for what nobody requested");
        },
      },
    });
    expect(unasked.status).toBe("rejected");
  });

  test("malformed_grants_limits_and_surfaces_are_the_host's_mistake", async () => {
    const invalid = expect.objectContaining({ code: "options/invalid" });
    await expect(inspect(files(), { grants: { permission: [] } as never })).rejects.toEqual(
      invalid,
    );
    await expect(inspect(files(), { grants: 7 as never })).rejects.toEqual(invalid);
    await expect(inspect(files(), { grants: null as never })).rejects.toEqual(invalid);
    await expect(inspect(files(), { limits: { entrys: 1 } as never })).rejects.toEqual(invalid);
    await expect(inspect(files(), { limits: { entries: 0 } })).rejects.toEqual(invalid);
    await expect(inspect(files(), { surfaces: ["tools"] as never })).rejects.toEqual(invalid);
    await expect(inspect(7 as never)).rejects.toEqual(invalid);
    await expect(inspect(null as never)).rejects.toEqual(invalid);
  });
});

describe("surfaces", () => {
  const runtime = componentRuntime.replace("yoi:plugin/tool", "yoi:plugin/instance");
  const service = `[[services]]\nname = "sync"\ndescription = "Keeps in sync."\n`;
  const made = files({
    runtime,
    artifact: guest("instance-world"),
    tools: echoTool + service,
    permissions: [
      ...echoPermissions,
      'kind = "surface"\nsurface = "service"',
      'kind = "service"\nname = "sync"',
    ],
  });

  test("service_selected_ignores_unselected_tool_without_grants", async () => {
    const pkg = await loadPackage(made);
    const permissions = pkg.manifest.permissions.slice(2);
    const grants = { ...grantRequested(pkg), permissions };
    const report = await inspect(pkg, { grants, surfaces: ["service"] });
    expect(report).toMatchObject({ status: "active", tools: [], diagnostics: [] });
    expect(report.services).toMatchObject([{ name: "sync", eligible: true }]);
    expect(report.surfaces).toMatchObject([
      { name: "tool", enabled: false, eligible: false },
      { name: "service", enabled: true, eligible: true },
      { name: "wasm", enabled: false },
    ]);
    expect((await inspect(pkg, { grants })).status).toBe("partial");
  });

  test("tool_selected_ignores_unselected_service_even_with_grants", async () => {
    const pkg = await loadPackage(made);
    const report = await inspect(pkg, { grants: grantRequested(pkg), surfaces: ["tool"] });
    expect(report).toMatchObject({ status: "active", services: [] });
  });

  test("selecting_a_surface_that_is_not_declared_is_refused_by_name", async () => {
    const report = await inspect(files(), { surfaces: ["ingress"] });
    expect(report.status).toBe("rejected");
    expect(report.diagnostics[0]).toMatchObject({
      code: "manifest/surface",
      message: expect.stringContaining('"ingress"'),
    });
  });

  test("a_package_of_hooks_only_is_active", async () => {
    const hooks = `[[hooks]]\nid = "x"\nfile = "guest.wasm"\n`;
    const report = await inspectGranted(files({ runtime: "", tools: hooks, permissions: [] }));
    expect(report).toMatchObject({ status: "active", runtime: null });
  });
});

describe("a package that can't be loaded", () => {
  test.each<[string, Record<string, string>, string]>([
    ["no manifest", { "a.txt": "x" }, "archive/missing"],
    ["broken TOML", { "plugin.toml": "schema_version = \u001b[31m" }, "manifest/malformed"],
    [
      "an unknown schema",
      { "plugin.toml": 'schema_version = 999\nid="a"\nname="a"\nversion="1"' },
      "manifest/api",
    ],
  ])("is rejected with a report: %s", async (_, made, code) => {
    const report = await inspect(made);
    expect(report).toMatchObject({ status: "rejected", defective: true, runtime: null, tools: [] });
    expect(codes(report)).toEqual([code]);
    expect(report.package.files).toBe(1);
  });

  test("bytes_that_are_no_archive_are_rejected", async () => {
    const report = await inspect(new Uint8Array(64));
    expect(codes(report)).toEqual(["archive/malformed"]);
    expect(report.package).toMatchObject({
      ref: null,
      digest: null,
      archiveBytes: 64,
      files: null,
    });
  });

  test("an_unreadable_source_throws_and_so_does_a_fired_signal", async () => {
    await expect(inspect("/nowhere")).rejects.toMatchObject({ code: "archive/io" });
    await expect(inspect(files(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "runtime/aborted",
    });
  });
});

describe("hostile text", () => {
  const hostile = "x\\u001b]8;;https://evil.example\\u0007y\\u202e\\u200b\\u0085z\\nnext";

  test("is_inert_in_every_field_that_is_shown_and_noted", async () => {
    const tools = `[[tools]]\nname = "bad${hostile}"\ndescription = "${hostile}"\ninput_schema = { type = "object", title = "${hostile}" }\n`;
    const report = await inspectGranted(
      files({
        tools: tools + echoTool,
        more: `description = "${hostile}"`,
        permissions: [...echoPermissions, `kind = "tool"\nname = "${hostile}"`, hostApi("request")],
        runtime: `${componentRuntime}\n[[request]]\nscheme = "${hostile}"\nhost = "${hostile}"\nmethods = ["${hostile}"]\npath_prefixes = ["${hostile}"]\n`,
      }),
    );
    const { permissions: _, tools: shownTools, targets, ...rest } = report;
    const shown = JSON.stringify([
      rest,
      shownTools.map(({ inputSchema: _schema, ...tool }) => tool),
      targets.map(({ declared: _declared, ...target }) => target),
    ]);
    expect(shown).not.toMatch(/\\u001b|\\u0007|\u202e|\u200b|\u0085/u);
    expect(report.notes.join("\n")).toContain("invisible or control characters");
  });

  test("never_makes_more_diagnostics_than_a_reader_can_take", async () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      echoTool.replace('"echo"', `"t${index}"`),
    );
    const report = await inspectGranted(files({ tools: many.join("") }));
    expect(report.diagnostics).toHaveLength(textLimits.diagnostics.default);
    expect(report.diagnostics.at(-1)?.message).toBe("There are 37 more findings.");
    const fits = await inspectGranted(files({ tools: many.slice(0, 64).join("") }));
    expect(fits.diagnostics).toHaveLength(64);
    expect(fits.diagnostics.at(-1)?.message).toContain("tool.t63");
  });
});
