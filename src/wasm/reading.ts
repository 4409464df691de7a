import { ByteCursor, type CursorFailure } from "../bytes.ts";
import { PluginError } from "../errors.ts";
import type { ArtifactLimits } from "../limits.ts";
import type { NamedPlace } from "./artifact.types.ts";

/** What malformed bytes are reported as. */
export const artifactFailure: CursorFailure = {
  code: "artifact/malformed",
  phase: "inspection",
  subject: "the artifact",
};

/** One reading of one artifact: its bytes, its bounds, and what was counted and named so far. */
export class ArtifactReading {
  readonly bytes: Uint8Array;
  readonly limits: ArtifactLimits;
  readonly #names = new Map<string, Set<string>>();
  #items = 0;
  #componentItems = 0;
  #text = 0;

  constructor(bytes: Uint8Array, limits: ArtifactLimits) {
    this.bytes = bytes;
    this.limits = limits;
  }

  /** A cursor over `[start, end)` of the artifact. */
  cursor(start: number, end: number): ByteCursor {
    return new ByteCursor(this.bytes, artifactFailure, start, end);
  }

  /**
   * Reads the count of a vector whose elements take at least one byte each.
   *
   * @throws PluginError `artifact/malformed` when that many can't follow, so that a lie costs nothing.
   */
  count(cursor: ByteCursor): number {
    const start = cursor.offset;
    const count = cursor.leb32();
    if (count > cursor.remaining) cursor.fail("a count is larger than what follows", start);
    return count;
  }

  /** Reads the count of a vector of items of core modules, and counts them. */
  countItems(cursor: ByteCursor): number {
    const count = this.count(cursor);
    this.addItems(count);
    return count;
  }

  /** Reads the count of a vector of items of components, and counts them. */
  countComponentItems(cursor: ByteCursor): number {
    const count = this.count(cursor);
    this.addComponentItems(count);
    return count;
  }

  addItems(count: number): void {
    this.#items += count;
    if (this.#items > this.limits.items) this.overLimit("items", "items in its core modules");
  }

  addComponentItems(count: number): void {
    this.#componentItems += count;
    if (this.#componentItems > this.limits.readComponentItems) {
      this.overLimit("readComponentItems", "items in its components");
    }
  }

  /** Counts characters that are kept of the text of types. */
  addText(characters: number): void {
    this.#text += characters;
    if (this.#text > this.limits.signatureCharactersInAll) {
      this.overLimit("signatureCharactersInAll", "characters in its signatures");
    }
  }

  /** How many items of components were counted so far. */
  get componentItems(): number {
    return this.#componentItems;
  }

  /** Notes a name and where it stands, once for each name and place. */
  name(place: string, name: string): string {
    const known = this.#names.get(place);
    if (known === undefined) this.#names.set(place, new Set([name]));
    else known.add(name);
    return name;
  }

  /** Reads a name and notes where it stands. */
  readName(place: string, cursor: ByteCursor): string {
    return this.name(place, cursor.name());
  }

  /** Every name with its place, in the order in which they were first met, place by place. */
  namedPlaces(): readonly NamedPlace[] {
    const places: NamedPlace[] = [];
    for (const [place, names] of this.#names) {
      for (const name of names) places.push(Object.freeze({ name, place }));
    }
    return Object.freeze(places);
  }

  /** Fails because an encoding is one that this reader does not know. */
  unsupported(what: string, offset: number): never {
    throw new PluginError({
      code: "artifact/unsupported",
      phase: "inspection",
      message: `In the artifact, ${what} (at byte ${offset}). Build the guest without it.`,
      details: { offset },
    });
  }

  /** Fails because the artifact has more of something than a bound of this reader. */
  overLimit(limit: keyof ArtifactLimits, what: string, most = this.limits[limit]): never {
    throw new PluginError({
      code: "artifact/limit",
      phase: "inspection",
      message: `The artifact has more than ${most} ${what}. Build a smaller guest, or raise the limit ${limit}.`,
      details: { limit, most },
    });
  }
}
