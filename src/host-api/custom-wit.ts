import { PluginError } from "../errors.ts";
import { witName } from "../wasm/type-text.ts";
import type { HostApi } from "./host-api.ts";

/**
 * Writes a host's own API in WIT, for those who write guests: `buildComponent` takes it, and so does
 * every other toolchain for components.
 *
 * @param api What `defineHostApi` made.
 * @returns A package with the one interface; a `json` parameter is a `string` in it.
 * @throws PluginError `options/invalid` for an API that does not say its functions' signatures.
 */
export function hostApiWit(api: HostApi): string {
  const [, name = "", label = "", version = ""] = interfacePattern.exec(api.interface) ?? [];
  if (api.signatures === undefined || name === "") {
    throw new PluginError({
      code: "options/invalid",
      phase: "options",
      message: "Only a host API that defineHostApi made can be written in WIT.",
    });
  }
  const functions = Array.from(api.signatures, ([each, signature]) => {
    const escaped = signature.replaceAll(
      parameterPattern,
      (_, parameter: string) => `${witName(parameter)}: `,
    );
    return `    ${witName(each)}: ${escaped};\n`;
  });
  const words = name.split(":").map(witName).join(":");
  return `package ${words}@${version};\n\ninterface ${witName(label)} {\n${functions.join("\n")}}\n`;
}

const interfacePattern = /^([^/@]+)\/([^/@]+)@(.+)$/u;
const parameterPattern = /([a-z][0-9a-z-]*): /gu;
