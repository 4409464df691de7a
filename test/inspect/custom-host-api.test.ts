import { Validator } from "@cfworker/json-schema";
import { describe, expect, test } from "vitest";
import { grantRequested } from "../../src/grants/plan.ts";
import { defineHostApi } from "../../src/host-api/define-host-api.ts";
import { inspectionSchema } from "../../src/inspect/inspect.ts";
import { tool } from "../wasm/admitting.ts";
import { wasm } from "../wasm/wasm-text.ts";
import { echoPermissions, files, inspect, loadPackage } from "./packages.ts";

const api = "acme:crm/contacts@1.0.0";
const permissions = [...echoPermissions, `kind = "host_api"\napi = "${api}"`];
const artifact = wasm(
  tool(`(import "${api}" (instance (export "find" (func (param "q" string) (result string)))))`),
);

test("a host's own API is shown like ours: requested, imported, granted or not", async () => {
  const pkg = await loadPackage(files({ permissions, artifact: await artifact }));
  const disabled = await inspect(pkg);
  const row = { name: api, permission: `host_api.${api}`, requested: true, imported: true };
  expect(disabled).toMatchObject({
    status: "disabled",
    diagnostics: [],
    hostApis: [{ ...row, granted: false, eligible: false }],
  });
  const active = await inspect(pkg, { grants: grantRequested(pkg) });
  expect(active).toMatchObject({
    status: "active",
    hostApis: [{ ...row, granted: true, eligible: true }],
  });
});

test("one that the manifest does not ask for is an unknown import", async () => {
  const report = await inspect(files({ artifact: await artifact }));
  expect(report).toMatchObject({
    status: "rejected",
    diagnostics: [{ code: "artifact/unknown-import" }],
  });
});

test("the report's schema takes it", async () => {
  const report = await inspect(files({ permissions, artifact: await artifact }));
  const validator = new Validator(structuredClone(inspectionSchema) as object, "2020-12");
  expect(validator.validate(JSON.parse(JSON.stringify(report))).errors).toEqual([]);
});

describe("[custom/inspected] a host that says which APIs it has", () => {
  const find = { params: { query: "string" }, handler: () => [] } as const;
  const contacts = defineHostApi({ interface: api, functions: { find } });

  test("sees its functions compared with the imports", async () => {
    const pkg = await loadPackage(files({ permissions, artifact: await artifact }));
    const same = await inspect(pkg, { grants: grantRequested(pkg), hostApis: [contacts] });
    expect(same).toMatchObject({ status: "active", diagnostics: [] });
    const other = defineHostApi({ interface: api, functions: { search: find } });
    expect(await inspect(pkg, { hostApis: [other] })).toMatchObject({
      status: "rejected",
      diagnostics: [{ code: "artifact/unknown-import" }],
    });
  });

  test("sees imports that it does not have, though the manifest asks for them", async () => {
    const report = await inspect(files({ permissions, artifact: await artifact }), {
      hostApis: [],
    });
    expect(report).toMatchObject({
      status: "rejected",
      diagnostics: [{ code: "artifact/unknown-import" }],
    });
  });

  test("sees the permission that the import needs, whatever its name", async () => {
    const permission = "acme:crm/everything@2.0.0";
    const shared = defineHostApi({ interface: api, permission, functions: { find } });
    const asking = [...echoPermissions, `kind = "host_api"\napi = "${permission}"`];
    const pkg = await loadPackage(files({ permissions: asking, artifact: await artifact }));
    const report = await inspect(pkg, { grants: grantRequested(pkg), hostApis: [shared] });
    expect(report).toMatchObject({
      status: "active",
      diagnostics: [],
      hostApis: [{ name: permission, requested: true, imported: true, eligible: true }],
    });
    // Asking for the interface's own name is not enough then.
    const wrong = await inspect(files({ permissions, artifact: await artifact }), {
      hostApis: [shared],
    });
    expect(wrong).toMatchObject({
      status: "rejected",
      diagnostics: [{ code: "grant/denied", message: expect.stringContaining(permission) }],
    });
  });
});
