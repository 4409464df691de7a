/** A form of a WebAssembly script: an atom, a string, or a list, with where its text stands. */
export interface Form {
  readonly kind: "atom" | "string" | "list";
  /** The atom, or the string with its quotes and escapes; empty for a list. */
  readonly text: string;
  readonly items: readonly Form[];
  readonly start: number;
  readonly end: number;
}

/** Splits a script into its top-level forms. */
export function parseForms(script: string): readonly Form[] {
  const forms: Form[] = [];
  let at = skipSpace(script, 0);
  while (at < script.length) {
    const form = parseForm(script, at);
    forms.push(form);
    at = skipSpace(script, form.end);
  }
  return forms;
}

/** The text of the atom at an index of a list, or an empty one. */
export function atomAt(form: Form, index: number): string {
  const item = form.items[index];
  return item?.kind === "atom" ? item.text : "";
}

/** What a string means: its bytes. */
export function stringBytes(form: Form): Uint8Array {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const inner = form.text.slice(1, -1);
  for (let at = 0; at < inner.length; ) {
    if (inner[at] !== "\\") {
      const character = String.fromCodePoint(inner.codePointAt(at) as number);
      bytes.push(...encoder.encode(character));
      at += character.length;
      continue;
    }
    const letter = inner[at + 1] as string;
    const simple = { t: 9, n: 10, r: 13, '"': 34, "'": 39, "\\": 92 }[letter];
    if (simple !== undefined) {
      bytes.push(simple);
      at += 2;
    } else if (letter === "u") {
      const close = inner.indexOf("}", at);
      const code = Number.parseInt(inner.slice(at + 3, close).replaceAll("_", ""), 16);
      bytes.push(...encoder.encode(String.fromCodePoint(code)));
      at = close + 1;
    } else {
      bytes.push(Number.parseInt(inner.slice(at + 1, at + 3), 16));
      at += 3;
    }
  }
  return Uint8Array.from(bytes);
}

/** What a string means, as text. */
export function stringText(form: Form): string {
  return new TextDecoder().decode(stringBytes(form));
}

function parseForm(script: string, start: number): Form {
  const first = script[start];
  if (first === '"') {
    const end = stringEnd(script, start);
    return { kind: "string", text: script.slice(start, end), items: [], start, end };
  }
  if (first !== "(") {
    let end = start + 1; // an annotation may hold any character, a lone semicolon too
    if (first === ")") throw new Error(`a list is closed that is not open at ${start}`);
    while (end < script.length && !/[\s()";]/u.test(script[end] as string)) end += 1;
    return { kind: "atom", text: script.slice(start, end), items: [], start, end };
  }
  const items: Form[] = [];
  let at = skipSpace(script, start + 1);
  while (script[at] !== ")") {
    if (at >= script.length) throw new Error(`a list is not closed at ${start}`);
    const item = parseForm(script, at);
    items.push(item);
    at = skipSpace(script, item.end);
  }
  return { kind: "list", text: "", items, start, end: at + 1 };
}

function stringEnd(script: string, start: number): number {
  let at = start + 1;
  while (script[at] !== '"') {
    if (at >= script.length) throw new Error(`a string is not closed at ${start}`);
    at += script[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}

function skipSpace(script: string, start: number): number {
  let at = start;
  for (;;) {
    const two = script.slice(at, at + 2);
    if (two === ";;") {
      while (at < script.length && script[at] !== "\n" && script[at] !== "\r") at += 1;
    } else if (two === "(;") {
      at = commentEnd(script, at);
    } else if (two === "(@") {
      at = parseForm(script, at).end; // an annotation
    } else if (at < script.length && /\s/u.test(script[at] as string)) {
      at += 1;
    } else {
      return at;
    }
  }
}

function commentEnd(script: string, start: number): number {
  let depth = 1;
  let at = start + 2;
  while (depth > 0) {
    if (at >= script.length) throw new Error(`a comment is not closed at ${start}`);
    const two = script.slice(at, at + 2);
    if (two === "(;") depth += 1;
    else if (two === ";)") depth -= 1;
    at += two === "(;" || two === ";)" ? 2 : 1;
  }
  return at;
}
