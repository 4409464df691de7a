import { encodeUtf8 } from "../../bytes.ts";
import type { HostValue } from "../../host-api/host-api.ts";
import type { HostQuestion } from "../../host-api/host-call.ts";
import type { HostImport } from "../../wasm/host-imports.ts";

/** What a host module's functions do with the guest around them. */
export interface RawHostAccess {
  /** Text from the guest's memory; `undefined` when it is not all there or not UTF-8. */
  readText(pointer: number, length: number): string | undefined;
  /** Copies bytes into the guest's memory; -1 when they do not fit there, else their length. */
  writeBytes(bytes: Uint8Array, pointer: number, length: number): number;
  /** Asks the host and waits. */
  askHost(question: HostQuestion): string;
}

const refused = -1;

/** How a function's parameters become the arguments of a host function; `undefined` for bad pointers. */
type ReadArguments = (
  parameters: readonly number[],
  access: RawHostAccess,
) => readonly HostValue[] | undefined;

const oneText: ReadArguments = ([pointer = 0, length = 0], { readText }) => {
  const text = readText(pointer, length);
  return text === undefined ? undefined : [text];
};
const unsigned = (value = 0) => value >>> 0;

/** The functions that differ from `name(pointer, length)` (reference §4.4). */
const otherArguments: ReadonlyMap<string, ReadArguments> = new Map<string, ReadArguments>([
  [
    "send_text",
    ([handle, ...text], access) => {
      const read = oneText(text, access);
      return read && [unsigned(handle), ...read];
    },
  ],
  ["recv", ([handle, timeoutMs = 0]) => [unsigned(handle), Math.max(0, timeoutMs)]],
  ["close", ([handle]) => [unsigned(handle)]],
]);

/**
 * Makes the host modules that a raw guest imports: `yoi:fs`, `yoi:https` and their like.
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
  return Object.fromEntries(
    imports.map((imported) => [moduleName(imported), hostModule(imported, access)]),
  );
}

function hostModule(imported: HostImport, access: RawHostAccess): WebAssembly.ModuleImports {
  let response: Uint8Array = new Uint8Array(0);
  const call = (field: string) => {
    const readArguments = otherArguments.get(field) ?? oneText;
    const name = field.replaceAll("_", "-");
    return (...parameters: number[]): number => {
      const args = readArguments(parameters, access);
      if (args === undefined) return refused;
      response = encodeUtf8(
        access.askHost({ interface: imported.interface, function: name, args }),
      );
      return response.length;
    };
  };
  const functions: Record<string, (...parameters: number[]) => number> = {
    response_len: () => response.length,
    response_read: (pointer, length) => access.writeBytes(response, pointer ?? 0, length ?? 0),
  };
  return Object.fromEntries(
    imported.functions.map((field) => [
      field,
      Object.hasOwn(functions, field) ? functions[field] : call(field),
    ]),
  ) as WebAssembly.ModuleImports;
}

/** `yoi:host/fs@1.0.0` → `yoi:fs`. */
function moduleName({ interface: name }: HostImport): string {
  return name.replace(/^yoi:host\/([a-z]+)@.*$/u, "yoi:$1");
}
