import { expect, it } from "vitest";
import {
  createInstance,
  defineHostApi,
  grantRequested,
  type HostApi,
  hostApiWit,
} from "yoi-plugin-sdk";
import { buildComponent } from "yoi-plugin-sdk/build";
import { guestPackage, toolManifest } from "./guest-package.ts";

/** Words that mean something in JavaScript, in WIT, to an object, or to the bindings of a component. */
const words = (
  "await class constructor default delete eval export function import in instantiate let list " +
  "new null package prototype public record resource return static string super then this " +
  "to-string type typeof u32 use value-of void with world yield a1 x-y-z has-own-property " +
  "instantiate-core imports data-view process promise object"
).split(" ");

const api = defineHostApi({
  interface: "acme:interface/default@1.0.0-rc.1",
  functions: Object.fromEntries(
    words.map((name) => [name, { params: { [name]: "string" }, handler: () => name }]),
  ),
});

it("[custom/works] functions may have any name, whatever it means to a language on the way", async () => {
  const entry = new URL("guests/names.ts", import.meta.url);
  const manifest = `${toolManifest}
[[permissions]]
kind = "host_api"
api = "${api.interface}"
`;
  const component = await buildComponent({ entry, wit: [hostApiWit(api)] });
  const pkg = await guestPackage(component, manifest);
  await using guest = await createInstance(pkg, { grants: grantRequested(pkg), hostApis: [api] });
  const names = words.map((name) => name.replaceAll(/-(.)/gu, (_, next) => next.toUpperCase()));
  const { content, error } = await guest.callTool("run", { names });
  expect(error).toBeUndefined();
  expect(JSON.parse(content ?? "")).toEqual(words);
});

it.each([
  ["a definition in place of the API", [{ interface: "acme:crm/contacts@1.0.0", functions: {} }]],
  ["an empty object", [{}]],
  ["nothing in the list", [undefined]],
  ["an API without a list", api],
])("[custom/refusals] %s is refused in words", async (_, hostApis) => {
  const pkg = await guestPackage("echo");
  const options = { grants: grantRequested(pkg), hostApis: hostApis as unknown as HostApi[] };
  await expect(createInstance(pkg, options)).rejects.toMatchObject({
    code: "options/invalid",
    message: expect.stringContaining("defineHostApi"),
  });
});
