import { ByteCursor } from "../bytes.ts";
import type { GuestLimits } from "../limits.ts";
import type { ArtifactFacts } from "./artifact.types.ts";
import { ByteWriter } from "./byte-writer.ts";
import { type Share, shareMemory, shareTables } from "./clamp-shares.ts";
import { readLimits } from "./core-limits.ts";
import { artifactFailure } from "./reading.ts";
import { type Patch, splice } from "./splice.ts";

const pageBytes = 65_536;

/**
 * Rewrites an artifact's memory and table maxima, in every module of it, so that a running guest stays
 * within its limits whatever the engine around it allows: all memories together within `memoryBytes`, all
 * tables together within `tableElements`, every instantiation counted.
 *
 * Each keeps its declared minimum, and its own maximum where that is smaller. What the limits leave above
 * the minima is shared out equally among those that some code can make larger. `memory.grow` past a
 * maximum fails inside the guest. Imported memories and tables are left as they are: what they are given
 * has a smaller maximum than before, which every import that took it still takes.
 *
 * It does not bound a guest that declares more than the limits at the start: admission refuses that.
 *
 * @param bytes The artifact.
 * @param facts What `readArtifact` read from these very bytes.
 * @param limits The guest's limits.
 * @returns The artifact with other maxima; the same bytes when there is nothing to change.
 */
export function clampArtifact(
  bytes: Uint8Array<ArrayBuffer>,
  facts: ArtifactFacts,
  limits: GuestLimits,
): Uint8Array<ArrayBuffer> {
  if (facts.bytes !== bytes.length) throw new RangeError("the facts are of another artifact");
  const shares = [
    ...shareMemory(facts, Math.floor(limits.memoryBytes / pageBytes)),
    ...shareTables(facts, limits.tableElements),
  ];
  const patches = shares
    .map((share) => limitsPatch(bytes, share))
    .filter((patch) => patch !== undefined)
    .sort((left, right) => left.start - right.start);
  return patches.length === 0 ? bytes : splice(bytes, patches);
}

const hasMaximum = 1;
const hasPageSize = 8;

/** The limits of one memory or table with its new maximum; `undefined` when they are it already. */
function limitsPatch(bytes: Uint8Array, { declared, maximum }: Share): Patch | undefined {
  const { start, end } = declared.limits;
  const cursor = new ByteCursor(bytes, artifactFailure, start, end);
  const { minimum, maximum: before, pageBits } = readLimits(cursor, 15);
  const scaled = pageBits === undefined ? maximum : Math.floor(maximum * 2 ** (16 - pageBits));
  const after = Math.max(scaled, minimum);
  if (before !== undefined && before <= after) return undefined;

  const flags = bytes[start] as number;
  const minimumLength = lebLength(bytes, start + 1);
  const writer = new ByteWriter();
  writer.u8(flags | hasMaximum);
  writer.copy(bytes, start + 1, start + 1 + minimumLength);
  // The minimum may have more than 32 bits in what admission refuses; then it is copied.
  if (after === minimum) writer.copy(bytes, start + 1, start + 1 + minimumLength);
  else writer.leb32(Math.min(after, 0xffff_ffff));
  if ((flags & hasPageSize) !== 0) writer.copy(bytes, end - lebLengthBefore(bytes, end), end);
  return { start, end, bytes: writer.finish() };
}

function lebLength(bytes: Uint8Array, start: number): number {
  let length = 1;
  while ((bytes[start + length - 1] as number) >= 0x80) length += 1;
  return length;
}

/** The length of the LEB128 integer that ends at `end`: its last byte, and those before that continue. */
function lebLengthBefore(bytes: Uint8Array, end: number): number {
  let length = 1;
  while ((bytes[end - length - 1] as number) >= 0x80) length += 1;
  return length;
}
