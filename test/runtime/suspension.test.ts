import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, it } from "vitest";
import { defaultLimits, guestLimits } from "../../src/limits.ts";
import { serveGuest } from "../../src/runtime/isolation/guest-main.ts";
import type {
  GuestMessage,
  OwnerMessage,
  OwnerNote,
} from "../../src/runtime/isolation/guest-messages.ts";
import { createInlineHost } from "../../src/runtime/isolation/inline-host.ts";
import { createRealm } from "../../src/runtime/isolation/realm.node.ts";
import { engineSuspension } from "../../src/runtime/suspension.ts";
import { meterModule } from "../../src/wasm/meter.ts";

const suspension = engineSuspension();

it("[host/bridge] Node suspends guests from version 24 on", () => {
  const major = Number(process.versions.node.split(".")[0]);
  expect(suspension !== undefined).toBe(major >= 24);
});

it("[host/bridge] inline, a guest that its engine does not suspend is stopped by its first host call", () => {
  const answer = async () => "nobody hears this";
  const dispose = async () => {};
  const host = createInlineHost(
    { isSuspending: false },
    { answer, [Symbol.asyncDispose]: dispose },
  );
  const question = { interface: "yoi:host/fs@1.0.0", function: "read", args: [] };
  expect(host.ask(question, () => undefined)).toEqual({ stopped: "aborted" });
});

const text = `(module
  (import "yoi:fs" "read" (func $read (param i32 i32) (result i32)))
  (import "yoi:fs" "response_len" (func (result i32)))
  (import "yoi:fs" "response_read" (func $copy (param i32 i32) (result i32)))
  (import "yoi:tool" "output_write" (func $write (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{}")
  (func (export "yoi_tool_call") (local $length i32)
    (local.set $length (call $read (i32.const 0) (i32.const 2)))
    (drop (call $copy (i32.const 64) (local.get $length)))
    (drop (call $write (i32.const 64) (local.get $length)))))`;

/** The inside of a worker with a guest that asks once and answers with the answer. */
async function insideOfWorker() {
  const module = new WebAssembly.Module(meterModule(await parse(text)));
  const functions = new Map([["read", { name: "read", parameters: ["string"] }]]);
  const said: GuestMessage[] = [];
  const serve = serveGuest(createRealm(), (message) => said.push(message));
  const tell = (message: OwnerMessage | OwnerNote) => serve(message);
  const opening = tell({
    type: "open",
    request: 1,
    budgetMs: 60_000,
    image: {
      format: "core",
      module,
      declared: { pages: 1, elements: 0 },
      hostImports: [
        {
          interface: "yoi:host/fs@1.0.0",
          functions: ["read", "response_len", "response_read"],
          raw: { module: "yoi:fs", functions },
        },
      ],
      isSuspending: true,
    },
    limits: defaultLimits(guestLimits),
    lifetime: "call",
    wasi: undefined,
    stopCell: undefined,
    hostChannel: undefined,
  });
  await opening;
  const call = (request: number) =>
    tell({ type: "call", request, budgetMs: 60_000, exportName: "call", args: ["run", "{}"] });
  return { said, tell, call };
}

const answers = (said: readonly GuestMessage[]) =>
  said.flatMap((message) => (message.type === "answer" ? [message.output] : []));

describe.each(suspension === undefined ? [] : ["a worker whose engine suspends its guest"])(
  "%s",
  () => {
    it("heeds an answer to the request under way alone", async () => {
      const { said, tell, call } = await insideOfWorker();
      const called = call(3);
      expect(said.at(-1)?.type).toBe("host-call");
      await tell({ type: "host-answer", request: 1, answer: "of an earlier one" });
      await tell({ type: "stop", request: 1, reason: "aborted" });
      await tell({ type: "host-answer", request: 3, answer: "its own" });
      await tell({ type: "host-answer", request: 3, answer: "a second one" });
      await called;
      expect(answers(said)).toEqual(["", "its own"]);
    });

    it("ends a guest that it is told to stop, never resumes it, and serves the next call", async () => {
      const { said, tell, call } = await insideOfWorker();
      const called = call(3);
      await tell({ type: "stop", request: 3, reason: "timeout" });
      await called;
      expect(said.at(-2)).toMatchObject({ type: "fault", fault: { code: "runtime/timeout" } });
      await tell({ type: "host-answer", request: 3, answer: "too late" });
      const next = call(5);
      await tell({ type: "host-answer", request: 5, answer: "in time" });
      await next;
      expect(answers(said)).toEqual(["", "in time"]);
    });
  },
);
