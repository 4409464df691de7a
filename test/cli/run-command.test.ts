import { describe, expect, test } from "vitest";
import { runCli } from "../../src/cli/run-cli.ts";
import { columnsOf } from "../../src/cli/style.ts";
import { captureIo, type Guest, hostOf, packageOf } from "./captured.ts";

type Machine = Parameters<typeof captureIo>[0];

async function run(
  argv: readonly string[],
  machine: Machine = {},
  guest: Guest = {},
  pkg = packageOf(),
) {
  const { io, written } = captureIo(machine);
  const { host, seen } = hostOf(pkg, guest);
  const code = await runCli(["run", ...argv], io, host);
  return { code, ...written, seen };
}

const granted = ["p.yoi-plugin", "echo", '{"text":"hi"}', "--grant-requested"];

describe("a tool's output", () => {
  test("goes to stdout, and who it was and how long it took to stderr", async () => {
    const { code, out, err, seen } = await run(
      granted,
      {},
      { answer: () => ({ summary: "said hi", content: "hi\nagain" }) },
    );
    expect(code).toBe(0);
    expect(out).toBe("said hi\n\nhi\nagain\n");
    expect(err).toBe("12 ms, project:example.echo 1.2.3\n");
    expect(seen.input).toEqual({ text: "hi" });
    // A service of the package is not connected for it.
    expect(seen.surfaces).toEqual(["tool"]);
    expect(seen.stopped).toBe(1);
  });

  test("that is JSON is indented", async () => {
    const { out } = await run(granted, {}, { answer: () => ({ content: '{"a":[1]}' }) });
    expect(out).toContain('{\n  "a": [\n    1\n  ]\n}\n');
  });

  test("can't steer the terminal, whatever the guest puts in it", async () => {
    const hostile = "\u001b]0;owned\u0007\u001b[2J\r\b\u009b31m\u202e\u2066x\u200b";
    for (const extra of [[], ["--json"]]) {
      for (const isTerminal of [false, true]) {
        const { out, err } = await run(
          [...granted, ...extra],
          { isTerminal, environment: { NO_COLOR: "1" } },
          {
            answer: () => ({ summary: `s${hostile}`, content: `${hostile}\n{"a":"${hostile}"}` }),
            log: { stream: "stdout", text: hostile },
          },
        );
        const shown = (out + err).replaceAll("\r\u001b[2K", "");
        // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
        expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e\u2066]/);
      }
    }
  });

  test("is the result itself as JSON when that is asked for", async () => {
    const { code, out, err } = await run(
      [...granted, "--json"],
      {},
      { answer: () => ({ summary: "\u009b31m é" }) },
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ tool: "echo", summary: "\u009b31m é", isError: false });
    expect(out).toContain("\\u009b31m é");
    expect(err).toBe("");
  });

  test("that is an error goes to stderr with its code and content, and ends with 1", async () => {
    const { code, out, err, seen } = await run(
      granted,
      {},
      {
        answer: () => ({
          isError: true,
          error: { code: "guest/failed", message: "No such city." },
          content: '{"error":{}}',
        }),
      },
    );
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).toBe(
      'error guest/failed\n  No such city.\n  {\n    "error": {}\n  }\n  after 12 ms\n',
    );
    expect(seen.stopped).toBe(1);
  });

  test("that says the input does not fit comes with the tool's schema", async () => {
    const { err } = await run(
      granted,
      {},
      {
        answer: () => ({
          isError: true,
          error: { code: "input/invalid", message: "$.text is required and missing." },
        }),
      },
    );
    expect(err).toContain("$.text is required");
    expect(err).toContain('The tool takes:\n  {\n    "type": "object"');
  });

  test("that came too late comes with what to do", async () => {
    const { err } = await run(
      granted,
      {},
      {
        answer: () => ({
          isError: true,
          error: { code: "runtime/timeout", message: "It was stopped after 10000 ms." },
        }),
      },
    );
    expect(err).toContain("--timeout");
  });

  test("as JSON ends with 1 too when the tool failed", async () => {
    const { code, out } = await run(
      [...granted, "--json"],
      {},
      {
        answer: () => ({ isError: true, error: { code: "runtime/trap", message: "It trapped." } }),
      },
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ isError: true, error: { code: "runtime/trap" } });
  });

  test("and what the guest logs do not mix", async () => {
    const { out, err } = await run(granted, {}, { log: { stream: "stderr", text: "reading" } });
    expect(out).toBe("done\n");
    expect(err).toContain("stderr: reading\n");
  });
});

describe("without grants", () => {
  test("nothing runs, and the message shows what is asked for and how to grant it", async () => {
    const pkg = packageOf({
      request: [
        { scheme: "https", host: "api.example.com", methods: ["GET"], path_prefixes: ["/v1"] },
      ],
    });
    const { code, out, err, seen } = await run(granted.slice(0, 3), {}, {}, pkg);
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).toContain("error grant/denied\n");
    expect(err).toContain(
      "project:example.echo asks for:\n    surfaces.tool\n    tool.echo\n    request https://api.example.com GET /v1\n",
    );
    expect(err).toContain("--grant-requested");
    expect(err).toContain("--grants FILE");
    expect(seen.input).toBe(undefined);
    expect(seen.stopped).toBe(1);
  });

  test("the denial is JSON when that is asked for", async () => {
    const { code, out, err } = await run([...granted.slice(0, 3), "--json"]);
    expect([code, err]).toEqual([1, ""]);
    expect(JSON.parse(out)).toMatchObject({
      error: { code: "grant/denied", phase: "registration" },
    });
  });

  test("a manifest that asks for much is shown in part, within 80 columns", async () => {
    const pkg = packageOf({
      permissions: Array.from({ length: 500 }, (_, index) => ({
        kind: "tool" as const,
        name: `${"長".repeat(60)}\u001b[2J\n${index}`,
      })),
    });
    const { err } = await run(granted.slice(0, 3), {}, {}, pkg);
    expect(err).toContain("and 436 more");
    expect(err).not.toContain("\u001b");
    expect(Math.max(...err.split("\n").map(columnsOf))).toBeLessThanOrEqual(80);
  });

  test("a manifest that asks for nothing is told from one that asks", async () => {
    const { err } = await run(granted.slice(0, 3), {}, {}, packageOf({ permissions: [] }));
    expect(err).toContain("asks for nothing");
  });
});

describe("grants", () => {
  const record = {
    id: "project:example.echo",
    version: "1.2.3",
    digest: `sha256:${"0".repeat(64)}`,
    permissions: [
      { kind: "surface", surface: "tool" },
      { kind: "tool", name: "echo" },
    ],
  };
  const toml = `id = "${record.id}"\nversion = "1.2.3"\ndigest = "${record.digest}"\n[[permissions]]\nkind = "surface"\nsurface = "tool"\n[[permissions]]\nkind = "tool"\nname = "echo"\n`;

  test.each([
    ["TOML", toml],
    ["JSON", JSON.stringify(record)],
    ["indented JSON", `\n  ${JSON.stringify(record, null, 2)}\n`],
  ])("are read from a file as %s", async (_format, text) => {
    const { code, seen } = await run([...granted.slice(0, 3), "--grants", "g"], {
      files: { g: text },
    });
    expect(code).toBe(0);
    expect(seen.grants).toMatchObject(record);
  });

  test.each([
    ["a file that is not there", {}, "not found"],
    ["neither TOML nor JSON", { g: "= secret-value" }, "neither TOML (line 1, column 1) nor JSON"],
    ["broken JSON", { g: '{"id": ' }, "not valid JSON"],
    ["an unknown key", { g: "admin = true\n" }, "admin"],
  ])("from %s are refused and nothing is run", async (_name, files, reason) => {
    const { code, err, seen } = await run([...granted.slice(0, 3), "--grants=g"], { files });
    expect(code).toBe(1);
    expect(err.replaceAll(/\s+/g, " ")).toContain(reason);
    expect(err).not.toContain("secret-value");
    expect(seen.input).toBe(undefined);
  });

  test("for another package are refused as such", async () => {
    const other = JSON.stringify({ ...record, version: "1.2.4" });
    const { code, err } = await run([...granted.slice(0, 3), "--grants", "g"], {
      files: { g: other },
    });
    expect(code).toBe(1);
    expect(err).toContain("error grant/binding");
  });

  test("that are requested include the targets of the manifest", async () => {
    const request = [{ scheme: "https", host: "a.example", methods: ["GET"], path_prefixes: [] }];
    const { seen } = await run(granted, {}, {}, packageOf({ request }));
    expect(seen.grants).toMatchObject({ id: "project:example.echo", request });
  });
});

describe("the tool's input", () => {
  test("is read from standard input for -", async () => {
    const { code, seen } = await run(["p", "echo", "-", "--grant-requested"], {
      stdin: '{"from":"stdin"}\n',
    });
    expect([code, seen.input]).toEqual([0, { from: "stdin" }]);
  });

  test.each([
    ["not JSON", "hello"],
    ["a key twice", '{"a":1,"a":2}'],
    ["the key __proto__", '{"__proto__":{}}'],
  ])("that is %s is wrong usage", async (_name, text) => {
    const { code, err, seen } = await run(["p", "echo", text, "--grant-requested"]);
    expect([code, seen.input]).toEqual([2, undefined]);
    expect(err).toContain("The tool's input can't be used");
  });

  test("may have 1 MiB and no more", async () => {
    const at = `"${"x".repeat(1_048_574)}"`;
    expect((await run(["p", "echo", at, "--grant-requested"])).code).toBe(0);
    const past = await run(["p", "echo", `${at} `, "--grant-requested"]);
    expect([past.code, past.err]).toEqual([1, expect.stringContaining("error input/too-large")]);
  });
});

describe("wrong arguments end with 2, say what is wrong and how it goes", () => {
  test.each<[string, string[], string]>([
    ["none", [], "<package> is missing"],
    ["no tool", ["p"], "<tool> is missing"],
    ["no input", ["p", "echo"], "<json> is missing"],
    ["one too many", ["p", "echo", "{}", "more"], "one too many"],
    ["an unknown option", ["p", "echo", "{}", "--all"], "--all"],
    ["an option without its value", ["p", "echo", "{}", "--grants"], "--grants"],
    ["a value for a switch", ["p", "echo", "{}", "--json=yes"], "--json"],
    [
      "both ways to grant",
      ["p", "echo", "{}", "--grants", "g", "--grant-requested"],
      "exclude each other",
    ],
    ["a time that is no number", ["p", "echo", "{}", "--timeout", "soon"], "--timeout"],
    ["no time", ["p", "echo", "{}", "--timeout", "0"], "--timeout"],
    ["a fraction of a millisecond", ["p", "echo", "{}", "--timeout=1.5"], "--timeout"],
  ])("%s", async (_name, argv, reason) => {
    const { code, out, err } = await run(argv);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(reason);
    expect(err).toContain("Usage: yoi-plugin run <package> <tool> <json>");
  });

  test("a timeout is passed to the instance", async () => {
    expect((await run([...granted, "--timeout", "60000"])).seen.timeoutMs).toBe(60_000);
  });
});

test("a package that can't be read ends with 1 and says which and why", async () => {
  const { code, err } = await run(["missing.yoi-plugin", "echo", "{}"]);
  expect(code).toBe(1);
  expect(err).toContain("error archive/io\n");
  expect(err).toContain("not found");
  expect(err).toContain("Check the path");
  const json = await run(["missing.yoi-plugin", "echo", "{}", "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({ error: { code: "archive/io", phase: "discovery" } });
});

test("a tool that the package does not have ends with 1 and lists those it has", async () => {
  const { code, err } = await run(["p", "\u001b[2Jecko", "{}", "--grant-requested"]);
  expect(code).toBe(1);
  expect(err).toContain("error registry/unknown-tool\n");
  expect(err).toContain('Its tools:\n    "echo" Says it again.');
  expect(err).not.toContain("\u001b");
});

describe("on a terminal", () => {
  test("a line says what is being done and is taken away before the output", async () => {
    const { err, out } = await run(granted, { isTerminal: true });
    for (const step of ["Loading the package", "Preparing the guest", "Running"]) {
      expect(err).toContain(`… ${step}`);
    }
    expect(err.lastIndexOf("\r\u001b[2K")).toBeGreaterThan(err.lastIndexOf("…"));
    expect(out).toBe("\u001b[1mdone\u001b[22m\n");
  });

  test("there is colour, and none with NO_COLOR or a dumb terminal", async () => {
    expect((await run(granted, { isTerminal: true })).out).toContain("\u001b[1m");
    for (const environment of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      expect((await run(granted, { isTerminal: true, environment })).out).toBe("done\n");
    }
  });

  test("and nowhere else", async () => {
    const { out, err } = await run(granted);
    expect(out + err).not.toContain("\u001b");
    expect(err).not.toContain("…");
  });
});
