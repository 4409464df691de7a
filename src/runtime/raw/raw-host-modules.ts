import { encodeUtf8 } from "../../bytes.ts";
import type { HostValue } from "../../host-api/host-api.ts";
import type { HostQuestion } from "../../host-api/host-call.ts";
import type { HostImport, RawHostModule } from "../../wasm/host-imports.ts";
import type { Suspension } from "../suspension.ts";

/** What a host module's functions do with the guest around them. */
export interface RawHostAccess {
  /** Text from the guest's memory; `undefined` when it is not all there or not UTF-8. */
  readText(pointer: number, length: number): string | undefined;
  /** Copies bytes into the guest's memory; -1 when they do not fit there, else their length. */
  writeBytes(bytes: Uint8Array, pointer: number, length: number): number;
  /** Asks the host and waits, or promises the answer. */
  askHost(question: HostQuestion): string | Promise<string>;
  /** Makes an import whose promise the guest waits for; absent where the guest holds its thread. */
  readonly suspending?: Suspension["suspending"] | undefined;
}

const refused = -1;

/**
 * Makes the host modules that a raw guest imports: `yoi:fs`, `acme:crm/contacts@1.0.0` and their like.
 *
 * A call answers with the length of its response, which stays until the next call of the same module
 * and is read with exactly that length. What is refused or fails is a response too, JSON with an
 * `error`; -1 means that the guest's own pointers are bad.
 *
 * @param imports The interfaces that the guest imports, and its functions.
 * @param access The guest's memory, and the way to the host.
 * @returns The modules by name.
 */
export function rawHostModules(
  imports: readonly HostImport[],
  access: RawHostAccess,
): WebAssembly.Imports {
  const modules: WebAssembly.Imports = Object.create(null);
  for (const { interface: name, raw } of imports) {
    if (raw !== undefined) modules[raw.module] = hostModule(name, raw, access);
  }
  return modules;
}

function hostModule(
  name: string,
  { functions }: RawHostModule,
  access: RawHostAccess,
): WebAssembly.ModuleImports {
  let response: Uint8Array = new Uint8Array(0);
  const keep = (answer: string): number => {
    response = encodeUtf8(answer);
    return response.length;
  };
  const module: WebAssembly.ModuleImports = Object.create(null);
  for (const [field, target] of functions) {
    const ask = (...values: number[]): number | Promise<number> => {
      const args = readArguments(name, target.parameters, values, access);
      if (args === undefined) return refused;
      const asked = access.askHost({ interface: name, function: target.name, args });
      return typeof asked === "string" ? keep(asked) : asked.then(keep);
    };
    module[field] = access.suspending?.(ask) ?? ask;
  }
  module.response_len = () => response.length;
  module.response_read = (pointer = 0, length = 0) => access.writeBytes(response, pointer, length);
  return module;
}

/** What a function's numbers mean by its parameters; `undefined` for a text that is not there. */
function readArguments(
  name: string,
  parameters: readonly string[],
  values: readonly number[],
  access: RawHostAccess,
): readonly HostValue[] | undefined {
  const args: HostValue[] = [];
  let at = 0;
  const next = () => values[at++] ?? 0;
  for (const type of parameters) {
    const argument = type === "string" ? access.readText(next(), next()) : unsigned(name, next());
    if (argument === undefined) return undefined;
    args.push(argument);
  }
  return args;
}

/** A number is WIT's, but that what is below zero is zero to our own interfaces (reference §4.4). */
function unsigned(interfaceName: string, value: number): number {
  return interfaceName.startsWith("yoi:host/") ? Math.max(0, value) : value >>> 0;
}
