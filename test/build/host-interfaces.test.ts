import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { hostInterfaces } from "../../src/build/guest-world.ts";
import { hostInterfaces as admitted, parameterTypes } from "../../src/wasm/worlds.ts";
import { readWitWorld } from "../wasm/wit-text.ts";

const wit = new URL("../../wit/", import.meta.url);
const typescript = { string: "string", u32: "number" } as const;

test("guests can be built against every interface that is admitted, and no other", () => {
  expect([...hostInterfaces.keys()].sort()).toEqual([...admitted.keys()].sort());
});

test.each([...hostInterfaces])("the WIT of %s is what is admitted", async (name, path) => {
  const text = await readFile(new URL(path, wit), "utf8");
  const [, pkg = ""] = /^package ([^;]+);/u.exec(text) ?? [];
  const { imports } = readWitWorld(
    `package test:main;\n${text.replace(/^package ([^;]+);/u, "package $1 {")} }\nworld main { import ${name}; }`,
  );
  expect(name.startsWith(pkg.split("@")[0] ?? "nothing")).toBe(true);
  expect(imports.interfaces.get(name)).toEqual(admitted.get(name));
});

test("the types for TypeScript guests are those of the WIT", async () => {
  const text = await readFile(new URL("host-interfaces.d.ts", wit), "utf8");
  const modules = [...text.matchAll(/^declare module "([^"]+)" \{\n(.*?)^\}/gmsu)];
  const declared = modules.map(([, name = "", body = ""]) => {
    const functions = body.matchAll(/export function (\w+)\(([^)]*)\): string;/gu);
    return [name, [...functions].map(([, each, parameters]) => `${each}(${parameters})`).sort()];
  });
  const camelCase = (name: string) =>
    name.replaceAll(/-(.)/gu, (_, letter) => letter.toUpperCase());
  const expected = Array.from(admitted, ([name, functions]) => [
    name,
    Array.from(functions, ([each, signature]) => {
      const names = [...signature.matchAll(/([a-z][0-9a-z-]*): /gu)].map(([, word = ""]) => word);
      const types = parameterTypes(signature).map((type) => typescript[type as "string"]);
      const parameters = names.map((word, index) => `${camelCase(word)}: ${types[index]}`);
      return `${camelCase(each)}(${parameters.join(", ")})`;
    }).sort(),
  ]);
  expect(Object.fromEntries(declared)).toEqual(Object.fromEntries(expected));
});
