import { describe, expect, test } from "vitest";
import { runCli } from "../../src/cli/run-cli.ts";
import { columnsOf, wrapText } from "../../src/cli/style.ts";
import { captureIo, hostOf, packageOf } from "./captured.ts";

async function cli(...argv: string[]) {
  const { io, written } = captureIo();
  return { code: await runCli(argv, io, hostOf(packageOf()).host), ...written };
}

describe("help", () => {
  test("that was asked for goes to stdout and ends with 0", async () => {
    for (const argv of [["help"], ["--help"], ["-h"]]) {
      const { code, out, err } = await cli(...argv);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toContain("inspect");
      expect(out).toContain("run");
    }
    for (const argv of [
      ["help", "run"],
      ["run", "--help"],
      ["run", "-h"],
    ]) {
      const { code, out } = await cli(...argv);
      expect(code).toBe(0);
      expect(out).toContain("--grant-requested");
    }
  });

  test("that nobody asked for goes to stderr and ends with 2", async () => {
    for (const argv of [[], ["destroy"], ["\u001b[2J"], ["help", "destroy"], ["__proto__"]]) {
      const { code, out, err } = await cli(...argv);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toContain("Usage: yoi-plugin <command>");
      expect(err).not.toContain("\u001b");
    }
  });

  test("fits 80 columns", async () => {
    for (const argv of [["help"], ["help", "run"], ["help", "inspect"]]) {
      const { out } = await cli(...argv);
      expect(Math.max(...out.split("\n").map(columnsOf))).toBeLessThanOrEqual(80);
    }
  });
});

test("the version is the package's", async () => {
  expect(await cli("--version")).toMatchObject({ code: 0, out: "9.9.9\n" });
});

describe("text is wrapped", () => {
  test("at spaces, with later lines indented", () => {
    expect(wrapText("one two three", 8, 2)).toEqual(["one two", "  three"]);
    expect(wrapText("  a b", 80)).toEqual(["  a b"]);
    expect(wrapText("a\nb", 80, 2)).toEqual(["a", "  b"]);
  });

  test("in the middle of a word that is longer than a line", () => {
    const lines = wrapText(`x ${"長".repeat(30)}`, 20, 4);
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(20);
    expect(lines.join("").replaceAll(" ", "")).toBe(`x${"長".repeat(30)}`);
  });

  test("counting columns and not characters", () => {
    expect([columnsOf("abc"), columnsOf("長い"), columnsOf("e\u0301"), columnsOf("😀")]).toEqual([
      3, 4, 1, 2,
    ]);
  });
});
