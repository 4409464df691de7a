import vm from "node:vm";
import type { GuestRealm } from "./guest-program.ts";

/**
 * Makes a realm of its own in this thread: the language's globals, no Node, no code from strings.
 *
 * @returns The realm.
 */
export function createRealm(): GuestRealm {
  const context = vm.createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
  });
  return {
    async compile(script, globals) {
      const factory = vm.runInContext(script, context, { filename: "guest-glue.js" });
      const own = globals.map((name) => ownGlobal(context, name));
      return (provided) =>
        factory(
          ...globals.map((name, index) => (provided.has(name) ? provided.get(name) : own[index])),
        );
    },
  };
}

/** Names come from the glue check's allowlist, so this evaluates an identifier and nothing else. */
function ownGlobal(context: vm.Context, name: string): unknown {
  return /^[A-Za-z][A-Za-z0-9]*$/u.test(name)
    ? vm.runInContext(`typeof ${name} === "undefined" ? undefined : ${name}`, context)
    : undefined;
}
