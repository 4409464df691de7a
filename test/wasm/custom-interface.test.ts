import { describe, expect, test } from "vitest";
import { readArtifact } from "../../src/wasm/artifact.ts";
import { importedHostInterfaces } from "../../src/wasm/host-imports.ts";
import { codes, componentRequest, rawRequest, reasons, tool } from "./admitting.ts";
import { wasm } from "./wasm-text.ts";

const name = "acme:crm/contacts@1.0.0";
const known = new Map([
  [
    name,
    new Map([
      ["find-all", "func(query: string, limit1: u32) -> string"],
      ["count", "func() -> string"],
    ]),
  ],
]);
const nameOnly = new Map([[name, undefined]]);

describe("[custom/admission] a component that imports a host's own interface", () => {
  const importing = (functions: string, from = name) =>
    tool(`(import "${from}" (instance ${functions}))`);
  const findAll = `(export "find-all" (func (param "query" string) (param "limit1" u32) (result string)))`;

  test("is admitted with the functions that the host has, and with some of them", async () => {
    const request = componentRequest({ customInterfaces: known });
    const count = `(export "count" (func (result string)))`;
    for (const functions of [findAll, count, findAll + count, ""]) {
      expect(await reasons(importing(functions), request)).toEqual([]);
    }
  });

  test.each([
    ["no function of it", `(export "remove" (func (result string)))`],
    ["other parameters", `(export "find-all" (func (param "query" string) (result string)))`],
    [
      "parameters in another order",
      `(export "find-all" (func (param "l" u32) (param "q" string) (result string)))`,
    ],
  ])("is refused with %s", async (_, functions) => {
    const request = componentRequest({ customInterfaces: known });
    expect(await codes(importing(functions), request)).toEqual(["artifact/unknown-import"]);
  });

  test.each(["u64", "bool", "f64", "char", "(list u8)", "(option string)"])(
    "is refused with the type %s, whether the host's functions are known or not",
    async (type) => {
      const functions = [
        `(export "count" (func (param "x" ${type}) (result string)))`,
        `(export "count" (func (result ${type})))`,
      ];
      for (const customInterfaces of [known, nameOnly]) {
        for (const each of functions) {
          expect(await codes(importing(each), componentRequest({ customInterfaces }))).toContain(
            "artifact/unsupported",
          );
        }
      }
    },
  );

  test("is refused without a result, with a resource, and as something else", async () => {
    const request = componentRequest({ customInterfaces: nameOnly });
    for (const text of [
      importing(`(export "count" (func))`),
      importing(`(export "r" (type $r (sub resource))) (export "f" (func (param "r" (own $r))))`),
      tool(`(import "${name}" (func))`),
    ]) {
      expect(await codes(text, request)).not.toEqual([]);
    }
  });

  test("is admitted by its shape alone where only the name is known", async () => {
    const request = componentRequest({ customInterfaces: nameOnly });
    expect(await reasons(importing(findAll), request)).toEqual([]);
    expect(await reasons(importing(`(export "any" (func (result string)))`), request)).toEqual([]);
  });

  test("is refused with another version, and without the host having it", async () => {
    const request = componentRequest({ customInterfaces: known });
    for (const from of ["acme:crm/contacts@1.0.1", "acme:crm/contacts", "acme:crm/people@1.0.0"]) {
      expect(await codes(importing("", from), request)).toEqual(["artifact/unknown-import"]);
    }
    expect(await codes(importing(findAll))).toEqual(["artifact/unknown-import"]);
  });
});

describe("[custom/admission] a raw guest that imports a host's own interface", () => {
  const importing = (field: string, type: string, module = name) =>
    `(module (import "${module}" "${field}" (func ${type}))
      (memory (export "memory") 1) (func (export "yoi_tool_call")))`;

  test.each([
    ["find_all", "(param i32 i32 i32) (result i32)"],
    ["count", "(result i32)"],
    ["response_len", "(result i32)"],
    ["response_read", "(param i32 i32) (result i32)"],
  ])("is admitted with %s %s", async (field, type) => {
    for (const customInterfaces of [known, nameOnly]) {
      expect(await reasons(importing(field, type), { ...rawRequest, customInterfaces })).toEqual(
        [],
      );
    }
  });

  test.each([
    ["find-all", "(param i32 i32 i32) (result i32)"],
    ["find_all", "(param i32 i32) (result i32)"],
    ["find_all", "(param i32 i32 i32)"],
    ["remove", "(result i32)"],
    ["response_len", "(param i32) (result i32)"],
  ])("is refused with %s %s", async (field, type) => {
    const request = { ...rawRequest, customInterfaces: known };
    expect(await codes(importing(field, type), request)).toEqual(["artifact/unknown-import"]);
  });

  test("is refused with numbers that the ABI does not have, and another module", async () => {
    const request = { ...rawRequest, customInterfaces: nameOnly };
    for (const type of ["(param i64) (result i32)", "(param f32)", "(result i64)", ""]) {
      expect(await codes(importing("any", type), request)).toEqual(["artifact/unknown-import"]);
    }
    const other = importing("count", "(result i32)", "acme:crm/contacts");
    expect(await codes(other, request)).toEqual(["artifact/unknown-import"]);
  });

  test("asks for the interface of that very name, and says how its numbers are to be read", async () => {
    const facts = readArtifact(
      await wasm(importing("find_all", "(param i32 i32 i32) (result i32)")),
    );
    const find = { name: "find-all", parameters: ["string", "u32"] };
    expect(importedHostInterfaces(facts, known)).toEqual([
      {
        interface: name,
        functions: ["find_all"],
        raw: { module: name, functions: new Map([["find_all", find]]) },
      },
    ]);
    expect(importedHostInterfaces(facts)).toMatchObject([{ interface: name }]);
  });
});
