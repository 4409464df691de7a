import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ports } from "../../src/ports.node.ts";
import { engineSuspension } from "../../src/runtime/suspension.ts";
import { repository } from "./source-tree.ts";

test("docs/security.md says of every isolate what it guarantees", () => {
  const meaning = new Map([
    ["yes", true],
    ["no", false],
    ["with JSPI", engineSuspension() !== undefined],
  ]);
  const page = readFileSync(`${repository}docs/security.md`, "utf8");
  const rows = new Map(
    [...page.matchAll(/^\| `(\w+)`(?: \(default\))? \| ((?:(?:yes|no|with JSPI) \| ?)+)$/gmu)].map(
      ([, name = "", cells = ""]) => [
        name,
        cells.match(/yes|no|with JSPI/gu)?.map((cell) => meaning.get(cell)),
      ],
    ),
  );
  const stated = ports.isolates.map(({ name, guarantees }) => {
    const { deadline, memory, crash, authority, hostCalls } = guarantees;
    return [name, [deadline, memory, crash, authority, hostCalls]] as const;
  });
  expect(rows).toEqual(new Map(stated));
  expect(page).toContain(`| \`${ports.isolates[0]?.name}\` (default) |`);
});
