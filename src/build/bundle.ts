import type { BuildFailure, Plugin } from "esbuild";
import { type BuildTool, buildFailed, loadBuildTool } from "./build-tool.ts";
import { pdkPath } from "./own-files.ts";

/** A guest's source as one ES module. */
export interface GuestBundle {
  readonly code: string;
  /** The host interfaces it imports, by their names with versions. */
  readonly hostInterfaces: ReadonlySet<string>;
  readonly exports: readonly string[];
}

const esbuild: BuildTool = {
  name: "esbuild",
  purpose: "bundle a guest's source",
  install: "esbuild",
};

/**
 * Bundles a guest's entry file and everything it imports into one ES module.
 *
 * `yoi-plugin-sdk/pdk` is this package's own, a host interface stays an import, and nothing of Node or
 * a browser can be imported, because a guest has neither.
 *
 * @param entry The path of a TypeScript or JavaScript file.
 * @param interfaces The host interfaces that there are, by their names with versions.
 * @throws PluginError `build/missing-tool` or `build/failed`.
 */
export async function bundleGuest(
  entry: string,
  interfaces: ReadonlySet<string>,
): Promise<GuestBundle> {
  const { build } = (await loadBuildTool(esbuild)) as unknown as typeof import("esbuild");
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2022",
      charset: "utf8",
      legalComments: "none",
      // Without this, comments name the paths of the machine that builds.
      minifyWhitespace: true,
      logLevel: "silent",
      plugins: [guestImports(interfaces)],
    });
    const [output] = Object.values(metafile.outputs);
    const imported = output?.imports.map(({ path }) => path) ?? [];
    return {
      code: outputFiles[0]?.text ?? "",
      hostInterfaces: new Set(imported.filter((path) => interfaces.has(path))),
      exports: output?.exports ?? [],
    };
  } catch (cause) {
    throw buildFailed("Bundling the guest", describeFailure(cause));
  }
}

const guestImports = (interfaces: ReadonlySet<string>): Plugin => ({
  name: "guest-imports",
  setup({ onResolve }) {
    onResolve({ filter: /^yoi-plugin-sdk\/pdk$/ }, () => ({ path: pdkPath() }));
    // Our namespace, and whatever else is an interface with a version: `acme:crm/contacts@1.0.0`.
    onResolve({ filter: /^yoi:|^[a-z][0-9a-z:-]*:[^/]+\/[^/@]+@\d/ }, ({ path }) =>
      interfaces.has(path)
        ? { path, external: true, sideEffects: false }
        : {
            errors: [
              {
                text: `No host interface is named "${path}"; there are ${[...interfaces].join(", ")}. A host's own need their WIT, in the option wit or in the package's folder wit.`,
              },
            ],
          },
    );
  },
});

/** esbuild's own message repeats every error in a form for terminals; the first ones say enough. */
function describeFailure(cause: unknown): unknown {
  if (!isBuildFailure(cause)) return cause;
  const lines = cause.errors.slice(0, 3).map(({ text, location }) => {
    return location === null ? text : `${location.file}:${location.line}: ${text}`;
  });
  return new Error(lines.join(" "), { cause });
}

function isBuildFailure(cause: unknown): cause is BuildFailure {
  return cause instanceof Error && Array.isArray((cause as Partial<BuildFailure>).errors);
}
