import type { RuntimeDeclaration } from "../manifest/manifest.types.ts";
import { readWit } from "./own-files.ts";
import type { OwnWit } from "./own-wit.ts";

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

/** Our host interfaces as guests import them, with the files that define them. */
export const hostInterfaces: ReadonlyMap<string, string> = new Map([
  ["yoi:host/https@1.0.0", "deps/yoi-host-v1/https-v1.wit"],
  ["yoi:host/request@1.0.0", "deps/yoi-host-v1/request-v1.wit"],
  ["yoi:host/websocket@1.0.0", "deps/yoi-host-v1/websocket-v1.wit"],
  ["yoi:host/websocket@1.1.0", "deps/yoi-host-v1.1/websocket-v1.1.wit"],
  ["yoi:host/fs@1.0.0", "deps/yoi-host-v1/fs-v1.wit"],
  ["yoi:host/log@1.0.0", "deps/yoi-host-v1/log-v1.wit"],
]);

/**
 * Writes the world that one guest needs: its exports, and the host interfaces it uses and no other.
 *
 * The JavaScript toolchains import everything a world names, used or not, and a host refuses a guest
 * that imports what it was not granted.
 *
 * @param world The world that the manifest declares.
 * @param used The host interfaces that the guest's source imports, by their names with versions.
 * @param own The interfaces that are not ours.
 */
export async function guestWorld(
  world: GuestWorld,
  used: ReadonlySet<string>,
  own: OwnWit,
): Promise<WorldText> {
  const name = world === "yoi:plugin/tool@1.0.0" ? "tool" : "instance";
  const whole = await readWit(`yoi-plugin-${name}-v1.wit`);
  const imports = [...used].sort().map((each) => `    import ${escaped(each)};\n`);
  const text = whole
    .replace(/^ *import [^;]+;\n/gmu, "")
    .replace(/^world [a-z]+ \{\n/mu, (line) => `${line}${imports.join("")}`);
  const needsOwn = [...used].some((each) => own.interfaces.has(each));
  return { name, text: `${text}${await ourPackages(used)}${needsOwn ? own.text : ""}` };
}

/** The packages of our own interfaces, each with those that are used. */
async function ourPackages(used: ReadonlySet<string>): Promise<string> {
  const packages = new Map<string, string>();
  for (const [name, path] of hostInterfaces) {
    if (!used.has(name)) continue;
    const text = (await readWit(path)).replace(/^package [^;]+;\n/mu, "");
    const version = name.slice(name.indexOf("@"));
    packages.set(version, `${packages.get(version) ?? ""}${text}`);
  }
  const all = Array.from(packages, ([version, text]) => `\npackage yoi:host${version} {${text}}\n`);
  return all.join("");
}

/** Any name may be written with `%`, and one that is a word of WIT's must be. */
function escaped(name: string): string {
  return hostInterfaces.has(name) ? name : name.replaceAll(/^|[:/]/gu, "$&%");
}
