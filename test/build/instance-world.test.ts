import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  createInstance,
  grantRequested,
  isPluginError,
  loadPackage,
  type PluginPackage,
} from "yoi-plugin-sdk";
import { buildComponent, type GuestEngine } from "../../src/build.ts";

const entry = new URL("guests/living.ts", import.meta.url);

const names = ["count", "echo", "fail"];
const manifest = [
  'schema_version = 1\nid = "test.living"\nname = "Living"\nversion = "1.0.0"',
  '[runtime]\nkind = "wasm-component"\ncomponent = "guest.wasm"\nworld = "yoi:plugin/instance@1.0.0"',
  '[[ingresses]]\nname = "room"\ndescription = "A room."',
  ...names.map(
    (name) =>
      `[[tools]]\nname = "${name}"\ndescription = "A tool."\ninput_schema = { type = "object" }`,
  ),
  ...["tool", "ingress"].map(
    (surface) => `[[permissions]]\nkind = "surface"\nsurface = "${surface}"`,
  ),
  ...names.map((name) => `[[permissions]]\nkind = "tool"\nname = "${name}"`),
  '[[permissions]]\nkind = "ingress"\nname = "room"',
].join("\n\n");

/** An event as a host hands it over, and as a guest that is a module here gets it. */
const eventOf = (text: string | undefined) => ({
  kind: text === undefined ? "timer" : "websocket_text",
  source: "test",
  ingress_name: "room",
  payload: text === undefined ? null : { url: "ws://chat.example.com/room", text },
  created_at: "2026-11-20T17:00:00.000Z",
  attempt: 1,
  correlation_id: "01937a40-0000-7000-8000-000000000001",
});

describe.each<GuestEngine>(["quickjs", "spidermonkey"])(
  "[build/instance-world] a guest of the instance world on %s",
  (engine) => {
    let pkg: PluginPackage;
    beforeAll(async () => {
      const component = await buildComponent({
        entry,
        engine,
        world: "yoi:plugin/instance@1.0.0",
      });
      pkg = await loadPackage({ "plugin.toml": manifest, "guest.wasm": component });
    }, 180_000);

    it("answers a host as its source answers here", { timeout: 180_000 }, async () => {
      vi.resetModules();
      const source = await import("./guests/living.ts");
      await using instance = await createInstance(pkg, {
        grants: grantRequested(pkg),
        config: { from: 7 },
        ingress: { maxAttempts: 1 },
        limits: { startTimeoutMs: 30_000 },
      });
      const started = JSON.parse(source.start('{"from":7}'));
      expect(instance.status().component).toEqual(started);

      for (const [tool, input] of [
        ["count", {}],
        ["echo", { text: 'Zoë 🌧 "\n' }],
        ["fail", {}],
      ] as const) {
        const result = await instance.callTool(tool, input);
        const expected = JSON.parse(source.handleTool(tool, JSON.stringify(input)));
        if (result.isError) expect(expected.summary).toMatch(/^tool error: /u);
        else expect(result).toMatchObject(expected);
      }

      for (const text of ["hello", undefined, "retry", "huge", "cycle", "late", "Zoë 🌧"]) {
        const event = eventOf(text);
        const report = await instance.deliverIngress("room", event);
        const expected = JSON.parse(source.handleIngress("room", JSON.stringify(event)));
        if (expected.error === undefined) {
          expect(report).toMatchObject({ accepted: expected.accepted, output: expected.data });
        } else {
          expect(report.error).toMatchObject({
            code: "guest/failed",
            isRetryable: expected.error.retryable === true,
          });
          expect(report.error?.message).toContain(expected.error.message);
        }
      }
      const { component, state } = await instance.refreshStatus();
      expect(state).toBe("running");
      expect(component).toEqual(JSON.parse(source.status()));
      await instance.stop();
      expect(instance.status()).toMatchObject({
        state: "stopped",
        component: JSON.parse(source.stop()),
      });
    });

    it("fails its start by what it throws", { timeout: 180_000 }, async () => {
      const starting = createInstance(pkg, {
        grants: grantRequested(pkg),
        config: { fail: true },
        limits: { startTimeoutMs: 30_000 },
      });
      const error = await starting.catch((thrown: unknown) => thrown);
      expect(isPluginError(error) && error).toMatchObject({
        code: "guest/failed",
        phase: "lifecycle",
        message: expect.stringContaining("Not with this configuration."),
      });
    });
  },
);
