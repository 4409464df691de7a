import { PluginError } from "../errors.ts";
import type { ReadSource } from "./read-source.types.ts";

/** The port of a place without files: every path is refused. */
export const readSource: ReadSource = async () => {
  throw new PluginError({
    code: "options/unsupported",
    phase: "options",
    message:
      "Paths can't be read here; fetch the package and pass it as a Uint8Array, an ArrayBuffer or a Blob.",
  });
};
