import { list, read, write } from "yoi:host/fs@1.0.0";
import { request as https } from "yoi:host/https@1.0.0";
import { request } from "yoi:host/request@1.0.0";
import { close, open, recv, sendText } from "yoi:host/websocket@1.0.0";

const functions = {
  https,
  request,
  "fs.read": read,
  "fs.list": list,
  "fs.write": write,
  "websocket.open": open,
  "websocket.send-text": sendText,
  "websocket.recv": recv,
  "websocket.close": close,
} as const;

/** Says the host's word for each step of its input: `{ steps: [[function, ...arguments], …] }`. */
export function call(_tool: string, input: string): string {
  const { steps } = JSON.parse(input) as {
    readonly steps: readonly (readonly [keyof typeof functions, ...(string | number)[]])[];
  };
  const answers = steps.map(([name, ...args]) => {
    const ask = functions[name] as (...args: readonly (string | number)[]) => string;
    return JSON.parse(ask(...args)) as unknown;
  });
  return JSON.stringify({ summary: "the host answered", content: JSON.stringify(answers) });
}
