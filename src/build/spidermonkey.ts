import { type BuildTool, buildFailed, loadBuildTool } from "./build-tool.ts";
import type { ComponentSource } from "./component-source.ts";

const componentizeJs: BuildTool = {
  name: "@bytecodealliance/componentize-js",
  purpose: "build a guest on SpiderMonkey",
  // It imports preview2-shim without declaring it.
  install: "@bytecodealliance/componentize-js@0.23 @bytecodealliance/preview2-shim@0.26",
};

/** The part of the tool that is used; its own type asks for a file, which this form of the call does not read. */
interface ComponentizeJs {
  componentize(
    source: string,
    world: string,
    options: { readonly worldName: string; readonly disableFeatures: readonly string[] },
  ): Promise<{ readonly component: Uint8Array }>;
}

/**
 * Makes a component of about 12 MB that runs JavaScript on SpiderMonkey; the thread is busy meanwhile.
 *
 * @throws PluginError `build/missing-tool` or `build/failed`.
 */
export async function componentizeOnSpidermonkey(source: ComponentSource): Promise<Uint8Array> {
  const tool = await loadBuildTool(componentizeJs);
  const { componentize } = tool as unknown as ComponentizeJs;
  try {
    // The world goes in as text: reading WIT files through the shim fails on some versions of Node.
    const { component } = await componentize(source.code, source.world.text, {
      worldName: source.world.name,
      disableFeatures: source.wasi
        ? ["http", "fetch-event"]
        : ["stdio", "random", "clocks", "http", "fetch-event"],
    });
    return component;
  } catch (cause) {
    throw buildFailed("Building the component with componentize-js", cause);
  }
}
