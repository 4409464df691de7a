import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, it } from "vitest";
import {
  createInstance,
  grantRequested,
  type HostApi,
  type PluginPackage,
  type ToolResult,
} from "yoi-plugin-sdk";
import { guestPackage, toolManifest } from "./guest-package.ts";
import { type Bridge, bridges } from "./host-call-bridges.ts";
import { rawManifest, rawPackage } from "./raw-package.ts";

const permission = `
[[permissions]]
kind = "host_api"
api = "fs"
`;

/** Asks the host for `{}`; the answer's place and length go to 16. */
const ask = "(call $read (i32.const 192) (i32.const 2) (i32.const 16))";
/** Answers with the text at 64. */
const answer =
  "(i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 16)) (i32.const 0)";

interface Parts {
  /** What the tool does. */
  readonly call?: string;
  /** What `cabi_realloc` does: its parameter `$size` is at hand, and the global `$calls`. */
  readonly realloc?: string;
  /** What a start function of the core module does. */
  readonly start?: string;
  readonly postReturn?: string;
  /** Further items of the core module. */
  readonly more?: string;
}

const place = "(i32.const 0x10000)";

/** A component that imports `fs.read` and does what a test says. */
const component = ({
  call = `${ask} ${answer}`,
  realloc = place,
  start,
  postReturn,
  more = "",
}: Parts) => `(component
  (import "yoi:host/fs@1.0.0" (instance $fs
    (export "read" (func (param "request-json" string) (result string)))))
  (core module $libc
    (memory (export "memory") 8)
    (table (export "table") 2 funcref)
    (type $ask (func (param i32 i32 i32)))
    (global $calls (mut i32) (i32.const 0))
    (func $read (param i32 i32 i32)
      (call_indirect (type $ask) (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      ${realloc}))
  (core instance $libc (instantiate $libc))
  (core func $read (canon lower (func $fs "read")
    (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
  (core module $guest
    (import "libc" "memory" (memory 8))
    (import "libc" "table" (table 2 funcref))
    (import "host" "read" (func $read (param i32 i32 i32)))
    (elem (i32.const 0) func $read)
    (data (i32.const 64) "{\\"summary\\":\\"ok\\"}")
    (data (i32.const 192) "{}")
    ${more}
    ${start === undefined ? "" : `(func $start ${start}) (start $start)`}
    (func (export "post-return") (param i32) ${postReturn ?? ""})
    (func (export "call") (param i32 i32 i32 i32) (result i32) ${call}))
  (core instance $guest (instantiate $guest
    (with "libc" (instance $libc))
    (with "host" (instance (export "read" (func $read))))))
  (type $call (func (param "tool-name" string) (param "input-json" string) (result string)))
  (func (export "call") (type $call)
    (canon lift (core func $guest "call")
      (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))
      ${postReturn === undefined ? "" : '(post-return (core func $guest "post-return"))'})))`;

/** Two components in one, joined by an adapter: the outer one calls the inner one, which asks the host. */
const nested = (after: string) => `(component
  (import "yoi:host/fs@1.0.0" (instance $fs
    (export "read" (func (param "request-json" string) (result string)))))
  (alias export $fs "read" (func $read))
  (component $inner
    (import "ask" (func $ask (param "request-json" string) (result string)))
    (core module $libc
      (memory (export "memory") 4)
      (global $next (mut i32) (i32.const 4096))
      (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (global.get $next)
        (global.set $next (i32.and (i32.const -8)
          (i32.add (global.get $next) (i32.add (local.get $size) (i32.const 7)))))))
    (core instance $libc (instantiate $libc))
    (core func $ask (canon lower (func $ask)
      (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
    (core module $guest
      (import "libc" "memory" (memory 4))
      (import "host" "ask" (func $ask (param i32 i32 i32)))
      (func (export "greet") (param $text i32) (param $length i32) (result i32)
        (call $ask (local.get $text) (local.get $length) (i32.const 0)) ${after}
        (i32.const 0)))
    (core instance $guest (instantiate $guest
      (with "libc" (instance $libc))
      (with "host" (instance (export "ask" (func $ask))))))
    (func (export "greet") (param "text" string) (result string)
      (canon lift (core func $guest "greet")
        (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc")))))
  (component $tool
    (import "greet" (func $greet (param "text" string) (result string)))
    (core module $libc
      (memory (export "memory") 4)
      (global $next (mut i32) (i32.const 4096))
      (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (global.get $next)
        (global.set $next (i32.and (i32.const -8)
          (i32.add (global.get $next) (i32.add (local.get $size) (i32.const 7)))))))
    (core instance $libc (instantiate $libc))
    (core func $greet (canon lower (func $greet)
      (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
    (core module $guest
      (import "libc" "memory" (memory 4))
      (import "inner" "greet" (func $greet (param i32 i32 i32)))
      (func (export "call") (param i32 i32) (param $input i32) (param $length i32) (result i32)
        (call $greet (local.get $input) (local.get $length) (i32.const 0))
        (call $greet (local.get $input) (local.get $length) (i32.const 0))
        (i32.const 0)))
    (core instance $guest (instantiate $guest
      (with "libc" (instance $libc))
      (with "inner" (instance (export "greet" (func $greet))))))
    (type $call (func (param "tool-name" string) (param "input-json" string) (result string)))
    (func (export "call") (type $call)
      (canon lift (core func $guest "call")
        (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc")))))
  (instance $inner (instantiate $inner (with "ask" (func $read))))
  (instance $tool (instantiate $tool (with "greet" (func $inner "greet"))))
  (export "call" (func $tool "call")))`;

/** A raw guest that does the same. */
const raw = (call: string, more = "") => `(module
  (import "yoi:fs" "read" (func $read (param i32 i32) (result i32)))
  (import "yoi:fs" "response_len" (func (result i32)))
  (import "yoi:fs" "response_read" (func (param i32 i32) (result i32)))
  (import "yoi:tool" "output_write" (func $write (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "{\\"summary\\":\\"ok\\"}")
  (data (i32.const 192) "{}")
  ${more}
  (func (export "yoi_tool_call") ${call}))`;
const rawAsk = "(drop (call $read (i32.const 192) (i32.const 2)))";
const rawAnswer = "(drop (call $write (i32.const 64) (i32.const 16)))";

const forEver = "(loop $again (br $again))";
const deep = "(func $deep (call $deep) (call $deep))";

/** Guests by what they do around a host call, and how each must end. */
const hostile: readonly (readonly [about: string, text: string, ending: string])[] = [
  ["answers after it", component({}), "ok"],
  ["answers after three", component({ call: `${ask} ${ask} ${ask} ${answer}` }), "ok"],
  ["traps after it", component({ call: `${ask} (unreachable)` }), "runtime/trap"],
  ["loops after it", component({ call: `${ask} ${forEver} ${answer}` }), "runtime/timeout"],
  [
    "uses up its stack after it",
    component({ more: deep, call: `${ask} (call $deep) ${answer}` }),
    "runtime/stack-exhausted",
  ],
  [
    "asks from behind its memory",
    component({ call: `(call $read (i32.const -8) (i32.const 16) (i32.const 16)) ${answer}` }),
    "runtime/trap",
  ],
  [
    "asks with what is no text",
    component({
      more: '(data (i32.const 256) "\\ff\\fe")',
      call: `(call $read (i32.const 256) (i32.const 2) (i32.const 16)) ${answer}`,
    }),
    "output/malformed",
  ],
  [
    "wants the answer behind its memory",
    component({ call: `(call $read (i32.const 192) (i32.const 2) (i32.const -4)) ${answer}` }),
    "runtime/trap",
  ],
  [
    "gives the answer a place behind its memory",
    component({ realloc: "(i32.const 0x7fffffff)" }),
    "runtime/trap",
  ],
  [
    "traps while it takes the answer",
    component({
      realloc: `(if (i32.gt_u (global.get $calls) (i32.const 2)) (then (unreachable))) ${place}`,
    }),
    "runtime/trap",
  ],
  [
    "loops while it takes the answer",
    component({
      realloc: `(if (i32.gt_u (global.get $calls) (i32.const 2)) (then ${forEver})) ${place}`,
    }),
    "runtime/timeout",
  ],
  ["loops after it has answered", component({ postReturn: forEver }), "runtime/timeout"],
  ["traps after it has answered", component({ postReturn: "(unreachable)" }), "runtime/trap"],
  ["asks again after it has answered", component({ postReturn: ask }), "runtime/trap"],
  ["answers from within another component", nested(""), "ok"],
  ["traps within another component", nested("(unreachable)"), "runtime/trap"],
  ["loops within another component", nested(forEver), "runtime/timeout"],
  ["raw, answers after it", raw(`${rawAsk} ${rawAnswer}`), "ok"],
  ["raw, traps after it", raw(`${rawAsk} (unreachable)`), "runtime/trap"],
  ["raw, loops after it", raw(`${rawAsk} ${forEver}`), "runtime/out-of-fuel"],
  ["raw, uses up its stack", raw(`${rawAsk} (call $deep)`, deep), "runtime/stack-exhausted"],
  ["raw, asks while it starts", raw(rawAnswer, `(func $start ${rawAsk}) (start $start)`), "ok"],
  [
    "raw, asks with bad pointers",
    raw("(drop (call $read (i32.const -1) (i32.const 9)))"),
    "output/malformed",
  ],
];

const files: HostApi = {
  name: "fs",
  interface: "yoi:host/fs@1.0.0",
  open: () => ({
    functions: new Map([
      [
        "read",
        async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return '{"summary":"from the host"}';
        },
      ],
    ]),
    [Symbol.asyncDispose]: async () => {},
  }),
};

async function load(text: string): Promise<PluginPackage> {
  const bytes = await parse(text);
  return text.startsWith("(module")
    ? rawPackage(bytes, `${rawManifest}${permission}`)
    : guestPackage(bytes, `${toolManifest}${permission}`);
}

async function run(
  text: string,
  isolation: Bridge["isolation"],
  timeoutMs = 10_000,
): Promise<readonly ToolResult[]> {
  const pkg = await load(text);
  await using guest = await createInstance(pkg, {
    grants: grantRequested(pkg, { fs: [{ root: "/srv/data", operations: ["read"] }] }),
    hostApis: [files],
    isolation,
    limits: { timeoutMs },
  });
  // Twice: whatever the first call did, the isolate goes on.
  return [await guest.callTool("run", {}), await guest.callTool("run", {})];
}

describe.each(bridges)("a guest $name that imports a host API", ({ isolation, hostCalls }) => {
  it.each(hostile)("[host/bridge] and %s ends as it must, twice", async (_, text, ending) => {
    // A busy machine takes its time to open a guest, so that only those who never end are hurried.
    const timeoutMs = ending === "runtime/timeout" ? 1_000 : 10_000;
    const endings = (await run(text, isolation, timeoutMs)).map(({ error }) => error?.code ?? "ok");
    expect(endings).toEqual([ending, ending]);
  });

  it.each([
    // A start function is answered where the guest holds its thread; suspended it can't be there.
    ["it is instantiated", component({ start: ask }), /^(ok|runtime\/trap)$/u],
    // This one asks within the answer to its question, without end.
    [
      "it takes the answer",
      component({
        realloc: `(if (i32.gt_u (global.get $calls) (i32.const 2))
          (then (call $read (i32.const 192) (i32.const 2) (i32.const 16)))) ${place}`,
      }),
      /^runtime\/(trap|timeout|stack-exhausted|limit)$/u,
    ],
  ])("[host/bridge] and asks while %s ends in time", async (_, text, endings) => {
    for (const { error } of await run(text, isolation)) {
      expect(error?.code ?? "ok").toMatch(endings);
      if (hostCalls === "jspi") expect(error?.message).toContain("can't suspend it");
    }
  });
});
