import { describe, expect, it } from "vitest";
import { minimal, read, refusal } from "./manifest-text.ts";

describe("the first failure wins, in the reference's order", () => {
  const instance = `[runtime]\nkind = "wasm-component"\nworld = "yoi:plugin/tool@1.0.0"\n`;
  const defects: [what: RegExp, change: (text: string) => string][] = [
    [/line \d+/u, (text) => `${text}= no TOML\n`],
    [/unknown key/u, (text) => `unknown = 1\n${text}`],
    [/schema_version is 999/u, (text) => text.replace("= 1", "= 999")],
    [/, id must/u, (text) => text.replace("example.echo", "a b")],
    [/name is blank/u, (text) => text.replace("Echo", " ")],
    [/version is blank/u, (text) => text.replace("1.0.0", " ")],
    [/runtime\.abi does not/u, (text) => text.replace("kind", 'abi = "x"\nkind')],
    [/runtime\.world must/u, (text) => text.replace("yoi:plugin", "other:plugin")],
    [/runtime\.component is missing/u, (text) => text.replace("component = ", "#")],
    [/path in runtime\.component/u, (text) => text.replace("plugin.wasm", "../plugin.wasm")],
    [/"other/u, (text) => text.replace("plugin.wasm", "other.wasm")],
    [/services need/u, (text) => text.replace("plugin/instance", "plugin/tool")],
    [/services\[0\]\.name/u, (text) => text.replace('"feed"', '"a feed"')],
    [/services\[1\]\.name is/u, (text) => text.replace('"second"', '"feed"')],
    [/ingresses\[0\]\.name/u, (text) => text.replace('"events"', '"."')],
    [/hooks\[0\]\.id/u, (text) => text.replace('"start"', '""')],
    [/path in hooks/u, (text) => text.replace("hooks/start.js", "/hooks/start.js")],
  ];
  const base = `${minimal}${instance.replace("tool@", "instance@")}component = "plugin.wasm"
[[services]]\nname = "feed"\ndescription = ""
[[services]]\nname = "second"\ndescription = ""
[[ingresses]]\nname = "events"\ndescription = ""
[[hooks]]\nid = "start"\nfile = "hooks/start.js"\n`;

  it("the base has no defect", () => {
    expect(read(base).services).toHaveLength(2);
  });

  it.each(defects.map(([what], index) => [String(what), index]))("%s", (_, index) => {
    const [what, change] = defects[index] as (typeof defects)[number];
    expect(refusal(change(base)).message).toMatch(what);
    for (const [, later] of defects.slice(index + 1)) {
      // A later change may undo the place of an earlier one; applied first, it can't.
      const both = change(later(base));
      if (both !== later(base)) expect(refusal(both).message).toMatch(what);
    }
  });
});
