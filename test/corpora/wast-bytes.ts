import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { type Form, stringText } from "./wast-forms.ts";

/** Bytes of WebAssembly text; nothing is validated. */
export async function assemble(text: string): Promise<Uint8Array<ArrayBuffer>> {
  // wasm-tools refuses characters that look like others, unless they are escaped.
  const escaped = (character: string) =>
    `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
  return new Uint8Array(await parse(text.replace(/[^\0-\x7f]/gu, escaped)));
}

/** Whether a module is given as text in strings, which may be malformed text. */
export function isQuoted(form: Form): boolean {
  return form.items.slice(1, 3).some(({ text }) => text === "quote");
}

/** The text of a module, whichever way the script gives it. */
export function moduleText(script: string, form: Form): string {
  const plain = script.slice(form.start, form.end);
  if (!isQuoted(form)) return plain.replace(/^\(module\s+definition\b/u, "(module");
  // The strings may hold its fields alone.
  const text = form.items
    .filter(({ kind }) => kind === "string")
    .map(stringText)
    .join(" ");
  return /^\s*\(module\b/u.test(text) ? text : `(module ${text})`;
}
