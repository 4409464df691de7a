/** Words that WIT escapes when they are names, so that a type named `string` never reads as a string. */
const keywords: ReadonlySet<string> = new Set(
  (
    "_ as async bool borrow char constructor enum error-context export f32 f64 flags float32 float64 " +
    "from func future import include interface list map option own package record resource result " +
    "s16 s32 s64 s8 static stream string tuple type u16 u32 u64 u8 use variant with world"
  ).split(" "),
);

/** @returns The name as WIT writes it where a type or parameter is named. */
export function witName(name: string): string {
  return keywords.has(name) ? `%${name}` : name;
}

/**
 * Builds the text of a type up to a bound, so that types which double at every level stay short.
 *
 * Text that was cut ends in `…`, which no whole text contains.
 */
export class TypeText {
  readonly #most: number;
  #text = "";

  /** @param most The most characters kept. */
  constructor(most: number) {
    this.#most = most;
  }

  add(part: string): this {
    // One character too many shows that text was cut; a longer part must not be copied each time.
    const room = this.#most + 1 - this.#text.length;
    if (room > 0) this.#text += part.length > room ? part.slice(0, room) : part;
    return this;
  }

  toString(): string {
    return this.#text.length > this.#most ? `${this.#text.slice(0, this.#most)}…` : this.#text;
  }
}
