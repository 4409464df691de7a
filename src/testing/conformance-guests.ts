import type { RuntimeDeclaration } from "../manifest/manifest.types.ts";
import { guestBytes } from "./guest-bytes.ts";

/** What a guest of the kit does: as it is told, or something else while it starts, or nothing valid. */
export type GuestBehaviour =
  | "obedient"
  | "asking"
  | "looping-start"
  | "trapping-start"
  | "trapping-data"
  | "invalid";

/** A runtime that the kit has guests for. */
export interface ConformanceRuntime {
  /** As names of checks have it: the ABI or the world. */
  readonly label: string;
  readonly declaration: RuntimeDeclaration;
  /** How its guests live, as `createInstance` opens them. */
  readonly lifetime: "call" | "instance";
  /** The export that takes the kit's orders. */
  readonly exportName: string;
  readonly folder: "raw" | "tool" | "instance";
}

const component = "guest.wasm";

/** Every runtime that a manifest can declare. */
export const conformanceRuntimes: readonly ConformanceRuntime[] = [
  {
    label: "yoi-plugin-wasm-1",
    declaration: { kind: "wasm", abi: "yoi-plugin-wasm-1", entry: "guest.wasm" },
    lifetime: "call",
    exportName: "call",
    folder: "raw",
  },
  {
    label: "yoi:plugin/tool@1.0.0",
    declaration: { kind: "wasm-component", world: "yoi:plugin/tool@1.0.0", component },
    lifetime: "call",
    exportName: "call",
    folder: "tool",
  },
  {
    label: "yoi:plugin/instance@1.0.0",
    declaration: { kind: "wasm-component", world: "yoi:plugin/instance@1.0.0", component },
    lifetime: "instance",
    exportName: "handle-tool",
    folder: "instance",
  },
];

const bytesByName: Readonly<Record<string, string>> = guestBytes;

/**
 * Gives the bytes of one of the kit's guests.
 *
 * @param folder The runtime's.
 * @param behaviour What it does.
 * @returns New bytes.
 */
export function conformanceGuest(
  folder: ConformanceRuntime["folder"],
  behaviour: GuestBehaviour,
): Uint8Array<ArrayBuffer> {
  const encoded = bytesByName[`${folder}/${behaviour}`];
  if (encoded === undefined) throw new RangeError(`the kit has no ${behaviour} guest of ${folder}`);
  return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
}
