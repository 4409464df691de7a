import { describe, expect, test } from "vitest";
import { runCli } from "../../src/cli/run-cli.ts";
import { PluginError } from "../../src/errors.ts";
import type { Inspection } from "../../src/inspect/report.types.ts";
import { captureIo, hostOf, packageOf } from "./captured.ts";

const report: Inspection = {
  format: 1,
  status: "disabled",
  defective: false,
  package: {
    ref: "project:example.echo",
    source: "project",
    id: "example.echo",
    version: "1.2.3",
    digest: `sha256:${"0".repeat(64)}`,
    schemaVersion: 1,
    name: "Echo",
    description: null,
    files: 2,
    bytes: 100,
    archiveBytes: null,
    largestFile: null,
    exceedsReference: false,
  },
  runtime: null,
  permissions: [],
  surfaces: [],
  tools: [],
  services: [],
  ingresses: [],
  hostApis: [],
  targets: [],
  diagnostics: [],
  notes: [],
};

async function inspect(
  answer: Inspection | PluginError,
  argv: readonly string[],
  machine: Parameters<typeof captureIo>[0] = {},
) {
  const { io, written } = captureIo(machine);
  const { host } = hostOf(packageOf());
  const sources: string[] = [];
  const code = await runCli(["inspect", ...argv], io, {
    ...host,
    inspect: async (source) => {
      sources.push(String(source));
      if (answer instanceof PluginError) throw answer;
      return answer;
    },
  });
  return { code, ...written, sources };
}

describe("inspect", () => {
  test("writes the report for people and ends with 0", async () => {
    const { code, out, err, sources } = await inspect(report, ["p.yoi-plugin"]);
    expect([code, err, sources]).toEqual([0, "", ["p.yoi-plugin"]]);
    expect(out).toContain("project:example.echo");
  });

  test("writes the report itself as JSON, with nothing that steers a terminal", async () => {
    const hostile = { ...report, notes: ["\u001b[2J\u009b31m\u202e"] };
    const { code, out } = await inspect(hostile, ["--json", "p"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(hostile);
    expect(out).not.toMatch(/[^\n\x20-\x7e]/);
  });

  test("ends with 1 when the package is rejected, the report written all the same", async () => {
    const rejected: Inspection = {
      ...report,
      status: "rejected",
      diagnostics: [{ code: "manifest/api", phase: "manifest", message: "Schema 9 is unknown." }],
    };
    const text = await inspect(rejected, ["p"]);
    expect(text.code).toBe(1);
    expect(text.out).toContain("Schema 9 is unknown.");
    const json = await inspect(rejected, ["p", "--json"]);
    expect([json.code, JSON.parse(json.out)]).toEqual([1, rejected]);
  });

  test("ends with 1 and an error when the source can't be read", async () => {
    const error = new PluginError({
      code: "archive/io",
      phase: "discovery",
      message: "Not found.",
    });
    const { code, out, err } = await inspect(error, ["p"]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("error archive/io\n  Not found.\n");
    const json = await inspect(error, ["p", "--json"]);
    expect([json.code, json.err]).toEqual([1, ""]);
    expect(JSON.parse(json.out)).toMatchObject({ error: { code: "archive/io" } });
  });

  test("is coloured on a terminal only", async () => {
    expect((await inspect(report, ["p"])).out).not.toContain("\u001b");
    expect((await inspect(report, ["p"], { isTerminal: true })).out).toContain("\u001b[1m");
  });

  test.each([
    ["no package", []],
    ["two packages", ["a", "b"]],
    ["an unknown option", ["a", "--timeout", "b"]],
  ])("with %s is wrong usage", async (_name, argv) => {
    expect(await inspect(report, argv)).toMatchObject({ code: 2, out: "", sources: [] });
  });
});
