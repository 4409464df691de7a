import { PluginError } from "../errors.ts";

/** A package that builds guests. None is a dependency of this one: they are large, and hosts need none. */
export interface BuildTool {
  readonly name: string;
  /** What it does, as the end of the sentence "… is needed to". */
  readonly purpose: string;
  /** What to install, with the versions that this package was tested with. */
  readonly install: string;
}

/**
 * Loads a tool at the moment it is needed.
 *
 * @param tool The tool.
 * @returns Its module.
 * @throws PluginError `build/missing-tool` with the command that installs it.
 */
export async function loadBuildTool(tool: BuildTool): Promise<Record<string, unknown>> {
  // A specifier that is no literal, so that no bundler takes the tool into this package.
  const { name, purpose, install } = tool;
  try {
    return (await import(/* @vite-ignore */ name)) as Record<string, unknown>;
  } catch (cause) {
    throw new PluginError({
      code: "build/missing-tool",
      phase: "build",
      message: `${name} is needed to ${purpose}, and could not be loaded. Install it: npm install --save-dev ${install}`,
      details: { tool: name },
      cause,
    });
  }
}

/**
 * Makes the error of a build step that failed.
 *
 * @param step What was being done, as the message's beginning.
 * @param cause What the tool threw.
 */
export function buildFailed(step: string, cause: unknown): PluginError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PluginError({
    code: "build/failed",
    phase: "build",
    message: `${step} failed: ${reason}`,
    cause,
  });
}
