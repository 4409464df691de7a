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

/** The host's own interfaces and their functions (reference §4.5, `wit/deps/yoi-host-v1`). */
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
  [
    "yoi:host/websocket@1.0.0",
    new Map([
      ["open", oneRequest],
      ["send-text", "func(handle: u32, text: string) -> string"],
      ["recv", "func(handle: u32, timeout-ms: u32) -> string"],
      ["close", "func(handle: u32) -> string"],
    ]),
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

const noArgument = "() -> (i32)";
const oneArgument = "(i32) -> (i32)";
const twoArguments = "(i32, i32) -> (i32)";
const threeArguments = "(i32, i32, i32) -> (i32)";
const fourArguments = "(i32, i32, i32, i32) -> (i32)";

/** How raw guests read what a host function answered (reference §4.4). */
export const rawResponse: ReadonlyMap<string, string> = new Map([
  ["response_len", noArgument],
  ["response_read", twoArguments],
]);

/** What raw guests may import: module → function → signature (reference §4.4). */
export const rawModules: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    "yoi:tool",
    new Map([
      ["tool_name_len", noArgument],
      ["tool_name_read", twoArguments],
      ["input_len", noArgument],
      ["input_read", twoArguments],
      ["output_write", twoArguments],
    ]),
  ],
  ["yoi:https", new Map([["request", twoArguments], ...rawResponse])],
  ["yoi:request", new Map([["request", twoArguments], ...rawResponse])],
  [
    "yoi:fs",
    new Map([
      ["read", twoArguments],
      ["list", twoArguments],
      ["write", twoArguments],
      ...rawResponse,
    ]),
  ],
  ["yoi:log", new Map([["log", fourArguments], ...rawResponse])],
  [
    "yoi:websocket",
    new Map([
      ["open", twoArguments],
      ["send_text", threeArguments],
      ["recv", twoArguments],
      ["close", oneArgument],
      ...rawResponse,
    ]),
  ],
]);

/** What a raw guest must export (reference §4.4). */
export const rawExports = [
  { name: "yoi_tool_call", kind: "function", signature: "() -> ()" },
  { name: "memory", kind: "memory", signature: undefined },
] as const;
