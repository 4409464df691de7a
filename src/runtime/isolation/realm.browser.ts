import type { GuestRealm } from "./guest-program.ts";

/**
 * Makes a realm out of the current one, which must be a worker's own that was stripped before.
 *
 * The script is loaded as a module from a blob, because a page's policy may forbid code from
 * strings; the glue check has made sure that it imports nothing and names no other global.
 *
 * @returns The realm.
 */
export function createRealm(): GuestRealm {
  return {
    async compile(script, globals) {
      const url = URL.createObjectURL(
        new Blob([`export const factory = ${script};`], { type: "text/javascript" }),
      );
      try {
        const { factory } = await import(/* @vite-ignore */ /* webpackIgnore: true */ url);
        return (provided) => factory(...globals.map((name) => globalNamed(name, provided)));
      } finally {
        URL.revokeObjectURL(url);
      }
    },
  };
}

function globalNamed(name: string, provided: ReadonlyMap<string, unknown>): unknown {
  return provided.has(name) ? provided.get(name) : Reflect.get(globalThis, name);
}
