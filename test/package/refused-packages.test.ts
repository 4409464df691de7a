import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { refusedArchives } from "../../fixtures/packages/refused-archives.ts";
import { refusedManifests } from "../../fixtures/packages/refused-manifests.ts";
import { createReadPackage } from "../../src/package/load-package.ts";
import { readSource } from "../../src/package/read-source.node.ts";

const folder = fileURLToPath(new URL("../../fixtures/packages/refused/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".yoi-plugin"));
const readPackage = createReadPackage(readSource);

describe("[load/archive-hostile] a package in fixtures/packages/refused is refused with the code in its name", () => {
  it.each(files)("%s", async (file) => {
    const [code] = file.split("--");
    const reading = await readPackage(`${folder}${file}`);
    expect(reading.ok).toBe(false);
    if (reading.ok) return;
    expect(reading.diagnostic.code).toBe(code?.replace("-", "/"));
    expect(reading.diagnostic.message).toMatch(/^[\p{L}"].*[.…]$/u);
    expect(reading.diagnostic.message).not.toMatch(/\p{Cc}/u);
  });
});

describe("the packages in fixtures/packages/refused", () => {
  it("are those that the committed script writes", () => {
    const built = new Map([...refusedArchives(), ...refusedManifests()]);
    expect(files.sort()).toEqual([...built.keys()].map((name) => `${name}.yoi-plugin`).sort());
    for (const [name, bytes] of built) {
      const committed = readFileSync(`${folder}${name}.yoi-plugin`);
      expect(committed.equals(bytes), name).toBe(true);
    }
  });
});
