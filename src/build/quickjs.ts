import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildTool, buildFailed, loadBuildTool } from "./build-tool.ts";
import type { ComponentSource } from "./component-source.ts";

const componentizeQjs: BuildTool = {
  name: "componentize-qjs",
  purpose: "build a guest on QuickJS",
  install: "componentize-qjs@0.4",
};

/**
 * Makes a component of about 1 MB that runs JavaScript on QuickJS.
 *
 * @throws PluginError `build/missing-tool` or `build/failed`.
 */
export async function componentizeOnQuickjs(source: ComponentSource): Promise<Uint8Array> {
  const tool = await loadBuildTool(componentizeQjs);
  const { componentize } = tool.default as typeof import("componentize-qjs");
  const directory = await mkdtemp(join(tmpdir(), "yoi-guest-"));
  try {
    const witPath = join(directory, "world.wit");
    await writeFile(witPath, source.world.text);
    const { component } = await componentize({
      witPath,
      world: source.world.name,
      jsSource: source.code,
      sync: true,
      optSize: true,
      stubWasi: !source.wasi,
    });
    return component;
  } catch (cause) {
    throw buildFailed("Building the component with componentize-qjs", cause);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
