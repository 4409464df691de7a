import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

// This file runs from src/build/ in the repository and from dist/ in the published package.
const isSource = import.meta.url.endsWith(".ts");
const packageRoot = new URL(isSource ? "../../" : "../", import.meta.url);

/** @returns The path of the PDK that guests import as `yoi-plugin-sdk/pdk`. */
export function pdkPath(): string {
  return fileURLToPath(new URL(isSource ? "src/pdk.ts" : "dist/pdk.js", packageRoot));
}

/**
 * Reads one of the package's WIT files.
 *
 * @param path The path below `wit/`.
 */
export function readWit(path: string): Promise<string> {
  return readFile(new URL(`wit/${path}`, packageRoot), "utf8");
}
