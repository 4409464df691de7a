import {
  chmod,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withoutRecord, withRecord } from "../../src/store/enablement-text.ts";
import {
  disablePlugin,
  enablePlugin,
  readEnablement,
  readEnablementFile,
} from "../../src/store/store.ts";
import type { EnablementRecord } from "../../src/store/store.types.ts";
import { runStoreProcess } from "./store-process.ts";
import { temporaryFolder } from "./stored-packages.ts";

const record = (parts: object): EnablementRecord => {
  const [read] = readEnablement({ enabled: [{ id: "project:a", ...parts }] }).enabled;
  if (read === undefined) throw new Error("there is a record");
  return read;
};

const grants = {
  id: "project:a",
  version: "1",
  digest: `sha256:${"a".repeat(64)}`,
  permissions: [{ kind: "surface", surface: "tool" }],
  request: [{ scheme: "https", host: "example.com", methods: ["GET"], path_prefixes: ["/v1"] }],
};

const written = `# mine
[[enabled]] # the first
id = "project:a"
version = "1"

# about b
[[enabled]]
id = "user:b"
config = { x = 1 } # as is
`;

describe("the text of enablement records", () => {
  test("a new record is added and everything else stays as it was written", () => {
    const made = withRecord(written, record({ id: "user:c", grants }));
    expect(made.startsWith(written)).toBe(true);
    expect(readEnablement(made).enabled.map(({ id }) => id)).toEqual([
      "project:a",
      "user:b",
      "user:c",
    ]);
  });

  test("a record is replaced with its comments, and the others keep theirs", () => {
    const made = withRecord(written, record({ version: "2" }));
    expect(made).toContain('# about b\n[[enabled]]\nid = "user:b"\nconfig = { x = 1 } # as is\n');
    expect(made).not.toContain("the first");
    expect(readEnablement(made).enabled).toMatchObject([{ id: "user:b" }, { version: "2" }]);
  });

  test("a record is taken out with its tables, and all with its id", () => {
    const twice = `${written}[[enabled]]\nid = "project:a"\n[enabled.grants]\nid = "project:a"\n`;
    const made = withoutRecord(twice, "project:a");
    expect(made).toBe('# about b\n[[enabled]]\nid = "user:b"\nconfig = { x = 1 } # as is\n');
    expect(withoutRecord(made, "user:b")).toBe("");
  });

  test("a text that only looks like tables is still understood", () => {
    const text =
      'enabled = [{ id = "project:a" }, { id = "user:b", config = """\n[[enabled]]\nid = "x"\n""" }]\n';
    expect(readEnablement(withoutRecord(text, "project:a")).enabled).toMatchObject([
      { id: "user:b", config: '[[enabled]]\nid = "x"\n' },
    ]);
    const tables = '[[enabled]]\nid = "user:b"\nconfig = """\n[[enabled]]\n"""\n';
    expect(readEnablement(withRecord(tables, record({}))).enabled).toMatchObject([
      { id: "user:b", config: "[[enabled]]\n" },
      { id: "project:a" },
    ]);
  });

  test("what TOML can't say is refused", () => {
    for (const config of [{ a: null }, ["x", null], "\ud800", { "\udc00": 1 }]) {
      expect(() => withRecord("", record({ config }))).toThrow(/TOML/u);
    }
  });

  test("every record that can be written reads back as it was", () => {
    const config = fc.jsonValue({ maxDepth: 4 }).filter((value) => {
      const text = JSON.stringify(value);
      return !/null|\\ud[89a-f]/iu.test(text) && !text.includes("__proto__");
    });
    fc.assert(
      fc.property(config, fc.string({ unit: "grapheme" }), (value, version) => {
        const made = record({ config: value, version, grants });
        const text = withRecord(written, made);
        expect(readEnablement(text).enabled).toContainEqual(made);
        expect(readEnablement(withoutRecord(text, "project:a")).enabled).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the file of enablement records", () => {
  test("is made for its user alone, folders included, and leaves nothing else behind", async () => {
    const folder = join(await temporaryFolder(), "config", "yoi");
    const file = join(folder, "plugins.toml");
    await enablePlugin(file, record({ grants }));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual(["plugins.toml"]);
    expect((await readEnablementFile(file)).enabled).toEqual([record({ grants })]);
  });

  test("a missing file enables nothing, and nothing can be disabled in it", async () => {
    const file = join(await temporaryFolder(), "none.toml");
    expect(await readEnablementFile(file)).toEqual({ enabled: [] });
    expect(await disablePlugin(file, "project:a")).toBe(false);
    await expect(stat(file)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("disabling takes the grants with it", async () => {
    const file = join(await temporaryFolder(), "plugins.toml");
    await enablePlugin(file, record({ grants }));
    expect(await disablePlugin(file, "project:a")).toBe(true);
    expect(await readFile(file, "utf8")).toBe("");
  });

  test("a malformed file is refused and stays as it is", async () => {
    const file = join(await temporaryFolder(), "plugins.toml");
    for (const bytes of [Buffer.from("enabled = ["), Buffer.from([0xff, 0xfe])]) {
      await writeFile(file, bytes);
      await expect(enablePlugin(file, record({}))).rejects.toMatchObject({
        code: "options/invalid",
        message: expect.stringContaining("plugins.toml"),
      });
      expect(await readFile(file)).toEqual(bytes);
    }
  });

  test("a linked file is changed where it lies", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "dotfiles"));
    const real = join(folder, "dotfiles", "plugins.toml");
    await writeFile(real, "# mine\n");
    await symlink(real, join(folder, "plugins.toml"));
    await enablePlugin(join(folder, "plugins.toml"), record({}));
    expect(await readFile(real, "utf8")).toMatch(/^# mine\n\n\[\[enabled\]\]\n/);
  });

  test("a folder in its place is an error that names it", async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o700);
    await expect(readEnablementFile(folder)).rejects.toMatchObject({ code: "store/io" });
    await expect(enablePlugin(folder, record({}))).rejects.toMatchObject({ code: "store/io" });
  });

  test("changes that are made at once are all kept, also those of other processes", async () => {
    const file = join(await temporaryFolder(), "plugins.toml");
    const ids = Array.from({ length: 8 }, (_, index) => `user:p${index}`);
    await enablePlugin(file, record({ id: "user:gone" }));
    await Promise.all([
      ...ids.map((id) => enablePlugin(file, record({ id }))),
      disablePlugin(file, "user:gone"),
      runStoreProcess("enable", file, "user:other", "user:another"),
    ]);
    const { enabled } = await readEnablementFile(file);
    expect(enabled.map(({ id }) => id).sort()).toEqual(["user:another", "user:other", ...ids]);
    expect(await readdir(join(file, ".."))).toEqual(["plugins.toml"]);
  });

  test("staleChangeMs: what a crash left behind stands in nobody's way", async () => {
    const folder = await temporaryFolder();
    const mark = join(folder, ".plugins.toml.changing");
    await writeFile(mark, "");
    const longAgo = (Date.now() - 31_000) / 1000;
    await utimes(mark, longAgo, longAgo);
    await enablePlugin(join(folder, "plugins.toml"), record({}));
    expect(await readdir(folder)).toEqual(["plugins.toml"]);
  });

  test("changeWaitMs: a change that goes on is waited for, and not for ever", async () => {
    const folder = await temporaryFolder();
    const mark = join(folder, ".plugins.toml.changing");
    await writeFile(mark, "");
    await expect(enablePlugin(join(folder, "plugins.toml"), record({}))).rejects.toMatchObject({
      code: "store/io",
      message: expect.stringContaining("another process"),
    });
    expect(await readdir(folder)).toEqual([".plugins.toml.changing"]);
  });
});
