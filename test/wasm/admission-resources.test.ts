import { describe, expect, test } from "vitest";
import type { ArtifactLimits } from "../../src/limits.ts";
import type { AdmissionRequest } from "../../src/wasm/admission.types.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";
import { codes, componentRequest, guest, machine, rawRequest, reasons, tool } from "./admitting.ts";
import { readingLimits, wasm } from "./wasm-text.ts";

describe("[wasm/features] features", () => {
  test.each([
    "(memory 1 1 shared)",
    "(memory i64 1)",
    "(type (struct))",
    "(memory 1 (pagesize 1))",
  ])("%s is refused by name", async (field) => {
    const found = await reasons(tool(`(core module ${field})`));
    expect(found.some((reason) => /^artifact\/unsupported: .*feature \S+,/u.test(reason))).toBe(
      true,
    );
  });

  test.each([
    "(type (func async))",
    "(core func (canon thread.spawn-ref 0))",
    "(type (map string u8))",
    "(type (list u8 4))",
  ])("%s of a component is refused by name", async (field) => {
    const text = tool(`(core type (func (param i32))) ${field}`);
    expect(await codes(text)).toContain("artifact/unsupported");
  });

  test("what_every_machine_has_is_admitted", async () => {
    const fields = `(core module
      (import "a" "m" (memory 1)) (import "b" "m" (memory 1)) (table 1 externref) (tag)
      (global (export "g") (mut i32) (i32.add (i32.const 1) (i32.const 1)))
      (func (param v128) (result i32 i32) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
        (i32.extend8_s (i32.trunc_sat_f32_s (f32.const 0))) (i32.const 1))
      (func (return_call 1)) (func try catch 0 end) (func (throw 0)))`;
    expect(await reasons(tool(fields))).toEqual([]);
  });

  test("a_module_with_several_memories_only_links_those_of_others", async () => {
    for (const module of [
      "(core module (memory 1) (memory 1))",
      `(core module (import "a" "m" (memory 1)) (memory 1))`,
    ]) {
      expect(await codes(tool(module))).toEqual(["artifact/unsupported"]);
    }
  });

  test("several_memories_are_for_components_only", async () => {
    const text = `(module (memory (export "memory") 1) (memory 1) (func (export "yoi_tool_call")))`;
    expect(await codes(text, rawRequest)).toEqual(["artifact/unsupported", "artifact/limit"]);
  });

  test("utf16_is_admitted_and_latin1_is_not", async () => {
    const text = (encoding: string): string =>
      tool().replaceAll("(realloc", `string-encoding=${encoding} (realloc`);
    expect(await codes(text("utf16"))).toEqual([]);
    expect(await codes(text("latin1+utf16"))).toEqual(["artifact/unsupported"]);
  });

  test("what_is_only_received_can't_be_instantiated", async () => {
    const fields = `(component $runs (import "m" (core module $m)) (core instance (instantiate $m)))
      (core module $given) (instance (instantiate $runs (with "m" (core module $given))))`;
    expect(await codes(tool(fields))).toEqual(["artifact/unsupported"]);
  });
});

describe("amounts", () => {
  const page = 65_536;

  test("memories_of_all_instances_add_up_to_the_limit_and_no_further", async () => {
    const fields = `(core module $two (memory 3)) (component $c (alias outer 1 $two (core module $t))
      (core instance (instantiate $t)) (core instance (instantiate $t)))
      (instance (instantiate $c)) (instance (instantiate $c)) (core module $never (memory 100))`;
    const request = (pages: number): AdmissionRequest =>
      componentRequest({ limits: guest({ memoryBytes: pages * page }) });
    expect(await codes(tool(fields), request(13))).toEqual([]);
    expect(await reasons(tool(fields), request(12))).toEqual([
      expect.stringMatching(
        /^artifact\/limit: .*memories of 851968 bytes in all; the limit is 786432/u,
      ),
    ]);
  });

  test("tables_add_up_to_the_limit_and_no_further", async () => {
    const fields = `(core module $t (table 10 funcref) (table 5 externref)) (core instance (instantiate $t))`;
    const request = (tableElements: number): AdmissionRequest =>
      componentRequest({ limits: guest({ tableElements }) });
    expect(await codes(tool(fields), request(15))).toEqual([]);
    expect(await codes(tool(fields), request(14))).toEqual(["artifact/limit"]);
  });

  test("core_instances_reach_the_limit_and_no_further", async () => {
    const fields = `(core module $t) (core instance (instantiate $t)) (core instance (instantiate $t))`;
    const request = (coreInstances: number): AdmissionRequest =>
      componentRequest({ limits: guest({ coreInstances }) });
    expect(await codes(tool(fields), request(3))).toEqual([]);
    expect(await codes(tool(fields), request(2))).toEqual(["artifact/limit"]);
  });

  test("an_amount_past_all_counting_is_refused", async () => {
    const levels = Array.from(
      { length: 60 },
      (_, index) =>
        `(component $c${index + 1} (instance (instantiate $c${index})) (instance (instantiate $c${index})))`,
    );
    const found = await reasons(
      tool(
        `(component $c0 (core module $m) (core instance (instantiate $m))) ${levels.join(" ")} (instance (instantiate $c60))`,
      ),
    );
    expect(found).toEqual([
      expect.stringContaining("instantiates countless core modules"),
      expect.stringContaining("expands to countless items"),
    ]);
  });

  test("items_and_types_reach_their_limits_and_no_further", async () => {
    const text = tool();
    const facts = readArtifact(await wasm(text));
    if (facts.kind !== "component") expect.unreachable();
    const { expandedItems: componentItems, typeNodes } = facts;
    const request = (limits: Partial<ArtifactLimits>): AdmissionRequest =>
      componentRequest({ artifactLimits: readingLimits(limits) });
    expect(await codes(text, request({ componentItems, typeNodes }))).toEqual([]);
    expect(await codes(text, request({ componentItems: componentItems - 1 }))).toEqual([
      "artifact/limit",
    ]);
    expect(await codes(text, request({ typeNodes: typeNodes - 1 }))).toEqual(["artifact/limit"]);
  });

  test("types_that_double_at_every_level_are_refused_where_a_function_uses_them", async () => {
    const levels = Array.from({ length: 30 }, (_, index) =>
      index === 0 ? "(type $t0 u8)" : `(type $t${index} (tuple $t${index - 1} $t${index - 1}))`,
    );
    const nested = `(component $c ${levels.join(" ")} (import "f" (func $f (param "x" $t29))) (core func (canon lower (func $f))))`;
    expect(await codes(tool(nested))).toEqual([]);
    const lifted =
      tool(`${levels.join(" ")} ${machine.replaceAll("$i", "$j").replaceAll("$m", "$n")}
      (func (param "x" $t29) (canon lift (core func $j "one") (memory (core memory $j "memory")) (realloc (core func $j "realloc"))))`);
    expect(await reasons(lifted)).toEqual([expect.stringContaining("types in their signatures")]);
  });
});
