import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type GuestFixture, guests } from "../../fixtures/guests/index.ts";
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
  const expected = (guest: GuestFixture): string | undefined =>
    "code" in guest.expects && guest.expects.code.startsWith("artifact/")
      ? guest.expects.code
      : undefined;

  test("there_are_some_of_each", () => {
    expect(guests.filter((guest) => expected(guest) !== undefined).length).toBeGreaterThan(20);
    expect(guests.filter((guest) => expected(guest) === undefined).length).toBeGreaterThan(40);
  });

  test.each(guests)("$name is refused with its code before it runs, or runs", (guest) => {
    const bytes = readFileSync(
      new URL(`../../fixtures/guests/${guest.name}/guest.wasm`, import.meta.url),
    );
    const found = admit(readArtifact(bytes), componentRequest({}, guest.world));
    const code = expected(guest);
    if (code === undefined) expect(found).toEqual([]);
    else expect(found.map((reason) => reason.code)).toContain(code);
  });
});
