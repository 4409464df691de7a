import { expect, test } from "vitest";
import type { ListedPlugin } from "../../src/cli/listed-item.ts";
import { runCli } from "../../src/cli/run-cli.ts";
import { createInspect } from "../../src/inspect/inspect.ts";
import { createReadPackage } from "../../src/package/load-package.ts";
import { readSource } from "../../src/package/read-source.node.ts";
import { captureIo, hostOf, packageOf } from "./captured.ts";
import { createMachine, store } from "./workspace-machine.ts";

const permissions = `
[[permissions]]
kind = "host_api"
api = "https"
`;

/** A record as its author writes it: the secret is named, and is elsewhere. */
const grants = (digest: string) => `
id = "project:example.echo"
version = "1.0.0"
digest = "${digest}"

[[permissions]]
kind = "surface"
surface = "tool"

[[permissions]]
kind = "tool"
name = "echo"

[[permissions]]
kind = "host_api"
api = "https"

[[https]]
host = "api.example.com"
methods = ["GET"]
path_prefixes = ["/v1"]
headers = { authorization = { secret = "weather-token", prefix = "Bearer " } }
`;
const label =
  "host_api.https grant https://api.example.com GET /v1 [authorization from the secret weather-token]";

test("[secrets/named] `show` and `inspect --grants` name the secret that a grant of a file binds", async () => {
  const machine = await createMachine();
  const path = await store(machine.project, "echo.yoi-plugin", { more: permissions });
  const { value: found } = await machine.json<ListedPlugin>(["show", "example.echo"]);
  const files = { "grants.toml": grants(found.digest ?? "") };
  const { code } = await machine.run(
    ["enable", "example.echo", "--grants", "grants.toml", "--yes"],
    { files },
  );
  expect(code).toBe(0);

  const { value: shown } = await machine.json<ListedPlugin>(["show", "example.echo"]);
  expect(shown.configured_https_grants).toEqual([label.replace("host_api.https grant ", "")]);
  expect((await machine.run(["show", "example.echo"])).out.replaceAll(/\s+/gu, " ")).toContain(
    label,
  );

  const { io, written } = captureIo({ files });
  const inspect = createInspect(createReadPackage(readSource));
  const { host } = hostOf(packageOf());
  await runCli(["inspect", path, "--grants", "grants.toml"], io, { ...host, inspect });
  expect(written.out.replaceAll(/\s+/gu, " ")).toContain(`granted ${label}`);
});

test("[secrets/named] a value in place of a secret's name is refused", async () => {
  const files = {
    "grants.toml": grants("sha256:0").replace(/\{ secret = [^}]+\}/u, '"Bearer abc123"'),
  };
  const { io, written } = captureIo({ files });
  const { host } = hostOf(packageOf());
  expect(await runCli(["inspect", "p", "--grants", "grants.toml"], io, host)).toBe(1);
  expect(written.err).toContain("options/invalid");
  expect(written.err).not.toContain("abc123");
});
