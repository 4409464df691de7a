import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { echoTool } from "../inspect/packages.ts";
import { createMachine, store, unpacked } from "./workspace-machine.ts";

interface Diff {
  readonly asksForMore: boolean;
  readonly isSame: boolean;
  readonly permissions: { readonly added: readonly string[] };
}

const greedy = `${echoTool}[[permissions]]\nkind = "host_api"\napi = "fs"\n`;

describe("diff", () => {
  test("says what the second package asks for that the first did not", async () => {
    const machine = await createMachine();
    const before = await unpacked(join(machine.root, "before"));
    const after = await store(machine.root, "after.yoi-plugin", { version: "2", tools: greedy });
    const { code, value } = await machine.json<Diff>(["diff", before, after]);
    expect(code).toBe(0);
    expect(value).toMatchObject({ asksForMore: true, permissions: { added: ["host_api.fs"] } });
    const { out } = await machine.run(["diff", before, after]);
    expect(out).toMatch(/^ {2}\+ host_api\.fs$/mu);
    expect((await machine.json<Diff>(["diff", after, before])).value.asksForMore).toBe(false);
    expect((await machine.json<Diff>(["diff", after, after])).value.isSame).toBe(true);
  });

  test("takes references beside paths", async () => {
    const machine = await createMachine();
    await store(machine.user, "echo.yoi-plugin");
    const after = await store(machine.root, "after.yoi-plugin", { tools: greedy });
    const { value } = await machine.json<Diff>(["diff", "user:example.echo", after]);
    expect(value).toMatchObject({ from: { ref: "user:example.echo" }, asksForMore: true });
    const { code, err } = await machine.run(["diff", "user:none", after]);
    expect([code, err]).toEqual([1, expect.stringContaining("package/missing")]);
  });

  test("a package that can't be read is an error", async () => {
    const machine = await createMachine();
    const good = await store(machine.root, "good.yoi-plugin");
    const bad = await store(machine.root, "bad.yoi-plugin", Buffer.from("x"));
    const { code, out, err } = await machine.run(["diff", good, bad]);
    expect([code, out, err]).toEqual([1, "", expect.stringContaining("archive/malformed")]);
    expect((await machine.run(["diff", good])).code).toBe(2);
  });
});
