import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import {
  type CallOptions,
  createFsApi,
  createHttpsApi,
  createInstance,
  createRequestApi,
  createWebSocketApi,
  type DecisionEvent,
  type Grants,
  grantRequested,
  type InstanceEvent,
  type JsonObject,
  loadPackage,
  type Network,
  type PluginInstance,
  type PluginPackage,
  type SecretProvider,
  type TargetsInput,
  type ToolResult,
  type WebSocketPort,
} from "yoi-plugin-sdk";
import { buildComponent } from "yoi-plugin-sdk/build";
import { nodeFileSystem } from "yoi-plugin-sdk/node";

/** What guests are made of: a component or a raw module written by hand, or TypeScript on QuickJS. */
export type GuestKind = "component" | "raw" | "typescript";

/** The two that are ready at once. */
export const guestKinds = ["component", "raw"] as const satisfies readonly GuestKind[];

/** What the host answered, whatever it is. */
export interface Answer {
  readonly status?: number;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly body?: string;
  readonly content?: string;
  readonly entries?: readonly { readonly name: string; readonly kind: string }[];
  readonly truncated?: boolean;
  readonly handle?: number;
  readonly type?: string;
  readonly text?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A step of a guest: a function of a host API, and its arguments. */
export type Step = readonly [
  name: `${"https" | "request"}` | `fs.${string}` | `websocket.${string}`,
  ...args: readonly (JsonObject | string | number)[],
];

/** A running guest that hands on what it is told to, and says what it was answered. */
export interface Relay extends AsyncDisposable {
  readonly pkg: PluginPackage;
  readonly instance: PluginInstance;
  /** Everything that the host heard: decisions, events, log lines. */
  readonly heard: { readonly decisions: DecisionEvent[]; readonly events: InstanceEvent[] };
  /** Does one step, and gives the host's answer to it. */
  ask(step: Step, options?: CallOptions): Promise<Answer>;
  /** Does some steps in one call; only guests of TypeScript do more than one. */
  run(steps: readonly Step[], options?: CallOptions): Promise<ToolResult>;
}

/** Options of {@link relayGuest}. */
export interface RelayOptions {
  readonly kind: GuestKind;
  readonly targets: TargetsInput;
  /** The one function that guests written by hand import. */
  readonly asks?: `${string}.${string}`;
  readonly network?: Network & { readonly webSocket?: WebSocketPort };
  readonly secrets?: SecretProvider;
  readonly grants?: (record: Grants) => Grants;
}

let component: Promise<Uint8Array> | undefined;

/** Makes an instance that reaches what the targets say, its manifest asking for the same. */
export async function relayGuest(options: RelayOptions): Promise<Relay> {
  const { kind, network = nowhere, secrets } = options;
  const [api = "", name = ""] = (options.asks ?? "request.request").split(".");
  const isTypescript = kind === "typescript";
  const targets = isTypescript ? everyTarget(options.targets) : options.targets;
  const pkg = await loadPackage({
    "plugin.toml": manifestText(kind, isTypescript ? everyApi : [api], targets),
    "guest.wasm": isTypescript
      ? await builtRelay()
      : await parse(kind === "raw" ? rawRelay(api, name) : componentRelay(api, name)),
  });
  const heard = { decisions: [] as DecisionEvent[], events: [] as InstanceEvent[] };
  const record = grantRequested(pkg, targets);
  const { webSocket = noSockets } = network;
  const instance = await createInstance(pkg, {
    grants: options.grants?.(record) ?? record,
    hostApis: [
      createHttpsApi({ network, secrets }),
      createRequestApi({ network, secrets }),
      createWebSocketApi({ network: { resolve: network.resolve, webSocket } }),
      createFsApi({ fileSystem: nodeFileSystem() }),
    ],
    limits: {
      timeoutMs: 20_000,
      memoryBytes: isTypescript ? 64 * 1024 * 1024 : 64 * 65_536,
      inputBytes: 200_000,
      outputBytes: 1_000_000,
      fuel: 1e9,
    },
    onDecision: (event) => heard.decisions.push(event),
    onEvent: (event) => heard.events.push(event),
  });
  const run = (steps: readonly Step[], bounds?: CallOptions) => {
    const texts = steps.map((step) =>
      step.map((part) => (typeof part === "object" ? JSON.stringify(part) : part)),
    );
    const input = isTypescript ? { steps: texts } : steps[0]?.[1];
    if (input === undefined) throw new Error("a guest written by hand does one step");
    return instance.callTool("run", input, bounds);
  };
  return {
    pkg,
    instance,
    heard,
    run,
    async ask(step, bounds) {
      const { content, error } = await run([step], bounds);
      if (error !== undefined) return { error };
      const answer = JSON.parse(content ?? "null");
      return isTypescript ? answer[0] : answer;
    },
    [Symbol.asyncDispose]: () => instance[Symbol.asyncDispose](),
  };
}

const everyApi = ["https", "request", "websocket", "fs"];
const example = { host: "unused.example", methods: ["GET"], path_prefixes: [] };

/** A guest that imports every API is refused when there is nothing that it may reach through one. */
function everyTarget(targets: TargetsInput): TargetsInput {
  const { allow_private: _, ...unused } = { ...example, allow_private: false };
  const { methods: __, ...socket } = unused;
  return {
    https: targets.https ?? [unused],
    request: targets.request ?? [{ ...unused, scheme: "https" }],
    websocket: targets.websocket ?? [{ ...socket, scheme: "wss" }],
    fs: targets.fs ?? [{ root: "/nowhere/at/all", operations: ["read"] }],
  };
}

function manifestText(kind: GuestKind, apis: readonly string[], targets: TargetsInput): string {
  const runtime =
    kind === "raw"
      ? 'kind = "wasm"\nabi = "yoi-plugin-wasm-1"\nentry = "guest.wasm"'
      : 'kind = "wasm-component"\ncomponent = "guest.wasm"\nworld = "yoi:plugin/tool@1.0.0"';
  const { request = [], websocket = [] } = targets;
  const table = (name: string, fields: object) => {
    const known = Object.entries(fields).filter(
      ([key]) => key !== "allow_private" && key !== "headers",
    );
    return `[[${name}]]\n${known.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join("\n")}\n`;
  };
  return [
    'schema_version = 1\nid = "test.reach"\nname = "Reach"\nversion = "1.0.0"\n',
    `[runtime]\n${runtime}\n`,
    '[[tools]]\nname = "run"\ndescription = "Does steps."\ninput_schema = { type = "object" }\n',
    table("permissions", { kind: "surface", surface: "tool" }),
    table("permissions", { kind: "tool", name: "run" }),
    ...apis.map((api) => table("permissions", { kind: "host_api", api })),
    ...request.map((target) => table("request", target)),
    ...websocket.map((target) => table("websocket", target)),
  ].join("\n");
}

/** Builds the guest of TypeScript, once for a test file; call it in `beforeAll`, for it takes seconds. */
export function builtRelay(): Promise<Uint8Array> {
  component ??= buildComponent({ entry: new URL("guests/relay.ts", import.meta.url) });
  return component;
}

/** Appends what an answer is to an output, as the inside of a JSON string, and closes it. */
const outputWriter = `
  (data (i32.const 0) "{\\"summary\\":\\"the host answered\\",\\"content\\":\\"")
  (global $end (mut i32) (i32.const 0x200000))
  (func $append (param $byte i32)
    (i32.store8 (global.get $end) (local.get $byte))
    (global.set $end (i32.add (global.get $end) (i32.const 1))))
  (func $answer (param $from i32) (param $length i32) (result i32)
    (local $stop i32) (local $byte i32)
    (global.set $end (i32.const 0x20002a))
    (memory.copy (i32.const 0x200000) (i32.const 0) (i32.const 42))
    (local.set $stop (i32.add (local.get $from) (local.get $length)))
    (block $done (loop $next
      (br_if $done (i32.eq (local.get $from) (local.get $stop)))
      (local.set $byte (i32.load8_u (local.get $from)))
      (if (i32.or (i32.eq (local.get $byte) (i32.const 0x22)) (i32.eq (local.get $byte) (i32.const 0x5c)))
        (then (call $append (i32.const 0x5c))))
      (call $append (local.get $byte))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br $next)))
    (call $append (i32.const 0x22))
    (call $append (i32.const 0x7d))
    (i32.sub (global.get $end) (i32.const 0x200000)))`;

/** A raw guest that hands its input to one host function and answers with the response as content. */
const rawRelay = (api: string, name: string) => `(module
  (import "yoi:${api}" "${name}" (func $ask (param i32 i32) (result i32)))
  (import "yoi:${api}" "response_len" (func $response-len (result i32)))
  (import "yoi:${api}" "response_read" (func $response-read (param i32 i32) (result i32)))
  (import "yoi:tool" "input_len" (func $input-len (result i32)))
  (import "yoi:tool" "input_read" (func $input-read (param i32 i32) (result i32)))
  (import "yoi:tool" "output_write" (func $output-write (param i32 i32) (result i32)))
  (memory (export "memory") 64)
  ${outputWriter}
  (func (export "yoi_tool_call")
    (drop (call $input-read (i32.const 4096) (call $input-len)))
    (drop (call $ask (i32.const 4096) (call $input-len)))
    (drop (call $response-read (i32.const 0x40000) (call $response-len)))
    (drop (call $output-write (i32.const 0x200000)
      (call $answer (i32.const 0x40000) (call $response-len))))))`;

/** A component that does the same. */
const componentRelay = (api: string, name: string) => `(component
  (import "yoi:host/${api}@1.0.0" (instance $host
    (export "${name}" (func (param "request-json" string) (result string)))))
  (core module $libc
    (memory (export "memory") 64)
    (global $next (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.const -8)
        (i32.add (global.get $next) (i32.add (local.get $size) (i32.const 7)))))))
  (core instance $libc (instantiate $libc))
  (core func $ask (canon lower (func $host "${name}")
    (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
  (core module $guest
    (import "libc" "memory" (memory 64))
    (import "host" "ask" (func $ask (param i32 i32 i32)))
    ${outputWriter}
    (func (export "call") (param i32 i32) (param $input i32) (param $length i32) (result i32)
      (call $ask (local.get $input) (local.get $length) (i32.const 64))
      (i32.store (i32.const 76) (call $answer (i32.load (i32.const 64)) (i32.load (i32.const 68))))
      (i32.store (i32.const 72) (i32.const 0x200000))
      (i32.const 72)))
  (core instance $guest (instantiate $guest
    (with "libc" (instance $libc))
    (with "host" (instance (export "ask" (func $ask))))))
  (type $call (func (param "tool-name" string) (param "input-json" string) (result string)))
  (func (export "call") (type $call) (canon lift (core func $guest "call")
    (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
)`;

const unreachable = async (): Promise<never> => {
  throw new Error("nothing of this test reaches a network");
};
const nowhere: NonNullable<RelayOptions["network"]> = {
  resolve: unreachable,
  http: { pinsAddresses: true, exchange: unreachable },
};
const noSockets: WebSocketPort = { pinsAddresses: true, open: unreachable };
