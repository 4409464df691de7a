import { readdirSync, readFileSync } from "node:fs";
import { build, type Metafile, type Plugin } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import configs from "../../tsup.config.ts";
import { repository } from "./source-tree.ts";

const notices = readFileSync(`${repository}docs/third-party-notices.md`, "utf8");
const { dependencies, peerDependencies } = JSON.parse(
  readFileSync(`${repository}package.json`, "utf8"),
) as Record<string, Record<string, string>>;

let metafiles: readonly Metafile[];
beforeAll(async () => {
  metafiles = await bundleAll();
});

describe("[package/notices] what is bundled", () => {
  test("is named in the notices, with its licence's text", () => {
    const bundled = [...new Set(metafiles.flatMap(packagesOf))].sort();
    expect(bundled).toEqual(["@bytecodealliance/jco-transpile", "acorn"]);
    for (const name of bundled) expect(notices).toContain(`| \`${name}\` |`);
    const acorn = readFileSync(`${repository}node_modules/acorn/LICENSE`, "utf8");
    expect(notices).toContain(acorn.trim());
  });

  test("has every crate named that its WebAssembly was compiled from", () => {
    const modules = readdirSync(`${repository}dist`).filter((file) => file.endsWith(".wasm"));
    expect(modules).toHaveLength(2);
    const crates = new Set(
      modules.flatMap((file) => cratesIn(readFileSync(`${repository}dist/${file}`, "latin1"))),
    );
    expect(crates.size).toBeGreaterThan(10);
    for (const crate of crates) expect(notices).toContain(`| \`${crate}\` |`);
  });
});

/** Bundles every entry as the build does, and keeps only what went into it. */
async function bundleAll(): Promise<readonly Metafile[]> {
  const external = ["#ports", "node:*"];
  const installed = [...Object.keys(dependencies ?? {}), ...Object.keys(peerDependencies ?? {})];
  const made: Metafile[] = [];
  for (const config of Array.isArray(configs) ? configs : []) {
    const isWhole = config.noExternal !== undefined;
    const { metafile } = await build({
      entryPoints: config.entry as Record<string, string>,
      absWorkingDir: repository,
      outdir: "dist",
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: config.platform ?? "neutral",
      plugins: (config.esbuildPlugins ?? []) as Plugin[],
      external: isWhole ? external : [...external, ...installed],
      logLevel: "silent",
    });
    made.push(metafile);
  }
  return made;
}

function packagesOf({ outputs }: Metafile): readonly string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => {
      const name = /.*node_modules\/((@[^/]+\/)?[^/]+)/u.exec(path)?.[1];
      return name === undefined || bytesInOutput === 0 ? [] : [name];
    }),
  );
}

/** Rust keeps the paths of source files for its panics, and with them the names of crates. */
function cratesIn(bytes: string): readonly string[] {
  const paths = bytes.matchAll(/index\.crates\.io-[0-9a-f]+\/([A-Za-z0-9_-]+?)-\d+\.\d+[^/]*\//gu);
  return [...paths].map(([, name = ""]) => name);
}
