import { readdirSync, readFileSync } from "node:fs";
import {
  componentEmbed,
  componentNew,
  componentWit,
} from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { readArtifact } from "../../src/wasm/artifact.ts";
import type { ComponentFacts, ComponentItem } from "../../src/wasm/artifact.types.ts";
import { readWitWorld, type WitItems } from "./wit-text.ts";

/** Packages that use most of what WIT has. */
const packages = `
  package wasi:io@0.2.6 {
    interface error { resource error { to-debug-string: func() -> string; } }
    interface poll {
      resource pollable { ready: func() -> bool; block: func(); }
      poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }
    interface streams {
      use error.{error};
      use poll.{pollable};
      variant stream-error { last-operation-failed(error), closed }
      resource input-stream {
        read: func(len: u64) -> result<list<u8>, stream-error>;
        subscribe: func() -> pollable;
      }
      resource output-stream {
        check-write: func() -> result<u64, stream-error>;
        write: func(contents: list<u8>) -> result<_, stream-error>;
        splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
      }
    }
  }
  package acme:shapes@1.2.3-rc.1+build.7 {
    interface geometry {
      record point { x: f32, y: f64 }
      flags style { bold, under-line, %list }
      enum color { red, green, dark-blue }
      type numbers = list<s16>;
      type label = string;
      variant shape { dot(point), line(tuple<point, point>), nothing, text(label) }
      area: func(%type: shape, scale: option<u8>) -> result<f64, string>;
      all: func(a: bool, b: s8, c: u16, d: s32, e: u64, f: char, g: numbers) -> tuple<style, color>;
      both: func(x: result<point>) -> option<option<label>>;
      neither: func(x: result) -> list<list<list<string>>>;
      resource canvas {
        constructor(width: u32, height: u32);
        draw: func(what: shape);
        merge: static func(a: canvas, b: borrow<canvas>) -> canvas;
      }
      make: func() -> canvas;
    }
    interface plain { %interface: func(%func: string); }
  }
  package acme:worlds {
    interface local { use acme:shapes/geometry@1.2.3-rc.1+build.7.{point}; at: func(p: point); }
  }`;

const worlds = [
  `world empty {}`,
  `world w { import wasi:io/streams@0.2.6; export call: func(tool-name: string, input-json: string) -> string; }`,
  `world w { import acme:shapes/geometry@1.2.3-rc.1+build.7; export acme:shapes/geometry@1.2.3-rc.1+build.7; }`,
  `world w { export acme:shapes/geometry@1.2.3-rc.1+build.7; export wasi:io/streams@0.2.6; }`,
  `world w { import acme:worlds/local; export acme:worlds/local; export acme:shapes/plain@1.2.3-rc.1+build.7; }`,
  `world w {
    use wasi:io/streams@0.2.6.{input-stream, stream-error};
    import feed: func(%from: borrow<input-stream>) -> result<_, stream-error>;
    import %import: func() -> u32;
    export drain: func(%from: input-stream);
  }`,
  `world w {
    type id = u64;
    record item { id: id, name: option<string> }
    import logs: interface { log: func(line: string); level: func() -> u8; }
    import find: func(id: id) -> option<item>;
    export tools: interface {
      record answer { summary: string, %result: list<u8> }
      run: func(name: string) -> answer;
      resource session { constructor(); next: func() -> option<answer>; }
    }
    export a-b-c1: func(x1-y2: string);
  }`,
];

async function built(world: string): Promise<{ readonly wit: string; readonly bytes: Uint8Array }> {
  const wit = `package test:main@0.1.0;\n${packages}\n${world.replace(/world \S+ /u, "world main ")}`;
  const core = await componentEmbed({ witSource: wit, dummy: true, world: "main" });
  return { wit, bytes: await componentNew(core, []) };
}

function read(bytes: Uint8Array): ComponentFacts {
  const facts = readArtifact(bytes);
  if (facts.kind !== "component") expect.unreachable();
  return facts;
}

/** What was read, as the text has it; interfaces of which the text says only the name have no functions. */
function asText(items: readonly ComponentItem[], text: WitItems): WitItems {
  const functions = new Map<string, string>();
  const interfaces = new Map<string, ReadonlyMap<string, string> | undefined>();
  for (const { name, kind, signature, functions: members } of items) {
    if (kind === "function") functions.set(name, signature ?? "");
    if (kind === "instance") {
      interfaces.set(name, text.interfaces.get(name) === undefined ? undefined : members);
    }
  }
  return { functions, interfaces };
}

async function expectSameAsTools(bytes: Uint8Array): Promise<void> {
  const facts = read(bytes);
  const { imports, exports } = readWitWorld(await componentWit(bytes));
  expect(asText(facts.imports, imports)).toEqual(imports);
  expect(asText(facts.exports, exports)).toEqual(exports);
}

describe("imports and exports are what the component tools print", () => {
  test.each(worlds)("for %s", async (world) => {
    const { wit, bytes } = await built(world);
    await expectSameAsTools(bytes);

    // The tools print interfaces of packages by name; their functions are those of the source.
    const source = readWitWorld(wit);
    const facts = read(bytes);
    for (const [items, text] of [
      [facts.imports, source.imports],
      [facts.exports, source.exports],
    ] as const) {
      const found = new Map(items.map((item) => [item.name, item]));
      for (const [name, signature] of text.functions) {
        expect(found.get(name)?.signature).toBe(signature);
      }
      for (const [name, functions] of text.interfaces) {
        expect(found.get(name)?.functions).toEqual(functions);
      }
    }
  });

  const folder = new URL("../../fixtures/guests/", import.meta.url);
  const guests = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    // What the tools themselves refuse, or trap on for good.
    .filter(
      (name) =>
        !/^(?:core-module|import-url|feature-|names-component-.*|many-exports|exploding-)/u.test(
          name,
        ),
    );

  test.each(guests)("for the guest %s", async (name) => {
    await expectSameAsTools(readFileSync(new URL(`${name}/guest.wasm`, folder)));
  });
});

describe("the reader's own comparison", () => {
  test("sees_a_function_that_is_not_there", async () => {
    const { bytes } = await built(worlds[1] ?? "");
    const text = readWitWorld(await componentWit(bytes));
    expect(text.exports.functions.get("call")).toBe(
      "func(tool-name: string, input-json: string) -> string",
    );
    expect(text.imports.interfaces.size).toBeGreaterThan(1);
  });
});
