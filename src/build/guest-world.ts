import type { HostApiName, RuntimeDeclaration } from "../manifest/manifest.types.ts";
import { readWit } from "./own-files.ts";

/** The worlds that a component guest can be built for (reference §4.5). */
export type GuestWorld = Extract<RuntimeDeclaration, { kind: "wasm-component" }>["world"];

/** A world in WIT: one self-contained text, and the world's name in it. */
export interface WorldText {
  readonly name: "tool" | "instance";
  readonly text: string;
}

/** What a JavaScript guest of each world must export. */
export const worldExports: Readonly<Record<GuestWorld, readonly string[]>> = {
  "yoi:plugin/tool@1.0.0": ["call"],
  "yoi:plugin/instance@1.0.0": ["start", "handleTool", "handleIngress", "status", "stop"],
};

/** The host interfaces as guests import them. */
export const hostInterfaces: ReadonlyMap<string, HostApiName> = new Map([
  ["yoi:host/https@1.0.0", "https"],
  ["yoi:host/request@1.0.0", "request"],
  ["yoi:host/websocket@1.0.0", "websocket"],
  ["yoi:host/fs@1.0.0", "fs"],
]);

/**
 * Writes the world that one guest needs: its exports, and the host interfaces it uses and no other.
 *
 * The JavaScript toolchains import everything a world names, used or not, and a host refuses a guest
 * that imports what it was not granted.
 *
 * @param world The world that the manifest declares.
 * @param used The host interfaces that the guest's source imports.
 */
export async function guestWorld(
  world: GuestWorld,
  used: ReadonlySet<HostApiName>,
): Promise<WorldText> {
  const name = world === "yoi:plugin/tool@1.0.0" ? "tool" : "instance";
  const whole = await readWit(`yoi-plugin-${name}-v1.wit`);
  const own = whole.replace(/^ *import (yoi:host\/[^;]+);\n/gmu, (line, imported: string) => {
    const api = hostInterfaces.get(imported);
    return api !== undefined && used.has(api) ? line : "";
  });
  const interfaces = await Promise.all(
    [...used].sort().map((api) => readWit(`deps/yoi-host-v1/${api}-v1.wit`)),
  );
  const host = interfaces.map((text) => text.replace(/^package [^;]+;\n/mu, "")).join("");
  return { name, text: host === "" ? own : `${own}\npackage yoi:host@1.0.0 {${host}}\n` };
}
