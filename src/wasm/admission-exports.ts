import { boundedText, quoteName } from "../diagnostic.ts";
import type { Refuse } from "./admission.types.ts";
import type { ComponentFacts, ComponentItem, CoreModuleFacts } from "./artifact.types.ts";
import { rawExports, type Signature, shapeOf, type WorldName, worlds } from "./worlds.ts";

/**
 * Refuses a component that lacks an export of its world, or exports what can't be generated for.
 *
 * Functions besides the world's may have any type: they are never called, and code that is generated for a
 * function does nothing until it is.
 */
export function checkExports(facts: ComponentFacts, world: WorldName, refuse: Refuse): void {
  const exports = new Map(facts.exports.map((item) => [item.name, item]));
  const missing = missingExports(exports, worlds[world]);
  const other = otherWorld(exports, world);
  if (missing.length === worlds[world].size && other !== undefined) {
    refuse(
      "artifact/world-mismatch",
      `The manifest declares the world ${world}, and the artifact exports what the world ${other} has. Declare that world, or build for the declared one.`,
    );
  }
  for (const [name, signature] of missing) {
    refuse(
      "artifact/missing-export",
      `The world ${world} needs the export ${quoteName(name)}: ${signature}. The artifact ${found(exports.get(name))}.`,
    );
  }
  for (const { name, kind } of facts.exports) {
    if (kind === "function" || kind === "instance" || kind === "type") continue;
    refuse(
      "artifact/unsupported",
      `The artifact exports the ${kind} ${quoteName(name)}. Guests export functions, interfaces and types.`,
    );
  }
}

function missingExports(
  exports: ReadonlyMap<string, ComponentItem>,
  needed: ReadonlyMap<string, Signature>,
): readonly (readonly [name: string, signature: Signature])[] {
  return [...needed].filter(([name, signature]) => {
    const item = exports.get(name);
    return item?.kind !== "function" || item.shape !== shapeOf(signature);
  });
}

function otherWorld(
  exports: ReadonlyMap<string, ComponentItem>,
  world: WorldName,
): string | undefined {
  return Object.entries(worlds).find(
    ([name, needed]) => name !== world && missingExports(exports, needed).length === 0,
  )?.[0];
}

function found(item: ComponentItem | undefined): string {
  if (item === undefined) return "has no export of that name";
  if (item.kind !== "function") return `has it as a ${item.kind}`;
  return `has it as ${boundedText(item.signature ?? "", 200)}`;
}

/** Refuses a raw guest that lacks what the ABI looks up. */
export function checkRawExports(module: CoreModuleFacts, refuse: Refuse): void {
  for (const { name, kind, signature } of rawExports) {
    const item = module.exports.find((candidate) => candidate.name === name);
    if (item?.kind === kind && item.signature === signature) continue;
    const expected = signature === undefined ? `a ${kind}` : `a ${kind} ${signature}`;
    const is = item === undefined ? "no such export" : `a ${item.kind} ${item.signature ?? ""}`;
    refuse(
      "artifact/missing-export",
      `The ABI yoi-plugin-wasm-1 needs the export ${quoteName(name)}, ${expected}. The artifact has ${boundedText(is.trim(), 120)}.`,
    );
  }
}
