import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { admit } from "../../src/wasm/admission.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";
import { componentRequest } from "./admitting.ts";
import { wasm } from "./wasm-text.ts";

describe("reasons", () => {
  test("are_at_most_64_however_much_is_wrong", async () => {
    const imports = Array.from({ length: 500 }, (_, index) => `(import "f${index}" (func))`).join(
      "",
    );
    const found = admit(readArtifact(await wasm(`(component ${imports})`)), componentRequest());
    expect(found).toHaveLength(64);
    expect(Object.isFrozen(found) && found.every((reason) => Object.isFrozen(reason))).toBe(true);
  });

  test("are_short_and_inert_whatever_the_names", async () => {
    const text = "\\1b]8;;x\\07".repeat(40);
    const found = admit(
      readArtifact(
        await wasm(`(component (import "${text}" (func)) (core module (func (export "${text}"))))`),
      ),
      componentRequest(),
    );
    for (const { message, phase } of found) {
      expect(phase).toBe("inspection");
      expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(512);
      expect(message).not.toMatch(/\p{Cc}/u);
    }
  });
});

describe("guests of the fixtures", () => {
  const folder = new URL("../../fixtures/guests/", import.meta.url);
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const refused = (entry: string): boolean =>
    /^(?:core-module|exploding-|export-(?:list|missing|nested)|feature-(?!exceptions)|import-(?!host-fs$)|instance-world|many-exports|memories-add-up|memory-(?:declared|over)|names-(?!custom|name-section)|table-declared|tables-add-up)/u.test(
      entry,
    );

  test("there_are_some_of_each", () => {
    expect(names.filter(refused).length).toBeGreaterThan(20);
    expect(names.filter((entry) => !refused(entry)).length).toBeGreaterThan(40);
  });

  test.each(names)("%s is refused before it runs, or runs", (entry) => {
    const facts = readArtifact(readFileSync(new URL(`${entry}/guest.wasm`, folder)));
    expect(admit(facts, componentRequest()).length > 0).toBe(refused(entry));
  });
});
