import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createLoadPackage } from "../../src/package/load-package.ts";
import { readSource } from "../../src/package/read-source.node.ts";

const folder = fileURLToPath(new URL("../../fixtures/packages/ok/", import.meta.url));
const loadPackage = createLoadPackage(readSource);

describe("a package that an ordinary tool packed is loaded", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yoi-plugin"));

  it.each(files)("%s", async (file) => {
    const plugin = await loadPackage(`${folder}${file}`);
    expect([...plugin.files.keys()]).toEqual([
      ...["assets/café.txt", "assets/data.json", "assets/nothing", "plugin.toml"],
    ]);
    expect(plugin.readFile("assets/nothing")).toEqual(new Uint8Array());
  });

  it("and all of them are one package", async () => {
    expect(files.length).toBe(5);
    const packages = await Promise.all(files.map((file) => loadPackage(`${folder}${file}`)));
    expect(new Set(packages.map((plugin) => plugin.digest)).size).toBe(1);
  });
});
