import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it, vi } from "vitest";

const root = new URL("../../", import.meta.url);

describe("[instance/chat-bridge] the example of a plugin that lives on", () => {
  it("runs against a real chat room and holds what it says", { timeout: 120_000 }, async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "examples/chat-bridge/main.ts"],
      { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: "examples/tsconfig.json" } },
    );
    expect(stdout).toContain('hears "bridge: pong, Ada; I am at 2"');
    expect(stdout).toContain('hears "bridge: The build is green."');
    expect(stdout).toContain("4 of 5 events taken");
    expect(stdout).toContain('Stopped: {"state":"stopped","data":{"count":6}}');
  });
});

describe("[instance/chat-bridge] the chat bridge, outside any sandbox", () => {
  type Bridge = typeof import("../../examples/chat-bridge/src/plugin.ts");
  let bridge: Bridge;
  // It remembers: every test gets one of its own.
  beforeEach(async () => {
    vi.resetModules();
    bridge = await import("../../examples/chat-bridge/src/plugin.ts");
  });

  const eventOf = (kind: string, payload: unknown) =>
    JSON.stringify({
      kind,
      source: "websocket:ws://room",
      ingress_name: "room",
      payload,
      created_at: "2026-11-20T17:00:00.000Z",
      attempt: 1,
      correlation_id: "01937a40-0000-7000-8000-000000000001",
    });
  const hears = (text: string) =>
    JSON.parse(bridge.handleIngress("room", eventOf("websocket_text", { url: "ws://room", text })));
  const says = (text: unknown) => JSON.parse(bridge.handleTool("say", JSON.stringify({ text })));

  it.each(["", "no colon", ": nobody", "name:no space"])(
    "declines %j, which is no message",
    (text) => {
      expect(hears(text)).toMatchObject({ accepted: false });
    },
  );

  it("does not talk to itself", () => {
    bridge.start('{"name":"echo"}');
    expect(hears("echo: !ping")).toMatchObject({ accepted: false });
    expect(hears("bridge: !ping").output_commands[0].payload.text).toBe(
      "echo: pong, bridge; I am at 1",
    );
  });

  it("takes a connection that closed as news, not as a message", () => {
    expect(JSON.parse(bridge.handleIngress("room", eventOf("websocket_close", {})))).toMatchObject({
      accepted: true,
      output_commands: [{ payload: { status: { state: "alone", data: "websocket_close" } } }],
    });
  });

  it("remembers no more than it must, however long the talk and the names", () => {
    for (let person = 0; person < 200; person += 1) hears(`p${person}: ${"long ".repeat(500)}`);
    const { summary, content } = JSON.parse(bridge.handleTool("room_summary", "{}"));
    expect(summary).toBe("200 messages by 101 people");
    expect(content).toContain("others: 100");
    expect(content.length).toBeLessThan(4_000);
  });

  it("has no more to say at once than fits the answer to one event", () => {
    for (let line = 0; line < 8; line += 1)
      expect(says("x".repeat(9_999)).summary).toMatch(/^The room/u);
    expect(says("more").summary).toBe("tool error: failed");
    expect(hears("Ada: !ping").output_commands).toHaveLength(10);
    expect(says("more").summary).toMatch(/^The room/u);
  });
});
