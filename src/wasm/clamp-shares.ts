import type { ArtifactFacts, CoreModuleFacts, MemoryFacts, TableFacts } from "./artifact.types.ts";
import { saturatingAdd, saturatingMultiply } from "./saturating.ts";

/** A memory or table that a module defines, in pages or elements. */
interface Growable {
  readonly declared: MemoryFacts | TableFacts;
  readonly minimum: number;
  readonly maximum: number | undefined;
  /** How many of it there will be. */
  readonly instantiations: number;
  /** Whether any code can make it larger. */
  readonly mayGrow: boolean;
}

/** A memory or table with the maximum that it gets. */
export interface Share {
  readonly declared: MemoryFacts | TableFacts;
  /** In pages of 64 KiB or elements; never below the declared minimum. */
  readonly maximum: number;
}

/** The most pages that a memory with 32-bit addresses can have. */
const addressablePages = 65_536;
const addressableElements = 0xffff_ffff;

/** Shares out a number of pages among all memories of an artifact. */
export function shareMemory(facts: ArtifactFacts, pages: number): readonly Share[] {
  const memories = modulesOf(facts).flatMap(({ memories: declared, instantiations }) =>
    declared
      .filter(({ isImported }) => !isImported)
      .map((memory) => ({
        declared: memory,
        minimum: memory.minPages,
        maximum: memory.maxPages,
        instantiations,
        mayGrow: memory.isGrown,
      })),
  );
  return share(memories, pages, addressablePages);
}

/** Shares out a number of elements among all tables of an artifact. */
export function shareTables(facts: ArtifactFacts, elements: number): readonly Share[] {
  const tables = modulesOf(facts).flatMap(({ tables: declared, instantiations }) =>
    declared
      .filter(({ isImported }) => !isImported)
      .map((table) => ({
        declared: table,
        minimum: table.minElements,
        maximum: table.maxElements,
        instantiations,
        mayGrow: table.isGrown,
      })),
  );
  return share(tables, elements, addressableElements);
}

function modulesOf(facts: ArtifactFacts): readonly CoreModuleFacts[] {
  return facts.kind === "component" ? facts.modules : [facts.module];
}

/**
 * Everyone keeps the declared minimum. What is left of the whole goes in equal parts to those that can
 * grow, counting every instantiation; one whose own maximum leaves it less room takes only that, and the
 * others share the rest. One that no code can make larger gets no more than its minimum.
 */
function share(all: readonly Growable[], whole: number, addressable: number): readonly Share[] {
  const started = all.reduce(
    (sum, { minimum, instantiations }) =>
      saturatingAdd(sum, saturatingMultiply(minimum, instantiations)),
    0,
  );
  const growing = all
    .filter(({ mayGrow, instantiations }) => mayGrow && instantiations > 0)
    .map((item) => ({
      item,
      room: Math.max(0, Math.min(item.maximum ?? addressable, addressable) - item.minimum),
    }))
    .sort((left, right) => left.room - right.room);
  let left = Math.max(0, whole - started);
  let sharers = growing.reduce((sum, { item }) => saturatingAdd(sum, item.instantiations), 0);
  const growth = new Map<Growable, number>();
  for (const { item, room } of growing) {
    const granted = Math.min(room, Math.floor(left / sharers));
    growth.set(item, granted);
    left -= granted * item.instantiations;
    sharers -= item.instantiations;
  }
  return all.map((item) => ({
    declared: item.declared,
    maximum: item.minimum + (growth.get(item) ?? 0),
  }));
}
