import { describe, expect, test } from "vitest";
import { readOwnWit } from "../../src/build/own-wit.ts";

describe("[custom/build] the WIT of a host's own interfaces", () => {
  test.each([
    ["nothing", ""],
    ["no package", "interface contacts { count: func() -> string; }"],
    ["a package without a version", "package acme:crm; interface contacts {}"],
    ["a package in a comment", "// package acme:crm@1.0.0;\ninterface contacts {}"],
    ["a package after something else", "interface a {}\npackage acme:crm@1.0.0;"],
    ["our namespace", "package yoi:host@1.0.0; interface fs {}"],
    ["our namespace, escaped", "package %yoi:host@1.0.0; interface fs {}"],
    ["the namespace of WASI", "package wasi:cli@0.2.0; interface stdin {}"],
  ])("is refused with %s", (_, text) => {
    expect(() => readOwnWit([text])).toThrow(expect.objectContaining({ code: "build/failed" }));
  });

  test("names its interfaces with the package's version, whatever stands in comments", () => {
    const text = `/* the CRM /* */
      package acme:crm@1.0.0-rc.1; // interface wrong { }
      /// interface wrong2 { }
      interface contacts { count: func() -> string; }
      interface %list { all: func() -> string; }`;
    expect([...readOwnWit([text]).interfaces]).toEqual([
      "acme:crm/contacts@1.0.0-rc.1",
      "acme:crm/list@1.0.0-rc.1",
    ]);
  });

  test("may be several packages, and several files of one", () => {
    const { interfaces, text } = readOwnWit([
      "package acme:crm@1.0.0; interface a {}",
      "package acme:crm@1.1.0; interface a {}",
      "package acme:crm@1.0.0; interface b {}",
    ]);
    expect([...interfaces]).toEqual(["acme:crm/a@1.0.0", "acme:crm/a@1.1.0", "acme:crm/b@1.0.0"]);
    expect(text.match(/package acme:crm@1\.0\.0 \{/gu)).toHaveLength(1);
  });
});
