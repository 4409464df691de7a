import { describe, expect, it } from "vitest";
import { componentBackend, type RuntimeBackend } from "yoi-plugin-sdk";
import { backendConformance } from "yoi-plugin-sdk/testing";
import { breakBackend } from "./broken-backends.ts";

const world = "yoi:plugin/instance@1.0.0";

/** Which of the rules about what guests answer a backend breaks, with guests that live on. */
async function brokenRules(backend: RuntimeBackend): Promise<readonly string[]> {
  const living: RuntimeBackend = {
    ...backend,
    supports: (runtime) => runtime.kind === "wasm-component" && runtime.world === world,
  };
  const checks = backendConformance(() => living, { isolates: ["inline"] });
  const broken: string[] = [];
  for (const { rule, run } of checks.filter(({ rule: name }) => name.startsWith("answers/"))) {
    await run().catch(() => broken.push(rule));
  }
  return broken;
}

describe("[backend/conformance] the rules about guests that live on", () => {
  it("hold our backend to nothing that it does not keep", async () => {
    expect(await brokenRules(componentBackend())).toEqual([]);
  });

  it("find a backend that calls one export whatever it was asked for", async () => {
    const deaf = breakBackend(componentBackend(), {
      call: (call) => (_, args, context) =>
        call("handle-tool", args.length === 2 ? args : ["run", '{"do":"count"}'], context),
    });
    expect(await brokenRules(deaf)).toEqual(["answers/exports"]);
  });

  it("find a backend whose guests remember nothing", async () => {
    const forgetful = breakBackend(componentBackend(), {
      instantiate: (instantiate) => async (context) => {
        const guests = [await instantiate(context)];
        return {
          get isAlive() {
            return guests.at(-1)?.isAlive === true;
          },
          call: async (...args) => {
            const fresh = await instantiate(context);
            guests.push(fresh);
            return fresh.call(...args);
          },
          close: async () => {
            for (const guest of guests) await guest.close();
          },
        };
      },
    });
    expect(await brokenRules(forgetful)).toEqual(["answers/lasting", "answers/exports"]);
  });
});
