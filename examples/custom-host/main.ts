/**
 * A host with an API of its own, against the built package; it asserts what it says:
 * `npx tsx --tsconfig examples/tsconfig.json examples/custom-host/main.ts`.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import {
  all,
  createInstance,
  type GrantPolicy,
  grantRequested,
  hostApiWit,
  inspect,
  isPluginError,
  loadPackage,
} from "yoi-plugin-sdk";
import { buildPackage } from "yoi-plugin-sdk/build";
import { createAddressBook } from "./contacts.ts";

const { api, contacts } = createAddressBook([
  { id: 7, name: "Ada Lovelace", email: "ada@example.com", notes: [] },
  { id: 8, name: "Alan Turing", email: "alan@example.com", notes: [] },
]);

// 1. Authors of plugins get the API as WIT; theirs lies beside the plugin, and is this one.
const directory = new URL("plugin/", import.meta.url);
assert.equal(await readFile(new URL("wit/contacts.wit", directory), "utf8"), hostApiWit(api));
console.log(`the API   ${api.interface}, as the plugin's WIT has it`);

// 2. A plugin in TypeScript that imports it becomes a component with just these imports.
const pkg = await loadPackage(Object.fromEntries(await buildPackage({ directory })));
const report = await inspect(pkg, { hostApis: [api] });
assert.deepEqual(report.runtime?.imports, [api.interface, "yoi:host/log@1.0.0"]);
assert.deepEqual(
  report.hostApis.map(({ permission }) => permission),
  [`host_api.${api.interface}`],
);
console.log(`imports   ${report.runtime?.imports.join(", ")}`);

// 3. An import is no authority: without a grant, no code of the plugin runs.
const everything = grantRequested(pkg);
const permissions = everything.permissions.filter(({ kind }) => kind !== "host_api");
await assert.rejects(
  createInstance(pkg, { grants: { ...everything, permissions }, hostApis: [api] }),
  (error) => isPluginError(error) && error.code === "grant/denied",
);
console.log("refused   without a grant");

// 4. Granted, until somebody turns it off: a policy is asked about every call.
let isAddressBookOpen = true;
const addressBook: GrantPolicy = {
  decide: ({ action }) =>
    action.kind !== "host_api" || isAddressBookOpen
      ? { allowed: true }
      : { allowed: false, code: "grant/denied", message: "The address book was closed." },
};
const lines: string[] = [];
const audit: string[] = [];
await using rolodex = await createInstance(pkg, {
  grants: all(everything, addressBook),
  hostApis: [api],
  onEvent: (event) => event.type === "log" && lines.push(`${event.level}: ${event.text}`),
  onDecision: ({ at, subject, decision }) => {
    if (at === "host-call") audit.push(`${subject} ${decision.allowed ? "allowed" : "denied"}`);
  },
});
const found = await rolodex.callTool("find_person", { name: "ada" });
assert.deepEqual(JSON.parse(found.content ?? ""), [{ id: 7, name: "Ada Lovelace" }]);
console.log(`found     ${found.content}, and no address with it`);

const noted = await rolodex.callTool("take_note", { name: "ada", text: "Likes engines." });
assert.equal(noted.summary, "Kept note 1 about Ada Lovelace.");
assert.deepEqual(contacts.get(7)?.notes, ["Likes engines. (example.rolodex)"]);
console.log(`noted     ${contacts.get(7)?.notes}`);

// 5. What a plugin says is checked before it counts; what is wrong is an answer that it can read.
const long = await rolodex.callTool("take_note", { name: "alan", text: "!".repeat(201) });
assert.equal(long.error?.code, "guest/failed");
assert.match(long.content ?? "", /host\/invalid-request/);
assert.deepEqual(contacts.get(8)?.notes, []);
console.log(`refused   ${long.error?.message}`);

// 6. Closed while the plugin runs: the next call is refused, and the plugin goes on.
isAddressBookOpen = false;
const closed = await rolodex.callTool("find_person", { name: "ada" });
assert.match(closed.content ?? "", /"code":"grant\/denied"/);
assert.equal(rolodex.state, "ready");
isAddressBookOpen = true;
assert.equal((await rolodex.callTool("find_person", { name: "ada" })).isError, false);
console.log(`closed    ${closed.error?.message}`);

// 7. Who did what, and what the plugin had to say.
const crm = `host_api.${api.interface}`;
assert.deepEqual(audit, [
  ...Array.from({ length: 5 }, () => `${crm} allowed`),
  `${crm} denied`,
  `${crm} allowed`,
]);
assert.deepEqual(lines, [
  "info: took note 1 about contact 7",
  "warn: the address book answered host/invalid-request",
  "warn: the address book answered grant/denied",
]);
for (const line of lines) console.log(`logged    ${line}`);
console.log(
  `audited   ${audit.length} calls, ${audit.filter((call) => call.endsWith("denied")).length} denied`,
);
