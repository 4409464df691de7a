/**
 * A runtime backend of a host's own, against the built package; it asserts what it says:
 * `npx tsx --tsconfig examples/tsconfig.json examples/custom-backend/main.ts`.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createInstance, grantRequested, loadPackage } from "yoi-plugin-sdk";
import { backendConformance } from "yoi-plugin-sdk/testing";
import { interpreterBackend } from "./interpreter-backend.ts";

// 1. Does it keep the rules? One it can't, and says why.
const checks = backendConformance(interpreterBackend, {
  isolates: ["worker"],
  skip: [
    {
      rule: "preparation/invalid",
      reason: "it does not validate code: what is not valid traps when it is reached",
    },
  ],
});
for (const { name, skipped, run } of checks) {
  if (skipped === undefined) await run();
  console.log(skipped === undefined ? `kept     ${name}` : `skipped  ${name}\n         ${skipped}`);
}
assert.equal(checks.filter(({ skipped }) => skipped !== undefined).length, 1);

// 2. Use it: the same package, the same call, and another backend behind it.
const pkg = await loadPackage({
  "plugin.toml": await readFile(new URL("plugin.toml", import.meta.url), "utf8"),
  "guest.wasm": await readFile(new URL("guest.wasm", import.meta.url)),
});
const grants = grantRequested(pkg);
await using interpreted = await createInstance(pkg, { grants, backends: [interpreterBackend()] });
await using compiled = await createInstance(pkg, { grants });
const input = { text: "A backend of your own" };
const result = await interpreted.callTool("shout", input);
assert.equal(result.content, '{"TEXT":"A BACKEND OF YOUR OWN"}');
assert.equal(result.content, (await compiled.callTool("shout", input)).content);
assert.equal(interpreted.status().backend, "interpreter");
assert.equal(compiled.status().backend, "core-wasm");
console.log(`answered ${result.content}, for ${result.usage?.fuel} instructions`);

// 3. Limits are the host's, whatever the backend.
await using limited = await createInstance(pkg, {
  grants,
  backends: [interpreterBackend()],
  limits: { fuel: 100 },
});
const refused = await limited.callTool("shout", input);
assert.equal(refused.error?.code, "runtime/out-of-fuel");
console.log(`refused  ${refused.error?.message}`);
