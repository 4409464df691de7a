import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/bytes.ts";
import { errorCodes } from "../../src/errors.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { readManifest } from "../../src/manifest/manifest.ts";
import {
  hookEntries,
  hostApiNames,
  ingressEntries,
  manifestEntries,
  permissionEntries,
  requestEntries,
  runtimeEntries,
  serviceEntries,
  surfaceNames,
  toolEntries,
  webSocketEntries,
} from "../../src/manifest/manifest-schema.ts";

const docs = readFileSync(
  fileURLToPath(new URL("../../docs/manifest.md", import.meta.url)),
  "utf8",
);

/** The rows of the table under a heading, as cells. */
function rows(heading: string): string[][] {
  const section = docs.split(/^## /mu).find((part) => part.startsWith(heading));
  const lines = (section ?? "").split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const inBackticks = (cell = "") => cell.replaceAll("`", "");

describe("docs/manifest.md documents each key of the schema, and no other", () => {
  it.each([
    ["Top level", manifestEntries],
    ["`[runtime]`", runtimeEntries],
    ["`[[hooks]]`", hookEntries],
    ["`[[tools]]`", toolEntries],
    ["`[[services]]`", serviceEntries],
    ["`[[ingresses]]`", ingressEntries],
    ["`[[request]]`", requestEntries],
    ["`[[websocket]]`", webSocketEntries],
  ] as const)("%s", (heading, entries) => {
    const documented = rows(heading).map(([key, , required]) => [inBackticks(key), required]);
    const isOptional = (schema: { type: string }) => /optional$/u.test(schema.type);
    const known = Object.entries(entries).map(([key, schema]) => [
      key,
      isOptional(schema) ? "no" : "yes",
    ]);
    expect(documented.sort()).toEqual(known.sort());
    expect(documented.length).toBeGreaterThan(0);
  });

  it("the kinds of permission and the key of each", () => {
    const documented = rows("`[[permissions]]`").map(([kind, key]) => [
      inBackticks(kind),
      inBackticks(key),
    ]);
    const known = Object.entries(permissionEntries).map(([kind, entries]) => [
      kind,
      Object.keys(entries)[0] ?? "–",
    ]);
    expect(documented).toEqual(known);
  });

  it("the names of surfaces and host APIs", () => {
    const [surfaces] = rows("`[[permissions]]`").filter(([kind]) => kind === "`surface`");
    for (const name of surfaceNames) expect(surfaces?.[2]).toContain(`\`${name}\``);
    const [apis] = rows("`[[permissions]]`").filter(([kind]) => kind === "`host_api`");
    for (const name of hostApiNames) expect(apis?.[2]).toContain(`\`${name}\``);
  });

  it("the codes", () => {
    const documented = rows("When it is refused").map(([code]) => inBackticks(code));
    const known = Object.keys(errorCodes).filter((code) => code.startsWith("manifest/"));
    expect(documented.sort()).toEqual(known.sort());
  });
});

describe("the examples in docs/manifest.md", () => {
  const examples = [...docs.matchAll(/^```toml\n([^`]*)^```/gmu)].map(([, text]) => text ?? "");

  it("are manifests", () => {
    expect(examples.length).toBe(2);
    for (const example of examples) {
      const files = new Set(["plugin.wasm"]);
      const manifest = readManifest(encodeUtf8(example), files, defaultLimits(packageLimits));
      expect(manifest.id).toMatch(/^example\./u);
    }
  });
});
