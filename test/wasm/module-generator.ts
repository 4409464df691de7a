import { ByteWriter } from "../../src/wasm/byte-writer.ts";
import { BodyGenerator } from "./body-generator.ts";
import {
  functionTypes,
  i32,
  importedFunctions,
  isListed,
  plainGlobal,
  types,
} from "./generated-shape.ts";

/**
 * Makes valid modules out of a stream of choices, which fast-check shrinks.
 *
 * Every module ends by itself: each function entry and each loop iteration uses up one of a number of
 * steps that the module counts, and returns when none is left.
 */
export function generateModule(choices: Uint8Array): Uint8Array<ArrayBuffer> {
  return generate(new BodyGenerator(choices, true));
}

/** Makes modules as {@link generateModule} does, many of which never end by themselves. */
export function generateEndlessModule(choices: Uint8Array): Uint8Array<ArrayBuffer> {
  return generate(new BodyGenerator(choices, false));
}

function generate(generator: BodyGenerator): Uint8Array<ArrayBuffer> {
  const functions = functionTypes.slice(0, generator.functions);
  const bodies = functions.map((type) => generator.body(type));
  const out = new ByteWriter();
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) out.u8(byte);
  const section = (id: number, write: (content: ByteWriter) => void) => {
    const content = new ByteWriter();
    write(content);
    out.u8(id);
    out.leb32(content.length);
    out.append(content);
  };
  const vector =
    <Item>(items: readonly Item[], write: (content: ByteWriter, item: Item) => void) =>
    (content: ByteWriter) => {
      content.leb32(items.length);
      for (const item of items) write(content, item);
    };
  section(
    1,
    vector(types, (content, { parameters, results }) => {
      content.u8(0x60);
      for (const list of [parameters, results])
        vector(list, (inner, type) => inner.u8(type))(content);
    }),
  );
  section(2, (content) => {
    content.u8(1);
    name(content, "host");
    name(content, "twice");
    content.u8(0x00);
    content.u8(1); // (i32) -> (i32)
  });
  section(
    3,
    vector(functions, (content, type) => content.leb32(type)),
  );
  section(4, bytes(1, 0x70, 1, 8, 8));
  section(5, bytes(1, 1, 1, 4));
  section(13, bytes(1, 0, 4));
  section(6, (content) => {
    content.u8(2);
    for (const start of [40 + generator.choice(200), 7]) {
      content.u8(i32);
      content.u8(1);
      content.u8(0x41);
      content.signedLeb(start);
      content.u8(0x0b);
    }
  });
  section(7, (content) => {
    content.u8(3);
    name(content, "memory");
    content.u8(2);
    content.u8(0);
    name(content, "plain");
    content.u8(3);
    content.u8(plainGlobal);
    name(content, "run");
    content.u8(0);
    content.leb32(importedFunctions);
  });
  section(9, (content) => {
    content.u8(1);
    for (const byte of [0, 0x41, 0, 0x0b]) content.u8(byte);
    // Some functions can be called through the table, some only directly.
    const listed = [...functions.keys()].filter(isListed);
    vector(listed, (inner, index) => inner.leb32(importedFunctions + index))(content);
  });
  section(12, (content) => content.u8(1));
  section(
    10,
    vector(bodies, (content, body) => {
      content.leb32(body.length);
      content.copy(body);
    }),
  );
  section(11, (content) => {
    content.u8(1);
    content.u8(1);
    content.u8(16);
    for (let byte = 0; byte < 16; byte += 1) content.u8(byte * 17);
  });
  return out.finish();
}

/** Writes bytes as they are. */
function bytes(...values: number[]): (content: ByteWriter) => void {
  return (content) => content.copy(Uint8Array.from(values));
}

function name(out: ByteWriter, text: string): void {
  out.leb32(text.length);
  for (const character of text) out.u8(character.charCodeAt(0));
}
