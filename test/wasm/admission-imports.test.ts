import { describe, expect, test } from "vitest";
import { wasiInterfaces } from "../../src/host-api/wasi/wasi.ts";
import { standInInterfaces } from "../../src/wasm/worlds.ts";
import { codes, componentRequest, rawRequest, reasons, tool } from "./admitting.ts";

describe("imports", () => {
  const fs = `(instance (export "read" (func (param "request-json" string) (result string))))`;

  test.each([
    `(import "yoi:host/fs@1.0.0" ${fs})`,
    `(import "yoi:host/websocket@1.0.0" (instance (export "send-text" (func (param "h" u32) (param "t" string) (result string)))))`,
    `(import "yoi:host/websocket@1.1.0" (instance (export "send-binary" (func (param "h" u32) (param "b" string) (result string)))))`,
    `(import "wasi:cli/environment@0.2.0" (instance))`,
    `(import "wasi:io/error@0.2.3" (instance (export "error" (type (sub resource)))))`,
    `(import "wasi:io/error@0.2.3" (instance)) (import "wasi:io/error@0.2.9" (instance))`,
    `(import "wasi:clocks/wall-clock@0.2" (instance))`,
    `(type $t string) (import "alias" (type (eq $t)))`,
  ])("%s is admitted", async (field) => {
    expect(await reasons(tool(field))).toEqual([]);
  });

  test.each([
    [`(import "yoi:host/fs" ${fs})`, 'imports "yoi:host/fs" without a version; it is 1.0.0 here'],
    [`(import "yoi:host/fs@2.0.0" ${fs})`, "the version here is 1.0.0"],
    [`(import "yoi:host/fs@1.0.1" ${fs})`, "the version here is 1.0.0"],
    [`(import "yoi:host/fs@1" ${fs})`, "the version here is 1.0.0"],
    [`(import "yoi:host/websocket@1.2.0" (instance))`, "the version here is 1.0.0 or 1.1.0"],
    [
      `(import "yoi:host/websocket@1.0.0" (instance (export "send-binary" (func (param "h" u32) (param "b" string) (result string)))))`,
      "which is not in it",
    ],
    [`(import "yoi:host/shell@1.0.0" (instance))`, "no host interface provides"],
    [`(import "wasi:http/outgoing-handler@0.2.0" (instance))`, "no host interface provides"],
    [`(import "wasi:sockets/tcp@0.2.0" (instance))`, "no host interface provides"],
    [`(import "wasi:cli/environment@0.3.0" (instance))`, "the version here is 0.2"],
    [`(import "wasi:cli/environment@0.2.0-rc-2023-11-10" (instance))`, "the version here is 0.2"],
    [`(import "wasi:cli/environment@0.20.0" (instance))`, "the version here is 0.2"],
    [`(import "wasi:cli/environment" (instance))`, "without a version"],
    [`(import "webidl:browser/window" (instance))`, "no host interface provides"],
    [`(import "do-it" (func))`, "imports the function"],
    [`(import "thing" (type (sub resource)))`, "imports the type"],
    [`(import "c" (component))`, "imports the component"],
    [`(import "m" (core module))`, "imports the module"],
    [`(import "yoi:host/fs@1.0.0" (func))`, "as a function; it is an interface"],
    [
      `(import "yoi:host/fs@1.0.0" (instance (export "remove" (func (param "p" string) (result string)))))`,
      'the function "remove" of "yoi:host/fs@1.0.0", which is not in it',
    ],
    [
      `(import "yoi:host/fs@1.0.0" (instance (export "read" (func (param "p" string)))))`,
      "it is func(request-json: string) -> string",
    ],
  ])("%s is unknown", async (field, says) => {
    const found = await reasons(tool(field));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^artifact\/unknown-import: /u);
    expect(found[0]).toContain(says);
  });

  test("two_imports_that_differ_only_in_their_version_are_refused", async () => {
    const found = await reasons(
      tool(`(import "yoi:host/fs@1.0.0" ${fs}) (import "yoi:host/fs@1.1.0" ${fs})`),
    );
    expect(found).toEqual([
      expect.stringContaining("the version here is 1.0.0"),
      expect.stringContaining("differ only in their version"),
    ]);
  });

  test("two_versions_that_there_are_can_not_be_imported_together_either", async () => {
    const both = ["1.0.0", "1.1.0"].map((v) => `(import "yoi:host/websocket@${v}" (instance))`);
    expect(await reasons(tool(both.join(" ")))).toEqual([
      expect.stringContaining("differ only in their version"),
    ]);
    const rawImport = (module: string) =>
      `(import "${module}" "close" (func (param i32) (result i32)))`;
    const raw = (...modules: string[]) =>
      `(module ${modules.map(rawImport).join(" ")}
        (memory (export "memory") 1) (func (export "yoi_tool_call")))`;
    expect(await reasons(raw("yoi:websocket"), rawRequest)).toEqual([]);
    expect(await reasons(raw("yoi:host/websocket@1.1.0"), rawRequest)).toEqual([]);
    // The reference's module has its name, and no second one.
    expect(await reasons(raw("yoi:host/websocket@1.0.0"), rawRequest)).toEqual([
      expect.stringContaining("which the host does not provide"),
    ]);
    expect(await reasons(raw("yoi:websocket", "yoi:host/websocket@1.1.0"), rawRequest)).toEqual([
      expect.stringContaining("versions of one interface"),
    ]);
  });

  test("hosts_and_guests_exchange_only_strings_and_numbers", async () => {
    const text = (type: string): string =>
      tool(`(type $r (record (field "a" u8))) (import "acme:db/query@1.0.0" (instance
        (alias outer 1 $r (type $rr)) (export "row" (type $row (eq $rr)))
        (export "run" (func (param "sql" string) (param "n" u64) (result ${type})))))`);
    const request = componentRequest({ interfaces: ["acme:db/query@1.0.0"] });
    for (const type of ["string", "u32", "bool", "f64", "char"]) {
      expect(await codes(text(type), request)).toEqual([]);
    }
    for (const type of ["(list u8)", "(option string)", "(tuple u8)", "$row", "(result string)"]) {
      expect(await codes(text(type), request)).toEqual(["artifact/unsupported"]);
    }
  });

  test("only_the_interfaces_of_the_request_are_known", async () => {
    const request = componentRequest({ interfaces: ["yoi:host/https@1.0.0"] });
    expect(await codes(tool(`(import "yoi:host/fs@1.0.0" ${fs})`), request)).toEqual([
      "artifact/unknown-import",
    ]);
    expect(await codes(tool(`(import "wasi:cli/exit@0.2.0" (instance))`), request)).toEqual([
      "artifact/unknown-import",
    ]);
  });

  test("the_known_stand_ins_are_those_that_there_are", () => {
    expect(standInInterfaces.map((known) => known.replace("@0.2", ""))).toEqual([
      ...wasiInterfaces,
    ]);
  });
});
