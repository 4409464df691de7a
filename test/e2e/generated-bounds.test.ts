import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { expect, it } from "vitest";
import type { InstanceEvent } from "yoi-plugin-sdk";
import { guestLimits } from "../../src/limits.ts";
import { guestInstance } from "./guest-package.ts";

/** A guest that exports its tool and so many functions besides, for each of which bindings are generated. */
async function guestWithExports(count: number): Promise<Uint8Array> {
  const more = Array.from(
    { length: count },
    (_, index) => `(func (export "extra-f${index}") (type $call)
      (canon lift (core func $i "call") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))`,
  );
  return parse(`(component
    (core module $m
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (data (i32.const 16) "{\\"summary\\":\\"still here\\"}")
      (func (export "call") (param i32 i32 i32 i32) (result i32)
        (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 24)) (i32.const 0)))
    (core instance $i (instantiate $m))
    (type $call (func (param "a" string) (param "b" string) (result string)))
    (func (export "call") (type $call)
      (canon lift (core func $i "call") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
    ${more.join("\n")})`);
}

it("bindings of more than glueBytes are refused, and a large guest below that runs", async () => {
  await using large = await guestInstance(await guestWithExports(300));
  expect(await large.callTool("run", {})).toMatchObject({ summary: "still here" });
  await expect(guestInstance(await guestWithExports(3_000))).rejects.toMatchObject({
    code: "artifact/limit",
  });
});

it("[limits/log] a guest that floods its standard output is heard up to logBytes", async () => {
  const lines: string[] = [];
  const onEvent = (event: InstanceEvent) => {
    if (event.type === "log") lines.push(event.text);
  };
  await using flooding = await guestInstance("wasi-stdout", { onEvent });
  expect((await flooding.callTool("run", {})).isError).toBe(false);
  const bytes = lines.join("").length;
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(guestLimits.logBytes.default);
});
