import { execFileSync } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inertText, utf8Length } from "../../src/diagnostic.ts";
import { discoverPackages } from "../../src/store/store.ts";
import {
  archiveOf,
  discoverProject,
  forgedArchive,
  manifestHead,
  temporaryFolder,
  toolTables,
  writePackage,
} from "./stored-packages.ts";

const isWindows = process.platform === "win32";

describe("a hostile store", () => {
  test("[store/confined] a package that is a link out of the store is refused, and what it links to is not read", async () => {
    const [folder, elsewhere] = [await temporaryFolder(), await temporaryFolder()];
    const secret = await writePackage(elsewhere, "secret.yoi-plugin");
    await symlink(secret, join(folder, "linked.yoi-plugin"));
    await symlink("/etc/hostname", join(folder, "host.yoi-plugin"));
    const { packages, diagnostics } = await discoverProject(folder);
    expect(packages).toEqual([]);
    expect(diagnostics).toMatchObject([
      {
        code: "archive/traversal",
        phase: "discovery",
        source: "project",
        package: "host.yoi-plugin",
      },
      { code: "archive/traversal", package: "linked.yoi-plugin" },
    ]);
  });

  test("a store whose name is another's beginning does not hold its packages", async () => {
    const root = await temporaryFolder();
    const target = await writePackage(join(root, "store-evil"), "x.yoi-plugin");
    await mkdir(join(root, "store"));
    await symlink(target, join(root, "store", "x.yoi-plugin"));
    const { diagnostics } = await discoverProject(join(root, "store"));
    expect(diagnostics.map(({ code }) => code)).toEqual(["archive/traversal"]);
  });

  test("a link inside the store is followed, and the store itself may be one", async () => {
    const [folder, other] = [await temporaryFolder(), await temporaryFolder()];
    await writePackage(join(folder, "real"), "echo");
    await symlink(join("real", "echo"), join(folder, "echo.yoi-plugin"));
    await symlink(folder, join(other, "store"));
    const { packages, diagnostics } = await discoverProject(join(other, "store"));
    expect(diagnostics).toEqual([]);
    expect(packages).toMatchObject([
      { label: "echo.yoi-plugin", path: join(folder, "real", "echo") },
    ]);
  });

  test("links that lead nowhere or in circles, folders and pipes are each one finding", async () => {
    const folder = await temporaryFolder();
    await symlink(join(folder, "nothing"), join(folder, "a.yoi-plugin"));
    await symlink("b.yoi-plugin", join(folder, "b.yoi-plugin"));
    await mkdir(join(folder, "c.yoi-plugin"));
    if (!isWindows) execFileSync("mkfifo", [join(folder, "d.yoi-plugin")]);
    else await mkdir(join(folder, "d.yoi-plugin"));
    await writePackage(folder, "e.yoi-plugin");
    const { packages, diagnostics } = await discoverProject(folder);
    expect(packages.map(({ label }) => label)).toEqual(["e.yoi-plugin"]);
    expect(diagnostics.map(({ code, package: label }) => [code, label])).toEqual([
      ["archive/io", "a.yoi-plugin"],
      ["archive/malformed", "b.yoi-plugin"],
      ["archive/malformed", "c.yoi-plugin"],
      ["archive/malformed", "d.yoi-plugin"],
    ]);
  });

  test.skipIf(isWindows)("an unreadable package does not hide the others", async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o755);
    await chmod(await writePackage(folder, "a.yoi-plugin"), 0o000);
    await writePackage(folder, "b.yoi-plugin", { id: "example.b" });
    const { packages, diagnostics } = await asNobody(() => discoverProject(folder));
    expect(packages.map(({ label }) => label)).toEqual(["b.yoi-plugin"]);
    expect(diagnostics).toMatchObject([{ code: "archive/io", package: "a.yoi-plugin" }]);
  });

  test("[store/one-bad-package] one bad package of every kind does not hide a good one", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a.yoi-plugin"), "no archive");
    await writeFile(join(folder, "b.yoi-plugin"), "");
    await writePackage(
      folder,
      "c.yoi-plugin",
      forgedArchive(manifestHead.replace("schema_version = 1", "schema_version = 999")),
    );
    await writePackage(folder, "z.yoi-plugin");
    const { packages, diagnostics } = await discoverProject(folder);
    expect(packages.map(({ label }) => label)).toEqual(["z.yoi-plugin"]);
    expect(diagnostics).toMatchObject([
      { code: "archive/malformed", package: "a.yoi-plugin" },
      { code: "archive/malformed", package: "b.yoi-plugin" },
      { code: "manifest/api", phase: "manifest", package: "c.yoi-plugin" },
    ]);
    expect(diagnostics[2]?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("a file name with escapes, line breaks and direction marks comes out inert", async () => {
    const folder = await temporaryFolder();
    const name = "\u001b[31m\u202egnp\n\u001b]8;;http:evil\u0007.yoi-plugin";
    await writePackage(folder, name);
    await writeFile(join(folder, `x${name}`), "bad");
    const { packages, diagnostics } = await discoverProject(folder);
    expect(packages).toHaveLength(1);
    const shown = [...packages.map(({ label }) => label), JSON.stringify(diagnostics)];
    for (const text of shown) expect(inertText(text)).toBe(text);
    expect(diagnostics[0]?.package).toContain(".yoi-plugin");
  });

  test.skipIf(process.platform !== "linux")("a name that is not UTF-8 is a finding", async () => {
    const folder = await temporaryFolder();
    const path = Buffer.concat([
      Buffer.from(`${folder}/`),
      Buffer.from([0xff]),
      Buffer.from(".yoi-plugin"),
    ]);
    await writeFile(path, "x");
    const { diagnostics } = await discoverProject(folder);
    expect(diagnostics).toMatchObject([{ code: "archive/traversal", source: "project" }]);
  });

  test("a manifest that is broken beside wide characters gives a short finding without its text", async () => {
    const folder = await temporaryFolder();
    const more = `description = "${"秘密".repeat(200)}`;
    const path = await writePackage(folder, "a.yoi-plugin", forgedArchive(manifestHead + more));
    const { diagnostics } = await discoverProject(folder);
    expect(path).toContain("a.yoi-plugin");
    expect(diagnostics).toMatchObject([{ code: "manifest/malformed" }]);
    for (const { message } of diagnostics) {
      expect(utf8Length(message)).toBeLessThanOrEqual(240);
      expect(message).not.toContain("秘");
    }
  });

  test("diagnosticBytes: messages that name long things stay within 240 bytes", async () => {
    const folder = await temporaryFolder();
    for (let index = 0; index < 8; index += 1) {
      await writePackage(folder, `${index}${"é".repeat(100)}.yoi-plugin`, {
        files: { x: String(index) },
      });
    }
    const { packages, diagnostics } = await discoverProject(folder);
    expect(packages).toHaveLength(8);
    expect(diagnostics).toMatchObject([{ code: "package/duplicate", ref: "project:example.echo" }]);
    const bytes = utf8Length(diagnostics[0]?.message ?? "");
    expect(bytes).toBeLessThanOrEqual(240);
    expect(bytes).toBeGreaterThan(236);
  });

  test("packagesPerStore: 128 packages are read, of 129 and of 200 the first 128 by name", async () => {
    for (const count of [128, 129, 200]) {
      const folder = await temporaryFolder();
      for (let index = 0; index < count; index += 1) {
        const number = String(index).padStart(3, "0");
        await writePackage(folder, `${number}.yoi-plugin`, { id: `example.p${number}` });
      }
      const { packages, diagnostics } = await discoverProject(folder);
      expect(packages).toHaveLength(128);
      expect(packages.at(-1)?.label).toBe("127.yoi-plugin");
      const isOver = count > 128;
      expect(diagnostics.map(({ code }) => code)).toEqual(isOver ? ["store/bounds"] : []);
    }
  });

  test("visitedFiles: a folder of too many files is not read to its end", async () => {
    const folder = await temporaryFolder();
    for (const name of ["a", "b", "c"]) await writeFile(join(folder, name), "");
    const stores = [{ source: "user" as const, folder }];
    const at = await discoverPackages({ stores, limits: { visitedFiles: 3 } });
    expect(at.diagnostics).toEqual([]);
    const over = await discoverPackages({ stores, limits: { visitedFiles: 2 } });
    expect(over.diagnostics).toMatchObject([{ code: "store/bounds", source: "user" }]);
  });

  test("packageBytes: a package at the bound is read, one byte more is not", async () => {
    const folder = await temporaryFolder();
    const archive = await archiveOf();
    await writePackage(folder, "a.yoi-plugin", archive);
    const stores = [{ source: "project" as const, folder }];
    const at = await discoverPackages({ stores, limits: { packageBytes: archive.length } });
    expect(at).toMatchObject({ packages: [{ archiveBytes: archive.length }], diagnostics: [] });
    const over = await discoverPackages({ stores, limits: { packageBytes: archive.length - 1 } });
    expect(over).toMatchObject({ packages: [], diagnostics: [{ code: "archive/bounds" }] });
  });

  test("a store that is a file is a finding about the store", async () => {
    const folder = await temporaryFolder();
    const file = await writePackage(folder, "x.yoi-plugin");
    const { packages, diagnostics } = await discoverProject(join(file, "plugins"));
    expect([packages, diagnostics]).toEqual([[], []]); // below a file there is nothing
    const direct = await discoverProject(file);
    expect(direct).toMatchObject({ packages: [], diagnostics: [{ code: "store/io" }] });
    expect(direct.diagnostics[0]?.message).toContain("is not a folder");
  });
});

describe("discovery", () => {
  test("finds the packages of user and project stores, with digests and without findings", async () => {
    const [user, project] = [await temporaryFolder(), await temporaryFolder()];
    await writePackage(user, "echo.yoi-plugin");
    await writePackage(project, "echo.yoi-plugin", { more: toolTables });
    await writePackage(project, "other.yoi-plugin", { id: "example.other" });
    const discovery = await discoverPackages({
      stores: [
        { source: "user", folder: user },
        { source: "project", folder: project },
      ],
    });
    expect(discovery.diagnostics).toEqual([]);
    expect(discovery.packages.map(({ identity }) => identity.ref)).toEqual([
      "project:example.echo",
      "project:example.other",
      "user:example.echo",
    ]);
    for (const { identity, surfaces, manifest } of discovery.packages) {
      expect(identity.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(surfaces).toEqual(manifest.tools.length > 0 ? ["tool"] : []);
    }
    expect(Object.isFrozen(discovery.packages)).toBe(true);
  });

  test("a missing store is an empty one", async () => {
    const folder = join(await temporaryFolder(), "none");
    expect(await discoverProject(folder)).toEqual({ packages: [], diagnostics: [] });
  });

  test("looks at direct children with the extension only", async () => {
    const folder = await temporaryFolder();
    await writePackage(folder, ".yoi-plugin");
    await writePackage(folder, "a.yoi-plugin.bak");
    await writePackage(folder, "a.YOI-PLUGIN");
    await writePackage(join(folder, "deep"), "a.yoi-plugin");
    expect(await discoverProject(folder)).toEqual({ packages: [], diagnostics: [] });
  });

  test("lists packages of one reference both, with one finding", async () => {
    const folder = await temporaryFolder();
    await writePackage(folder, "a.yoi-plugin", { version: "1.0.0" });
    await writePackage(folder, "b.yoi-plugin", { version: "2.0.0" });
    await writePackage(folder, "c.yoi-plugin", { id: "example.c" });
    const { packages, diagnostics } = await discoverProject(folder);
    expect(packages).toHaveLength(3);
    expect(diagnostics).toMatchObject([
      { code: "package/duplicate", source: "project", ref: "project:example.echo" },
    ]);
    expect(diagnostics[0]?.message).toContain("a.yoi-plugin");
  });

  test("the same id in two stores is two packages", async () => {
    const [builtin, user] = [await temporaryFolder(), await temporaryFolder()];
    await writePackage(builtin, "a.yoi-plugin");
    await writePackage(user, "a.yoi-plugin");
    const { packages, diagnostics } = await discoverPackages({
      stores: [
        { source: "builtin", folder: builtin },
        { source: "user", folder: user },
      ],
    });
    expect(packages.map(({ identity }) => identity.ref)).toEqual([
      "builtin:example.echo",
      "user:example.echo",
    ]);
    expect(diagnostics).toEqual([]);
  });

  test("a refused package's finding names the reference that its manifest got as far as", async () => {
    const folder = await temporaryFolder();
    const more = '[runtime]\nkind = "wasm-component"\nworld = "other"\ncomponent = "x"\n';
    await writePackage(folder, "a.yoi-plugin", forgedArchive(manifestHead + more));
    const { diagnostics } = await discoverProject(folder);
    expect(diagnostics).toMatchObject([{ code: "manifest/api", ref: "project:example.echo" }]);
  });

  test("ends when the signal fires, instead of reporting every package as broken", async () => {
    const folder = await temporaryFolder();
    await writePackage(folder, "a.yoi-plugin");
    const stores = [{ source: "project" as const, folder }];
    await expect(discoverPackages({ stores, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "runtime/aborted",
    });
  });

  test.each([
    [{ source: "other", folder: "/x" }],
    [{ source: "user", folder: "" }],
    [{ source: "user", folder: "a\0b" }],
  ])("refuses a store that is none: %j", async (store) => {
    await expect(discoverPackages({ stores: [store as never] })).rejects.toMatchObject({
      code: "options/invalid",
    });
  });

  test("refuses a limit that there is not", async () => {
    const limits = { packages: 3 } as never;
    await expect(discoverPackages({ stores: [], limits })).rejects.toMatchObject({
      code: "options/invalid",
    });
  });
});

/** Root may read everything, so root's tests ask as somebody else. */
async function asNobody<Value>(work: () => Promise<Value>): Promise<Value> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
