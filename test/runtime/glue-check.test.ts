import vm from "node:vm";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkGlue } from "../../src/runtime/component/glue-check.ts";

/** Glue of the generator's shape around some code of its body. */
const glue = (body: string) => `"use components";
export function instantiate(getCoreModule, imports, instantiateCore) {
  ${body}
  return { call: () => "" };
};
export const _util = {};
`;

const isRefused = (code: string) => "refused" in checkGlue(code);

it("[isolation/no-host-code] glue of the generator's shape becomes a script of the globals that it names", () => {
  const checked = checkGlue(
    glue("const view = new DataView(new ArrayBuffer(8)); Symbol.for('x');"),
  );
  if ("refused" in checked) throw new Error(checked.refused);
  const { globals, script } = checked;
  expect(globals).toEqual(["ArrayBuffer", "DataView", "Symbol"]);
  expect(script).not.toContain("export");
  const factory = vm.runInThisContext(script) as (...values: unknown[]) => unknown;
  const instantiate = factory(...globals.map((name) => Reflect.get(globalThis, name)));
  expect(instantiate).toBeTypeOf("function");
});

describe("glue is refused that", () => {
  it.each([
    ["imports dynamically", "import('node:fs');"],
    ["reads import.meta", "import.meta.url;"],
    ["names process", "process.exit();"],
    ["names require", "require('fs');"],
    ["names eval", "eval('1');"],
    ["names Function", "new Function('1');"],
    ["names fetch", "fetch('http://x');"],
    ["names self", "self.postMessage(1);"],
    ["reaches a constructor", "(() => {}).constructor('1')();"],
    ["reaches a constructor by a string", "(() => {})['constructor']('1')();"],
    ["reaches a prototype", "({}).__proto__.x = 1;"],
    ["sets a prototype", "({ __proto__: Array });"],
    ["sets a prototype by a string", "({ '__proto__': Array });"],
    ["reaches another global", "globalThis.yoiPwned = true;"],
    ["reaches another global by a string", "globalThis['process'.concat()];"],
    ["reaches a global by what it computes", "globalThis[imports];"],
    ["hides a global", "const Object = 1;"],
    ["hides a global in a parameter", "((WebAssembly) => WebAssembly)(1);"],
    ["hides a global in a catch", "try {} catch (Symbol) {}"],
    ["hides a global in a pattern", "const { a: [Map] } = imports;"],
    ["stops for a debugger", "debugger;"],
    ["tags a template", "imports`x`;"],
  ])("%s", (_, code) => {
    expect(isRefused(glue(code))).toBe(true);
  });

  it.each([
    ["imports a module", `import "node:fs";\n${glue("")}`],
    ["exports all of a module", `export * from "node:fs";\n${glue("")}`],
    ["exports a default", `${glue("")}export default 1;`],
    ["does something at its top", `${glue("")}Object.freeze(Object);`],
    ["has no instantiate", "export const _util = {};"],
    ["has two", glue("") + glue("")],
    ["exports another name", `${glue("")}export const other = 1;`],
    ["declares a name at its top", `${glue("")}const x = 1;`],
    ["is no JavaScript", "export function instantiate( {"],
    ["is nothing", ""],
  ])("%s", (_, code) => {
    expect(isRefused(code)).toBe(true);
  });
});

it("no text makes the check throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      checkGlue(glue(text));
      checkGlue(text);
    }),
    { numRuns: 2000 },
  );
});

it("deep nesting is refused or read, and does not take the check down", () => {
  const depth = 20_000;
  expect(() => checkGlue(glue(`${"[".repeat(depth)}${"]".repeat(depth)};`))).not.toThrow();
});
