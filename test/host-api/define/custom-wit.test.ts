import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Parameters } from "../../../src/host-api/custom-api.types.ts";
import { hostApiWit } from "../../../src/host-api/custom-wit.ts";
import { defineHostApi } from "../../../src/host-api/define-host-api.ts";
import { admit } from "../../../src/wasm/admission.ts";
import { readArtifact } from "../../../src/wasm/artifact.ts";
import { componentRequest } from "../../wasm/admitting.ts";

const handler = () => null;

/** A component that imports all of an interface, as any toolchain makes it from the WIT. */
async function importing(wit: string): Promise<Uint8Array<ArrayBuffer>> {
  const [, name = "", version = ""] = /^package (\S+)@(\S+);/u.exec(wit) ?? [];
  const [, label = ""] = /^interface (\S+) \{/mu.exec(wit) ?? [];
  const witSource = `package test:guest;
    world guest {
      import ${name}/${label}@${version};
      export call: func(tool-name: string, input-json: string) -> string;
    }
    ${wit.replace(/^(package [^;]+);/u, "$1 {")} }`;
  const core = await componentEmbed({ witSource, world: "guest", dummy: true });
  return new Uint8Array(await componentNew(core, []));
}

describe("[custom/wit] a host's own API in WIT", () => {
  test("is what guests are built from", () => {
    const api = defineHostApi({
      interface: "acme:crm/contacts@1.0.0",
      functions: {
        "find-all": { params: { query: "string", limit: "u32" }, handler },
        note: { params: { id: "u32", from: "json" }, handler },
      },
    });
    expect(hostApiWit(api)).toBe(`package acme:crm@1.0.0;

interface contacts {
    find-all: func(query: string, limit: u32) -> string;

    note: func(id: u32, %from: string) -> string;
}
`);
  });

  const words = ["string", "list", "func", "use", "from", "async", "a", "find-all", "u32", "x1"];
  const word = fc.constantFrom(...words);

  test("makes guests that the API admits, whatever its names", async () => {
    const params = fc
      .uniqueArray(word, { maxLength: 4 })
      .map(
        (names): Parameters =>
          Object.fromEntries(names.map((name, index) => [name, index % 2 === 0 ? "u32" : "json"])),
      );
    const definition = fc.record({
      namespace: fc.constantFrom("acme", "list", "a1"),
      pkg: word,
      label: word,
      functions: fc.dictionary(word, params, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    });
    await fc.assert(
      fc.asyncProperty(definition, async ({ namespace, pkg, label, functions }) => {
        const api = defineHostApi({
          interface: `${namespace}:${pkg}/${label}@1.2.3`,
          functions: Object.fromEntries(
            Object.entries(functions).map(([name, each]) => [name, { params: each, handler }]),
          ),
        });
        const customInterfaces = new Map([[api.interface, api.signatures]]);
        const bytes = await importing(hostApiWit(api));
        expect(admit(readArtifact(bytes), componentRequest({ customInterfaces }))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("is not made of an API that says nothing of its functions", () => {
    const api = { name: "fs", interface: "yoi:host/fs@1.0.0", open: () => expect.unreachable() };
    expect(() => hostApiWit(api)).toThrow(expect.objectContaining({ code: "options/invalid" }));
  });
});
