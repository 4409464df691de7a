import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { expect } from "vitest";
import { isPluginError, type PluginError } from "../../src/errors.ts";
import { type ArtifactLimits, artifactLimits, defaultLimits } from "../../src/limits.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";
import type {
  ArtifactFacts,
  ComponentFacts,
  CoreModuleFacts,
} from "../../src/wasm/artifact.types.ts";

/** Bytes of WebAssembly text; nothing is validated. */
export async function wasm(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await parse(text));
}

/** The facts of a component given as text. */
export async function component(text: string): Promise<ComponentFacts> {
  const facts = readArtifact(await wasm(text));
  if (facts.kind !== "component") throw new Error("this is a module");
  return facts;
}

/** The facts of a core module given as text. */
export async function coreModule(text: string): Promise<CoreModuleFacts> {
  const facts = readArtifact(await wasm(text));
  if (facts.kind !== "module") throw new Error("this is a component");
  return facts.module;
}

/** Limits for reading, the default ones but for those given. */
export function readingLimits(overrides: Partial<ArtifactLimits>): ArtifactLimits {
  return { ...defaultLimits(artifactLimits), ...overrides };
}

/** What reading bytes that must not be readable throws. */
export function readingError(bytes: Uint8Array, limits?: ArtifactLimits): PluginError {
  try {
    readArtifact(bytes, limits);
  } catch (error) {
    if (isPluginError(error)) return error;
    throw error;
  }
  return expect.unreachable("the bytes were read");
}

/** Facts without what changes when an artifact is clamped: maxima, and where things lie. */
export function withoutMaxima(facts: ArtifactFacts): unknown {
  const changing = new Set(["maxPages", "maxElements", "limits", "start", "end", "bytes"]);
  return JSON.parse(
    JSON.stringify(facts, (key, value: unknown) => {
      if (changing.has(key)) return undefined;
      return value instanceof Map ? [...value] : value;
    }),
  );
}

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/** A section: its number, its size and its content. */
export function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

/** A length-prefixed name. */
export function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...leb(bytes.length), ...bytes];
}

/** A core module of these sections. */
export function moduleOf(...sections: readonly number[][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

/** A component of these sections. */
export function componentOf(...sections: readonly number[][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, ...sections.flat()]);
}
