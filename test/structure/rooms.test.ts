import { describe, expect, test } from "vitest";
import { compositions, entries, exceptions, foundation, nodeRooms, rooms } from "./room-table.ts";
import { readSourceTree, roomOf, type SourceFile } from "./source-tree.ts";

const tree = readSourceTree();
const order = [...rooms.keys()];

describe("the rooms", () => {
  test("every file of src is in a room, the foundation, an entry or a composition", () => {
    const known = new Set<string>([...foundation, ...entries, ...compositions]);
    const lost = tree.filter(({ path, room }) => {
      return room === undefined ? !known.has(path) : !rooms.has(room);
    });
    expect(lost.map(({ path }) => path)).toEqual([]);
  });

  test("the tree is really read", () => {
    expect(tree.length).toBeGreaterThan(100);
    expect(tree.flatMap(({ imports }) => imports).length).toBeGreaterThan(300);
  });

  test("a room comes after every room that it may import", () => {
    for (const [name, { from }] of rooms) {
      for (const earlier of from) {
        expect(order.indexOf(earlier), `${name} from ${earlier}`).toBeLessThan(order.indexOf(name));
        expect(order).toContain(earlier);
      }
    }
  });

  test("the foundation imports only what stands before it", () => {
    for (const [index, path] of foundation.entries()) {
      const allowed = new Set<string>(foundation.slice(0, index));
      expect(internalTargets(file(path)).filter((target) => !allowed.has(target))).toEqual([]);
    }
  });

  test("a room imports the foundation, itself, and the doors of its table", () => {
    const refused = tree
      .filter(({ room }) => room !== undefined)
      .flatMap((source) =>
        internalTargets(source)
          .filter((target) => !mayImport(source, target))
          .map((target) => `${source.path} → ${target}`),
      );
    expect(refused).toEqual([]);
  });

  test("the rule refuses a later room, an inner file, and a platform's own file", () => {
    const source = file("package/load-package.ts");
    expect(mayImport(source, "archive/archive.ts")).toBe(true);
    expect(mayImport(source, "manifest/manifest.types.ts")).toBe(true);
    expect(mayImport(source, "instance/create-instance.ts")).toBe(false);
    expect(mayImport(source, "archive/inflate.ts")).toBe(false);
    expect(mayImport(source, "ports.node.ts")).toBe(false);
  });

  test("nothing imports an entry, and only entries and compositions import a composition", () => {
    const refused = tree
      .filter(({ path }) => !entries.includes(path) && !compositions.includes(path))
      .flatMap((source) =>
        internalTargets(source)
          .filter((target) => entries.includes(target) || compositions.includes(target))
          .map((target) => `${source.path} → ${target}`),
      );
    expect(refused).toEqual([]);
  });

  test("every agreed exception is still used", () => {
    const unused = exceptions.filter(
      ({ from, to }) =>
        !tree.some((source) => source.room === from && internalTargets(source).includes(to)),
    );
    expect(unused).toEqual([]);
  });

  test("the guest's kit imports no host code at all", () => {
    const pdk = tree.filter(({ room, path }) => room === "pdk" || path === "pdk.ts");
    expect(pdk.length).toBeGreaterThan(1);
    for (const source of pdk) {
      expect(internalTargets(source).filter((target) => roomOf(target) !== "pdk")).toEqual([]);
      expect(source.imports.filter(({ target }) => target === undefined)).toEqual([]);
    }
  });

  test("Node's modules are imported by *.node.ts files and Node-only rooms alone", () => {
    const refused = tree.filter(
      ({ path, room, imports }) =>
        imports.some(({ specifier }) => specifier.startsWith("node:")) &&
        !path.endsWith(".node.ts") &&
        !(room !== undefined && nodeRooms.has(room)) &&
        !["cli.ts", "build.ts", "node.ts"].includes(path),
    );
    expect(refused.map(({ path }) => path)).toEqual([]);
  });
});

function file(path: string): SourceFile {
  const found = tree.find((source) => source.path === path);
  if (found === undefined) throw new Error(`src/${path} is not there`);
  return found;
}

function internalTargets({ imports }: SourceFile): readonly string[] {
  return imports.flatMap(({ target }) => target ?? []);
}

function mayImport(source: SourceFile, target: string): boolean {
  const from = source.room ?? "";
  const to = roomOf(target);
  if (to === undefined) return from !== "pdk" && (foundation as readonly string[]).includes(target);
  if (to === from) return true;
  if (exceptions.some((exception) => exception.from === from && exception.to === target)) {
    return true;
  }
  if (rooms.get(from)?.from.includes(to) !== true) return false;
  return (
    target.endsWith(".types.ts") ||
    rooms.get(to)?.doors.includes(target.slice(to.length + 1)) === true
  );
}
