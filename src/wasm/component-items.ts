import type { ComponentItem } from "./artifact.types.ts";
import type { Extern, InstanceEntry, TypeEntry } from "./component-entities.ts";

/** The functions of an instance: name → signature, and name → shape. */
interface InstanceFunctions {
  readonly functions: ReadonlyMap<string, string>;
  readonly shapes: ReadonlyMap<string, string>;
}

const none: InstanceFunctions = { functions: new Map(), shapes: new Map() };

/**
 * The imports or exports of a component as facts, in the order of the bytes.
 *
 * An instance that is exported under many names is written down once.
 */
export function componentItems(externs: ReadonlyMap<string, Extern>): readonly ComponentItem[] {
  const known = new Map<ReadonlyMap<string, Extern>, InstanceFunctions>();
  const items: ComponentItem[] = [];
  for (const [name, extern] of externs) {
    const isFunction = extern.kind === "function";
    const { functions, shapes } =
      extern.kind === "instance" ? instanceFunctions(extern.entry, known) : none;
    items.push(
      Object.freeze({
        name,
        kind: extern.kind,
        signature: isFunction ? extern.entry.text : undefined,
        shape: isFunction ? extern.entry.shape : typeShape(extern),
        functions,
        shapes,
      }),
    );
  }
  return Object.freeze(items);
}

function instanceFunctions(
  instance: InstanceEntry,
  known: Map<ReadonlyMap<string, Extern>, InstanceFunctions>,
): InstanceFunctions {
  const before = known.get(instance.exports);
  if (before !== undefined) return before;
  const functions = new Map<string, string>();
  const shapes = new Map<string, string>();
  for (const [name, extern] of instance.exports) {
    if (extern.kind !== "function") continue;
    functions.set(name, extern.entry.text);
    shapes.set(name, extern.entry.shape);
  }
  const found = { functions, shapes };
  known.set(instance.exports, found);
  return found;
}

function typeShape(extern: Extern): string | undefined {
  if (extern.kind !== "type") return undefined;
  const type: TypeEntry = extern.entry;
  if (type.sort === "value" || type.sort === "function") return type.shape;
  return type.sort;
}
