import { Validator } from "@cfworker/json-schema";
import { describe, expect, test } from "vitest";
import { grantRequested } from "../../src/grants/plan.ts";
import { inspectionSchema } from "../../src/inspect/inspection-schema.ts";
import type { Inspection } from "../../src/inspect/report.types.ts";
import {
  componentRuntime,
  echoPermissions,
  echoTool,
  files,
  guest,
  inspect,
  loadPackage,
} from "./packages.ts";

const validator = new Validator(structuredClone(inspectionSchema) as object, "2020-12", false);
const problems = (report: unknown) => validator.validate(JSON.parse(JSON.stringify(report))).errors;

/** One report of every kind. */
async function reports(): Promise<readonly Inspection[]> {
  const runtime = componentRuntime.replace("yoi:plugin/tool", "yoi:plugin/instance");
  const everything = await loadPackage(
    files({
      runtime: `${runtime}\n[[request]]\nscheme = "https"\nhost = "*"\nmethods = ["GET"]\n[[websocket]]\nscheme = "wss"\nhost = "a.example"\nport = 8443\n`,
      artifact: guest("instance-world"),
      more: 'description = "All of it."',
      tools: `${echoTool}[[services]]\nname = "sync"\ndescription = "s"\n[[ingresses]]\nname = "inbox"\ndescription = "i"\nsources = ["websocket:wss://a.example"]\n[[hooks]]\nid = "h"\nfile = "guest.wasm"\n`,
      permissions: [
        ...echoPermissions,
        'kind = "tool_namespace"\nnamespace = "e"',
        'kind = "service"\nname = "sync"',
        'kind = "ingress"\nname = "inbox"',
        'kind = "external_write"',
        ...["https", "request", "websocket", "fs"].map(
          (api) => `kind = "host_api"\napi = "${api}"`,
        ),
      ],
    }),
  );
  const grants = grantRequested(everything, {
    request: [{ scheme: "*", host: "*", methods: ["GET"] }],
    websocket: [{ scheme: "wss", host: "a.example", port: 8443, allow_private: true }],
    https: [{ host: "a.example", methods: ["GET"] }],
    fs: [{ root: "/srv", operations: ["read"] }],
  });
  return Promise.all([
    inspect(everything),
    inspect(everything, { grants }),
    inspect(everything, { grants: { ...grants, digest: "sha256:0" }, surfaces: ["tool"] }),
    inspect(files()),
    inspect(files({ artifact: new Uint8Array(8) })),
    inspect(
      files({
        runtime: '[runtime]\nkind = "wasm"\nentry = "guest.wasm"\nabi = "yoi-plugin-wasm-1"\n',
        artifact: guest("core-module"),
      }),
    ),
    inspect(files({ runtime: "" })),
    inspect(new Uint8Array(3)),
  ]);
}

describe("the published schema", () => {
  test("accepts_every_report_that_is_made", async () => {
    const made = await reports();
    expect(made.map(problems)).toEqual(made.map(() => []));
    expect(new Set(made.map(({ status }) => status)).size).toBeGreaterThanOrEqual(3);
  });

  test("refuses_a_report_with_any_key_missing_or_added_anywhere", async () => {
    const [, report] = await reports();
    expect(report).toBeDefined();
    let places = 0;
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      // What the package wrote itself has a shape of its own.
      if (/\.(?:inputSchema|declared)$/u.test(path)) return;
      if (!Array.isArray(value)) {
        const object = value as Record<string, unknown>;
        object.surplus = 1;
        expect(problems(copy), `${path} with a key more`).not.toEqual([]);
        delete object.surplus;
        for (const [key, part] of Object.entries(object)) {
          places += 1;
          if (key === "world" || key === "abi") continue;
          delete object[key];
          expect(problems(copy), `${path} without ${key}`).not.toEqual([]);
          object[key] = part;
        }
      }
      for (const [key, part] of Object.entries(value).slice(0, 3)) visit(part, `${path}.${key}`);
    };
    const copy = JSON.parse(JSON.stringify(report));
    visit(copy, "$");
    for (const key of ["tools", "hostApis", "targets", "permissions", "runtime"]) {
      visit(copy[key], `$.${key}`);
    }
    expect(problems(copy)).toEqual([]);
    expect(places).toBeGreaterThan(60);
  });

  test("is_plain_json_itself", () => {
    expect(JSON.parse(JSON.stringify(inspectionSchema))).toEqual(inspectionSchema);
  });
});
