import { describe, expect, test } from "vitest";
import {
  codes,
  componentRequest,
  exporting,
  instanceExports,
  machine,
  options,
  rawRequest,
  reasons,
  tool,
  toolExports,
} from "./admitting.ts";

describe("kinds and worlds", () => {
  test("a_tool_is_admitted", async () => {
    expect(await reasons(tool())).toEqual([]);
  });

  test("an_instance_is_admitted", async () => {
    expect(
      await reasons(exporting(instanceExports), componentRequest({}, "yoi:plugin/instance@1.0.0")),
    ).toEqual([]);
  });

  test("names_of_parameters_need_not_be_those_of_the_world", async () => {
    expect(await reasons(exporting({ call: "a b" }))).toEqual([]);
  });

  test("exports_besides_the_world_are_let_be", async () => {
    expect(await reasons(exporting({ ...toolExports, init: "a" }))).toEqual([]);
  });

  test("a_module_where_a_component_is_declared_is_of_the_wrong_kind", async () => {
    expect(await codes("(module)")).toEqual(["artifact/wrong-kind"]);
  });

  test("a_component_where_a_module_is_declared_is_of_the_wrong_kind", async () => {
    expect(await codes(tool(), rawRequest)).toEqual(["artifact/wrong-kind"]);
  });

  test.each([
    [instanceExports, "yoi:plugin/tool@1.0.0"],
    [toolExports, "yoi:plugin/instance@1.0.0"],
  ] as const)("another_worlds_exports_are_a_world_mismatch", async (exports, world) => {
    const [first] = await reasons(exporting(exports), componentRequest({}, world));
    expect(first).toMatch(/^artifact\/world-mismatch: /u);
    expect(first).toContain(world);
  });

  test("every_missing_export_is_named_with_its_signature", async () => {
    const found = await reasons(
      exporting({ start: "c", stop: "" }),
      componentRequest({}, "yoi:plugin/instance@1.0.0"),
    );
    expect(found).toHaveLength(3);
    expect(found[0]).toContain(
      'needs the export "handle-tool": func(name: string, input-json: string) -> string. The artifact has no export of that name.',
    );
  });

  test.each([
    [
      `(func $f (param "a" string) (result string) (canon lift (core func $i "one") ${options}))`,
      "func(a: string) -> string",
    ],
    [
      `(func $f (param "a" string) (param "b" string) (result (list u8)) (canon lift (core func $i "two") ${options}))`,
      "-> list<u8>",
    ],
    [
      `(func $f async (param "a" string) (param "b" string) (result string) (canon lift (core func $i "two") ${options}))`,
      "async func(",
    ],
    [`(instance $f)`, "has it as a instance"],
  ])("an_export_of_another_type_is_missing (%#)", async (field, says) => {
    const sort = field.startsWith("(instance") ? "instance" : "func";
    const found = await reasons(`(component ${machine} ${field} (export "call" (${sort} $f)))`);
    const missing = found.find((reason) => reason.startsWith("artifact/missing-export"));
    expect(missing).toContain(says);
  });

  test("a_result_named_string_that_is_none_is_not_taken_for_one", async () => {
    const found = await codes(`(component ${machine}
      (type $bytes (list u8)) (export $string "string" (type $bytes))
      (func $f (param "a" string) (param "b" string) (result $string) (canon lift (core func $i "two") ${options}))
      (export "call" (func $f)))`);
    expect(found).toEqual(["artifact/missing-export"]);
  });

  test.each([
    `(component $c) (export "c" (component $c))`,
    `(core module $c) (export "c" (core module $c))`,
  ])("exports_that_can't_be_generated_for_are_unsupported (%#)", async (fields) => {
    expect(await codes(tool(fields))).toContain("artifact/unsupported");
  });
});

describe("raw guests", () => {
  const raw = (fields: string): string =>
    `(module ${fields} (memory (export "memory") 1) (func (export "yoi_tool_call")))`;

  test.each([
    "",
    `(import "yoi:tool" "input_len" (func (result i32)))`,
    `(import "yoi:tool" "output_write" (func (param i32 i32) (result i32)))`,
    `(import "yoi:websocket" "send_text" (func (param i32 i32 i32) (result i32)))`,
    `(import "yoi:fs" "response_len" (func (result i32)))`,
  ])("%s is admitted", async (fields) => {
    expect(await reasons(raw(fields), rawRequest)).toEqual([]);
  });

  test.each([
    [`(import "yoi:tool" "input_len" (func (result i64)))`, "as () -> (i64); it is () -> (i32)"],
    [`(import "yoi:tool" "shell" (func))`, "does not provide"],
    [
      `(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))`,
      "does not provide",
    ],
    [`(import "env" "memory" (memory 1))`, "the memory"],
    [`(import "yoi:tool" "input_len" (table 1 funcref))`, "the table"],
    [`(import "yoi:tool" "input_len" (global i32))`, "the global"],
    [`(import "__proto__" "input_len" (func (result i32)))`, "does not provide"],
  ])("%s is refused", async (fields, says) => {
    const found = await reasons(raw(fields), rawRequest);
    expect(
      found.some((reason) => reason.startsWith("artifact/unknown-import") && reason.includes(says)),
    ).toBe(true);
  });

  test("a_host_module_that_is_not_known_is_refused", async () => {
    const text = raw(`(import "yoi:fs" "response_len" (func (result i32)))`);
    expect(await codes(text, { ...rawRequest, interfaces: ["yoi:https"] })).toEqual([
      "artifact/unknown-import",
    ]);
  });

  test.each([
    `(module)`,
    `(module (memory (export "memory") 1) (func (export "yoi_tool_call") (result i32) unreachable))`,
    `(module (memory 1) (func (export "yoi_tool_call")))`,
    `(module (func (export "memory")) (func (export "yoi_tool_call")))`,
  ])("%s lacks an export", async (text) => {
    expect(await codes(text, rawRequest)).toContain("artifact/missing-export");
  });

  test("a_raw_guest_has_one_memory_and_one_table_within_the_limits", async () => {
    expect(
      await codes(
        `(module (memory (export "memory") 32) (table 256 funcref) (func (export "yoi_tool_call")))`,
        rawRequest,
      ),
    ).toEqual([]);
    expect(
      await codes(
        `(module (memory (export "memory") 33) (table 257 funcref) (func (export "yoi_tool_call")))`,
        rawRequest,
      ),
    ).toEqual(["artifact/limit", "artifact/limit"]);
    expect(await codes(raw("(table 1 funcref) (table 1 funcref)"), rawRequest)).toEqual([
      "artifact/limit",
    ]);
  });
});
