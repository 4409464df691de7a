import { describe, expect, test } from "vitest";
import { minimal, read, refusal } from "./manifest-text.ts";

const asking = (api: string) =>
  `${minimal}[[permissions]]\nkind = "host_api"\napi = ${JSON.stringify(api)}\n`;

describe("a manifest that asks for a host's own API", () => {
  test.each([
    "acme:crm/contacts@1.0.0",
    "a:b/c@0.0.0",
    "my-company:some-tool2/read-only@10.20.30-beta.1",
  ])("has the permission %s", (api) => {
    expect(read(asking(api)).permissions).toEqual([{ kind: "host_api", api }]);
  });

  test.each([
    "",
    "shell",
    "log",
    "FS",
    "acme:crm/contacts",
    "acme:crm@1.0.0",
    "acme/contacts@1.0.0",
    "acme:crm/contacts@latest",
    "acme:crm/contacts@1",
    "acme:crm/Contacts@1.0.0",
    "acme:crm/../fs@1.0.0",
    "acme:crm/contacts@1.0.0\n",
    "__proto__",
    "yoi:host/fs@1.0.0",
    "yoi:host/shell@9.9.9",
    "wasi:sockets/tcp@0.2.0",
    `acme:${"c".repeat(128)}/contacts@1.0.0`,
  ])("is refused for the name %j", (api) => {
    const { code, message } = refusal(asking(api));
    expect(code).toBe("manifest/malformed");
    expect(message).toContain(
      "permissions[0].api must be one of https, request, websocket, fs, or",
    );
  });
});
