import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grantRequested } from "../../src/grants/plan.ts";
import { diffInspections } from "../../src/inspect/diff.ts";
import { renderDiff } from "../../src/inspect/render-diff.ts";
import { renderInspection } from "../../src/inspect/render-text.ts";
import type { Inspection } from "../../src/inspect/report.types.ts";
import { columnsOf, type TextStyle, wrapText } from "../../src/inspect/text-layout.ts";
import { inspectionLimits } from "../../src/limits.ts";
import { echoPermissions, echoTool, files, guest, inspect, loadPackage } from "./packages.ts";

const hostApi = (api: string) => `kind = "host_api"\napi = "${api}"`;
const steering = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

function expectFits(text: string, width = 80) {
  expect(text.endsWith("\n")).toBe(true);
  for (const line of text.split("\n")) {
    expect(columnsOf(line), line).toBeLessThanOrEqual(width);
    expect(line).not.toMatch(steering);
  }
}

describe("a report as text", () => {
  test("says_what_is_asked_granted_missing_and_next_in_80_columns", async () => {
    const pkg = await loadPackage(
      files({
        artifact: guest("import-host-fs"),
        tools:
          echoTool +
          echoTool.replaceAll("echo", "send").replace("\ninput", "\nexternal_write = true\ninput"),
        permissions: [
          ...echoPermissions,
          'kind = "tool"\nname = "send"',
          'kind = "external_write"',
          hostApi("fs"),
        ],
      }),
    );
    const permissions = pkg.manifest.permissions.slice(0, 2);
    const report = await inspect(pkg, { grants: { ...grantRequested(pkg), permissions } });
    const text = renderInspection(report);
    expectFits(text);
    expect(text).toMatch(/^Echo 1\.0\.0 +partial\n/u);
    expect(text).toContain("  ref    project:example.echo\n");
    expect(text).toContain(`  digest ${pkg.digest}\n`);
    expect(text).toContain("wasm-component/yoi:plugin/tool@1.0.0");
    expect(text).toContain("  needs  yoi:host/fs@1.0.0\n");
    expect(text).toContain("  gives  call\n");
    expect(text).toMatch(/ {2}granted +echo\n {15}Gives back what it gets\.\n/u);
    expect(text).toMatch(/ {2}not granted +send \(writes outside\)\n/u);
    expect(text).toMatch(/ {2}not granted +fs \(imported\)\n/u);
    expect(text).toContain("To use all of it, grant: tool.send, external_write, host_api.fs.");
    expect(text.replace(/\s+/gu, " ")).toContain("its tools can't run");
  });

  test.each<[string, () => Promise<Inspection>, RegExp, string]>([
    [
      "active",
      async () => {
        const pkg = await loadPackage(files());
        return inspect(pkg, { grants: grantRequested(pkg) });
      },
      / active\n/u,
      "Everything that it asks for is granted.",
    ],
    [
      "disabled",
      () => inspect(files()),
      / disabled\n/u,
      "To use all of it, grant: surfaces.tool, tool.echo.",
    ],
    [
      "rejected",
      () => inspect(files({ artifact: new Uint8Array(8) })),
      / rejected\n/u,
      "no grant can",
    ],
    [
      "rejected before it was read",
      () => inspect(new Uint8Array(8)),
      / rejected\n/u,
      "no grant can",
    ],
    [
      "bound to another",
      async () => {
        const pkg = await loadPackage(files());
        return inspect(pkg, { grants: { ...grantRequested(pkg), version: "0" } });
      },
      / rejected\n/u,
      "then grant again",
    ],
  ])("of a package that is %s says so and what to do", async (_, made, status, next) => {
    const text = renderInspection(await made());
    expectFits(text);
    expect(text).toMatch(status);
    expect(text.replace(/\n */gu, " ")).toContain(next);
  });

  test("has_no_colour_of_its_own_and_takes_a_style", async () => {
    const report = await inspect(files());
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what it looks for
    expect(renderInspection(report)).not.toMatch(/\u001b/u);
    const mark = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
    const style: TextStyle = {
      bold: mark("bold"),
      dim: mark("dim"),
      red: mark("red"),
      green: mark("green"),
      yellow: mark("yellow"),
    };
    const marked = renderInspection(report, { style });
    expect(marked).toContain("<bold>Tools</bold>");
    expect(marked).toContain("<yellow>not granted</yellow>");
    expect(marked.replace(/<\/?(?:bold|dim|red|green|yellow)>/gu, "")).toBe(
      renderInspection(report),
    );
  });

  test("keeps_to_the_width_it_is_given_within_bounds", async () => {
    const report = await inspect(files());
    const { minColumns, maxColumns } = inspectionLimits;
    const widest = (width: number) =>
      Math.max(...renderInspection(report, { width }).split("\n").map(columnsOf));
    expect(widest(minColumns.default)).toBe(minColumns.default);
    expect(widest(minColumns.default - 1)).toBe(minColumns.default);
    expect(widest(100)).toBe(100);
    expect(widest(maxColumns.default)).toBe(maxColumns.default);
    expect(widest(maxColumns.default + 1)).toBe(maxColumns.default);
  });

  test("is_inert_and_fits_whatever_the_report_holds", async () => {
    const hostile = fc.oneof(
      fc.constantFrom(
        "\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007",
        "\u001b[2J\u001b[H",
        "a\r\nb\u0085c\u2028d",
        "\u202eevil\u202c",
        "漢字".repeat(80),
        "👍".repeat(50),
        "x".repeat(500),
        "e\u0301\u200b".repeat(40),
        "",
      ),
      fc.string({ unit: "binary", maxLength: 200 }),
    );
    const base = await inspect(
      files({
        artifact: guest("import-host-fs"),
        permissions: [...echoPermissions, hostApi("fs")],
      }),
    );
    /** Replaces every text of the report, as if a package had written all of it. */
    const spoil = (value: unknown, texts: readonly string[]): unknown => {
      let next = 0;
      return JSON.parse(JSON.stringify(value), (key, part) => {
        if (typeof part !== "string" || key === "status" || key === "kind") return part;
        next += 1;
        return texts[next % texts.length];
      });
    };
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), (texts) => {
        const report = { ...(spoil(base, texts) as Inspection), status: base.status };
        expectFits(renderInspection(report));
        expectFits(renderDiff(diffInspections(base, report)));
      }),
      { numRuns: 150 },
    );
  });

  test("a_list_is_whole_up_to_its_bound_and_counted_past_it", async () => {
    const report = await inspect(files());
    const most = inspectionLimits.listedItems.default;
    const listing = (length: number) => {
      const imports = Array.from({ length }, (_, index) => `acme:x/i${index}@1.0.0`);
      const runtime = report.runtime && { ...report.runtime, imports };
      return renderInspection({ ...report, runtime });
    };
    expect(listing(most)).toContain(`acme:x/i${most - 1}@1.0.0`);
    expect(listing(most)).not.toContain(" more");
    expect(listing(most + 1).replace(/\s+/gu, " ")).toContain("and 1 more");
    expectFits(listing(10_000));
    expect(listing(10_000).split("\n").length).toBeLessThan(60);
  });

  test("a_description_is_whole_up_to_its_bound_and_cut_past_it", async () => {
    const report = await inspect(files());
    const most = inspectionLimits.paragraphBytes.default;
    const describing = (length: number) => {
      const description = "x".repeat(length);
      return renderInspection({ ...report, package: { ...report.package, description } });
    };
    const written = (text: string) => text.match(/x/gu)?.length;
    expect(written(describing(most)) ?? 0).toBe((written(describing(0)) ?? 0) + most);
    expect(describing(most)).not.toContain("…");
    expect(describing(most + 1)).toContain("…");
  });
});

test("wrapping_loses_no_word_and_keeps_to_its_columns", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 30 }), (text, width) => {
      const lines = wrapText(text, width);
      expect(lines.join("").replace(/\s/gu, "")).toBe(text.replace(/\s/gu, ""));
      for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    }),
    { numRuns: 500 },
  );
});
