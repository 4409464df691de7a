import { expect, test } from "vitest";
import type { Action } from "../../src/grants/grants.types.ts";
import { createAuthority, readGrantRecord } from "../../src/grants/plan.ts";
import type { Permission } from "../../src/manifest/manifest.types.ts";
import { boundRecord, stubPackage } from "./stub-package.ts";

const contacts = { kind: "host_api", api: "acme:crm/contacts@1.0.0" } as const;
const newer = { kind: "host_api", api: "acme:crm/contacts@1.1.0" } as const;

function decide(requested: readonly Permission[], granted: readonly Permission[], action: Action) {
  const pkg = stubPackage({ permissions: requested });
  return createAuthority(pkg, boundRecord(pkg, { permissions: granted })).decide(
    action,
    "host-call",
  );
}

test("a host's own API is allowed where the manifest asks for it and the host grants it", async () => {
  expect(await decide([contacts], [contacts], contacts)).toEqual({ allowed: true });
  expect(await decide([contacts], [], contacts)).toMatchObject({ code: "grant/denied" });
  expect(await decide([], [contacts], contacts)).toMatchObject({ code: "grant/denied" });
});

test("another version of it is another permission", async () => {
  expect(await decide([contacts], [contacts], newer)).toMatchObject({ allowed: false });
  expect(await decide([newer], [contacts], newer)).toMatchObject({ allowed: false });
});

test("it has no targets, so that none is allowed by mistake", async () => {
  const target = { kind: "url", url: "https://example.com/" } as const;
  expect(await decide([contacts], [contacts], { ...contacts, target })).toMatchObject({
    allowed: false,
  });
});

test.each(["shell", "log", "acme:crm/contacts", "yoi:host/fs@1.0.0", "wasi:http/types@0.2.0"])(
  "a record that grants the API %j is refused",
  (api) => {
    const permissions = [{ kind: "host_api", api }];
    expect(() => readGrantRecord({ permissions })).toThrow(/permissions.0.api/);
  },
);
