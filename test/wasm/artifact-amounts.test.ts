import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readArtifact } from "../../src/wasm/artifact.ts";
import { component, componentOf, leb, name, section, wasm } from "./wasm-text.ts";

describe("[wasm/counts] what multiplies", () => {
  test("twenty_levels_of_double_instantiation_are_counted_without_expanding_them", async () => {
    const levels = Array.from(
      { length: 20 },
      (_, index) =>
        `(component $c${index + 1} (instance (instantiate $c${index})) (instance (instantiate $c${index})))`,
    );
    const bytes = await wasm(`(component
      (component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))
      ${levels.join(" ")}
      (instance (instantiate $c20)))`);
    const started = performance.now();
    const facts = readArtifact(bytes);
    expect(performance.now() - started).toBeLessThan(200);
    expect(facts).toMatchObject({
      coreInstances: 2 ** 20,
      componentInstances: 2 ** 21,
      modules: [{ instantiations: 2 ** 20 }],
      nesting: 2,
    });
  });

  test("counts_past_the_exact_integers_stay_at_the_largest", async () => {
    const levels = Array.from(
      { length: 80 },
      (_, index) =>
        `(component $c${index + 1} (instance (instantiate $c${index})) (instance (instantiate $c${index})))`,
    );
    const facts = await component(`(component
      (component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))
      ${levels.join(" ")}
      (instance (instantiate $c80)))`);
    expect(facts).toMatchObject({
      coreInstances: Number.MAX_SAFE_INTEGER,
      componentInstances: Number.MAX_SAFE_INTEGER,
      expandedItems: Number.MAX_SAFE_INTEGER,
      modules: [{ instantiations: Number.MAX_SAFE_INTEGER }],
    });
  });

  test("one_instance_exported_under_thousands_of_names_is_written_down_once", () => {
    const count = 4_000;
    const exports = (place: (index: number) => number[]): number[] =>
      Array.from({ length: count }, (_, index) => [
        0,
        ...name(`n${index}`),
        ...place(index),
      ]).flat();
    const bytes = componentOf(
      section(7, [1, 0x40, 0, 1, 0]),
      section(10, [1, 0, ...name("f"), 1, 0]),
      section(5, [1, 1, ...leb(count), ...exports(() => [1, 0])]),
      section(11, [...leb(count), ...exports(() => [5, 0, 0])]),
    );
    const started = performance.now();
    const facts = readArtifact(bytes);
    expect(performance.now() - started).toBeLessThan(2_000);
    if (facts.kind !== "component") expect.unreachable();
    expect(facts.exports).toHaveLength(count);
    expect(facts.exports[0]?.functions).toBe(facts.exports[count - 1]?.functions);
  });

  test("twenty_thousand_exports_are_read_for_admission_to_refuse", () => {
    const exports = Array.from({ length: 20_000 }, (_, index) => [
      0,
      ...name(`e${index}`),
      1,
      0,
      0,
    ]);
    const facts = readArtifact(
      componentOf(
        section(7, [1, 0x40, 0, 1, 0]),
        section(10, [1, 0, ...name("f"), 1, 0]),
        section(11, [...leb(20_000), ...exports.flat()]),
      ),
    );
    expect(facts).toMatchObject({ expandedItems: 20_002 });
  });
});

test("a_javascript_engine_of_megabytes_is_read_whole_in_a_fraction_of_a_second", () => {
  const lib = "../../node_modules/@bytecodealliance/componentize-js/lib/";
  const engine = new URL(`${lib}starlingmonkey_embedding.wasm`, import.meta.url);
  const bytes = readFileSync(engine);
  expect(bytes.length).toBeGreaterThan(5_000_000);
  const started = performance.now();
  const facts = readArtifact(bytes);
  // 0.2 s on a quiet machine.
  expect(performance.now() - started).toBeLessThan(2_000);
  if (facts.kind !== "module") expect.unreachable();
  expect(facts.module.functions).toBeGreaterThan(10_000);
});
