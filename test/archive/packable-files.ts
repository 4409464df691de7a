import * as fc from "fast-check";
import { refuseCollisions } from "../../src/archive/archive.ts";

const segment = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
  .filter((text) => !/[/\\\0~:]/u.test(text) && text !== "." && text !== "..");

const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.nat(2000).map((size) => new Uint8Array(size)),
);

/** Files that a package may hold: safe paths that do not collide. */
export const packableFiles = fc
  .uniqueArray(fc.tuple(path, content), { selector: ([name]) => name, maxLength: 12 })
  .map((entries) => new Map(entries))
  .filter((files) => {
    try {
      refuseCollisions(files.keys());
      return true;
    } catch {
      return false;
    }
  });
