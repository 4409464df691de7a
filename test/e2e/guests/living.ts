import { find } from "acme:crm/contacts@1.0.0";
import { log } from "yoi:host/log@1.0.0";
import { open, recv, sendBinary } from "yoi:host/websocket@1.1.0";

let handle = 0;

/** Opens one connection for its whole life. */
export function start(config: string): string {
  handle = JSON.parse(open(config)).handle;
  log("info", `opened ${handle}`);
  return JSON.stringify({ state: "running" });
}

/** Sends bytes over the connection, and looks whoever is named up. */
export function handleTool(_name: string, input: string): string {
  const { base64, name } = JSON.parse(input) as { readonly base64: string; readonly name: string };
  const sent = JSON.parse(sendBinary(handle, base64));
  const received = JSON.parse(recv(handle, 2000));
  const content = JSON.stringify([sent, received, JSON.parse(find(name, 1))]);
  return JSON.stringify({ summary: "told", content });
}

export function handleIngress(): string {
  return JSON.stringify({ accepted: false });
}

export function status(): string {
  return JSON.stringify({ state: "running" });
}

export function stop(): string {
  log("info", "stopped");
  return JSON.stringify({ state: "stopped" });
}
