/** A function as WIT writes it: `func(tool-name: string, input-json: string) -> string`. */
export type Signature = string;

/** @returns The signature by its types alone, as facts have it; its types must be plain ones. */
export function shapeOf(signature: Signature): string {
  return signature.replaceAll(/[a-z][0-9a-z-]*: /gu, "");
}

/** The worlds of components, with what each must export (reference §4.5). */
export const worlds = {
  "yoi:plugin/tool@1.0.0": new Map<string, Signature>([
    ["call", "func(tool-name: string, input-json: string) -> string"],
  ]),
  "yoi:plugin/instance@1.0.0": new Map<string, Signature>([
    ["start", "func(config-json: string) -> string"],
    ["handle-tool", "func(name: string, input-json: string) -> string"],
    ["handle-ingress", "func(name: string, event-json: string) -> string"],
    ["status", "func() -> string"],
    ["stop", "func() -> string"],
  ]),
} as const satisfies Record<string, ReadonlyMap<string, Signature>>;

/** A world's name. */
export type WorldName = keyof typeof worlds;

const oneRequest = "func(request-json: string) -> string";

const webSocket: readonly (readonly [string, Signature])[] = [
  ["open", oneRequest],
  ["send-text", "func(handle: u32, text: string) -> string"],
  ["recv", "func(handle: u32, timeout-ms: u32) -> string"],
  ["close", "func(handle: u32) -> string"],
];

/** The host's own interfaces and their functions (reference §4.5, `wit/deps`). */
export const hostInterfaces: ReadonlyMap<string, ReadonlyMap<string, Signature>> = new Map([
  ["yoi:host/https@1.0.0", new Map([["request", oneRequest]])],
  ["yoi:host/request@1.0.0", new Map([["request", oneRequest]])],
  [
    "yoi:host/fs@1.0.0",
    new Map([
      ["read", oneRequest],
      ["list", oneRequest],
      ["write", oneRequest],
    ]),
  ],
  ["yoi:host/log@1.0.0", new Map([["log", "func(level: string, message: string) -> string"]])],
  ["yoi:host/websocket@1.0.0", new Map(webSocket)],
  [
    "yoi:host/websocket@1.1.0",
    new Map([...webSocket, ["send-binary", "func(handle: u32, base64: string) -> string"]]),
  ],
]);

/**
 * The WASI interfaces for which there are inert stand-ins, by their canonical version: `@0.2` stands
 * for every release that is compatible with it, such as 0.2.6.
 */
export const standInInterfaces: readonly string[] = [
  "wasi:cli/environment@0.2",
  "wasi:cli/exit@0.2",
  "wasi:cli/stdin@0.2",
  "wasi:cli/stdout@0.2",
  "wasi:cli/stderr@0.2",
  "wasi:cli/terminal-input@0.2",
  "wasi:cli/terminal-output@0.2",
  "wasi:cli/terminal-stdin@0.2",
  "wasi:cli/terminal-stdout@0.2",
  "wasi:cli/terminal-stderr@0.2",
  "wasi:clocks/monotonic-clock@0.2",
  "wasi:clocks/wall-clock@0.2",
  "wasi:filesystem/preopens@0.2",
  "wasi:filesystem/types@0.2",
  "wasi:io/error@0.2",
  "wasi:io/poll@0.2",
  "wasi:io/streams@0.2",
  "wasi:random/insecure@0.2",
  "wasi:random/insecure-seed@0.2",
  "wasi:random/random@0.2",
];

/** How raw guests read what a host function answered (reference §4.4). */
const rawResponse: readonly (readonly [string, string])[] = [
  ["response_len", "() -> (i32)"],
  ["response_read", "(i32, i32) -> (i32)"],
];

/** How raw guests know an interface: the reference's have short names, all others their own. */
function rawModuleName(interfaceName: string): string {
  return interfaceName.replace(/^yoi:host\/([a-z]+)@1\.0\.0$/u, "yoi:$1");
}

/** The interface that a raw guest's module is; the inverse of {@link rawModuleName}. */
export function rawModuleInterface(module: string): string {
  return module.replace(/^yoi:([a-z]+)$/u, "yoi:host/$1@1.0.0");
}

/** How raw guests know a function: `send-text` is `send_text`. */
export function rawFieldName(functionName: string): string {
  return functionName.replaceAll("-", "_");
}

/** The types of a function's parameters, in their order. */
export function parameterTypes(signature: Signature): readonly string[] {
  const parameters = /^func\((.*)\) -> /u.exec(shapeOf(signature))?.[1] ?? "";
  return parameters === "" ? [] : parameters.split(", ");
}

/**
 * Gives an interface's functions as raw guests import them: a string is a pointer and a length, a
 * `u32` is itself, and the result is the length of the response (reference §4.4).
 *
 * @param functions By WIT name.
 * @returns Core types by field, those that read the response among them.
 */
export function rawFunctions(
  functions: ReadonlyMap<string, Signature>,
): ReadonlyMap<string, string> {
  const fields = Array.from(functions, ([name, signature]): [string, string] => {
    const types = parameterTypes(signature).map((type) => (type === "string" ? "i32, i32" : "i32"));
    return [rawFieldName(name), `(${types.join(", ")}) -> (i32)`];
  });
  return new Map([...fields, ...rawResponse]);
}

/** What raw guests may import: module → function → core type (reference §4.4). */
export const rawModules: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    "yoi:tool",
    new Map([
      ["tool_name_len", "() -> (i32)"],
      ["tool_name_read", "(i32, i32) -> (i32)"],
      ["input_len", "() -> (i32)"],
      ["input_read", "(i32, i32) -> (i32)"],
      ["output_write", "(i32, i32) -> (i32)"],
    ]),
  ],
  ...Array.from(
    hostInterfaces,
    ([name, functions]) => [rawModuleName(name), rawFunctions(functions)] as const,
  ),
]);

/** What a raw guest must export (reference §4.4). */
export const rawExports = [
  { name: "yoi_tool_call", kind: "function", signature: "() -> ()" },
  { name: "memory", kind: "memory", signature: undefined },
] as const;
