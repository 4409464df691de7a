import { copyFile, mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { defineConfig, type Options } from "tsup";
import { generatorFiles } from "./src/runtime/component/generator-modules.ts";

const require = createRequire(import.meta.url);
const generatorGlue = require.resolve("@bytecodealliance/jco-transpile/component");

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * Bundles the bindings generator without its system: its WASI shims, which would give it the whole
 * machine, become our inert stand-ins, and its fetches of its own modules become a hand-over by the host.
 */
const bindingsGenerator: Plugin = {
  name: "bindings-generator",
  setup(build) {
    const source = (path: string) =>
      join(import.meta.dirname ?? process.cwd(), "src/runtime/component", path);
    build.onResolve({ filter: /^@bytecodealliance\/preview2-shim\// }, () => ({
      path: source("generator-wasi.ts"),
    }));
    build.onLoad({ filter: /js-component-bindgen-component\.js$/ }, async ({ path }) => {
      const glue = await readFile(path, "utf8");
      const contents = glue.replaceAll(
        /fetchCompile\(new URL\('\.\/([\w.-]+)', import\.meta\.url\)\)/g,
        (_, file) => `generatorModule(${JSON.stringify(file)})`,
      );
      if (!contents.includes("generatorModule("))
        throw new Error("the generator's glue has changed");
      return {
        contents: `import { generatorModule } from ${JSON.stringify(source("generator-modules.ts"))};\n${contents}`,
        resolveDir: dirname(path),
        loader: "js",
      };
    });
  },
};

const shared: Options = {
  format: "esm",
  target: "es2022",
  outDir: "dist",
  external: ["#ports"],
};

// A worker is one file: it may not be able to read a second one.
const worker = (name: string, entry: string, platform: "node" | "browser"): Options => ({
  ...shared,
  entry: { [name]: entry },
  platform,
  splitting: false,
  minifySyntax: true,
  minifyWhitespace: true,
  noExternal: [/.*/],
  esbuildPlugins: [bindingsGenerator],
});

const workers: Options[] = (["node", "browser"] as const).flatMap((platform) => [
  worker(`guest-main.${platform}`, `src/runtime/isolation/guest-main.${platform}.ts`, platform),
  worker(
    `preparation-main.${platform}`,
    `src/runtime/preparation/preparation-main.${platform}.ts`,
    platform,
  ),
]);

export default defineConfig([
  {
    ...shared,
    entry: {
      index: "src/index.ts",
      node: "src/node.ts",
      browser: "src/browser.ts",
      testing: "src/testing.ts",
      pdk: "src/pdk.ts",
      build: "src/build.ts",
      bullmq: "src/bullmq.ts",
      cli: "src/cli.ts",
      "ports.node": "src/ports.node.ts",
      "ports.browser": "src/ports.browser.ts",
    },
    platform: "neutral",
    external: [
      "#ports",
      /^node:/,
      "esbuild",
      "bullmq",
      "@bytecodealliance/componentize-js",
      "componentize-qjs",
    ],
    dts: {
      entry: {
        index: "src/index.ts",
        node: "src/node.ts",
        browser: "src/browser.ts",
        testing: "src/testing.ts",
        pdk: "src/pdk.ts",
        build: "src/build.ts",
        bullmq: "src/bullmq.ts",
      },
    },
    onSuccess: async () => {
      await mkdir("dist", { recursive: true });
      for (const file of generatorFiles) {
        await copyFile(join(dirname(generatorGlue), file), join("dist", basename(file)));
      }
    },
  },
  ...workers,
]);
