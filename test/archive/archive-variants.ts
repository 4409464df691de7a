import * as fc from "fast-check";
import {
  extraField,
  type ForgedArchive,
  type ForgedEntry,
  forgeArchive,
  unicodePath,
} from "../../fixtures/packages/forge.ts";
import { packableFiles } from "./packable-files.ts";

/** What tools do differently and readers must not mind. */
const quirks = fc.record({
  method: fc.constantFrom(0, 8),
  flags: fc.constantFrom(0x0800, 0x0802, 0x0804, 0x0806),
  mode: fc.constantFrom(0, 0o100644, 0o100755),
  version: fc.constantFrom(10, 20),
  extra: fc.constantFrom("none", "times", "unicode", "padding"),
  comment: fc.uint8Array({ maxLength: 5 }),
});

/** Archives as ordinary tools write them: stored and deflated, with folders, times and comments. */
export const ordinaryArchives: fc.Arbitrary<ForgedArchive> = fc
  .tuple(
    packableFiles,
    fc.array(quirks, { minLength: 12, maxLength: 12 }),
    fc.boolean(),
    fc.uint8Array({ maxLength: 10 }),
  )
  .map(([files, choices, hasFolders, comment]) => {
    const folders = new Set<string>();
    const entries = [...files].map(([name, content], index): ForgedEntry => {
      for (let end = name.indexOf("/"); end !== -1; end = name.indexOf("/", end + 1)) {
        folders.add(name.slice(0, end + 1));
      }
      const { extra, ...fields } = choices[index % choices.length] as (typeof choices)[number];
      return { name, content, ...fields, extra: extraOf(extra, name) };
    });
    const folderEntries = hasFolders ? [...folders].map((name) => ({ name })) : [];
    return { entries: [...folderEntries, ...entries], comment };
  });

function extraOf(kind: string, name: string): Uint8Array {
  if (kind === "times") return extraField(0x5455, Uint8Array.of(1, 0, 0, 0, 0));
  if (kind === "unicode") return unicodePath(name, name);
  return new Uint8Array(kind === "padding" ? 3 : 0);
}

/** How an archive is damaged: bytes overwritten, repeated, removed, or the parts of two mixed. */
const damages = fc.oneof(
  fc.record({
    kind: fc.constant("overwrite" as const),
    at: fc.nat(),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc.constantFrom(
        Uint8Array.of(0x50, 0x4b, 5, 6),
        Uint8Array.of(0x50, 0x4b, 1, 2),
        Uint8Array.of(0x50, 0x4b, 3, 4),
        Uint8Array.of(0x50, 0x4b, 6, 7),
        Uint8Array.of(0xff, 0xff, 0xff, 0xff),
        Uint8Array.of(0, 0),
      ),
    ),
  }),
  fc.record({ kind: fc.constant("remove" as const), at: fc.nat(), length: fc.nat(40) }),
  fc.record({ kind: fc.constant("repeat" as const), at: fc.nat(), length: fc.nat(80) }),
);

/** Archives with damage, mostly slight. */
export const damagedArchives: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc
  .tuple(ordinaryArchives, fc.array(damages, { minLength: 1, maxLength: 3 }))
  .map(([archive, list]) => {
    let bytes = forgeArchive(archive);
    for (const damage of list) {
      const at = damage.at % (bytes.length + 1);
      if (damage.kind === "overwrite") {
        bytes.set(damage.bytes.subarray(0, bytes.length - at), at);
      } else {
        const end = Math.min(at + damage.length, bytes.length);
        const middle = damage.kind === "repeat" ? bytes.subarray(at, end) : new Uint8Array();
        const before = bytes.subarray(0, damage.kind === "repeat" ? end : at);
        bytes = new Uint8Array([...before, ...middle, ...bytes.subarray(end)]);
      }
    }
    return bytes;
  });
