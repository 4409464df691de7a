import { log } from "yoi:host/log@1.0.0";
import { close, open, recv, sendBinary, sendText } from "yoi:host/websocket@1.1.0";

type Answer = { readonly type?: string; readonly text?: string; readonly base64?: string };

/** Says what a peer answers to texts and to bytes: `{ url, texts, binaries, receives, staysOpen }`. */
export function call(_tool: string, input: string): string {
  const { url, texts, binaries, receives, staysOpen } = JSON.parse(input) as {
    readonly url: string;
    readonly texts: readonly string[];
    readonly binaries: readonly string[];
    readonly receives: number;
    readonly staysOpen?: boolean;
  };
  const opened = JSON.parse(open(JSON.stringify({ url })));
  if (opened.handle === undefined) return answer([opened]);
  const sent = [
    ...texts.map((text) => JSON.parse(sendText(opened.handle, text))),
    ...binaries.map((base64) => JSON.parse(sendBinary(opened.handle, base64))),
  ];
  const received = Array.from({ length: receives }, () => {
    const message: Answer = JSON.parse(recv(opened.handle, 2000));
    log("debug", `${message.type}`);
    // Long messages are told by their length, for an answer is bounded.
    const length = (message.text ?? message.base64 ?? "").length;
    return length > 100 ? { type: message.type, length } : message;
  });
  if (staysOpen === true) return answer([opened.handle, ...sent, ...received]);
  return answer([...sent, ...received, JSON.parse(close(opened.handle))]);
}

function answer(content: readonly unknown[]): string {
  return JSON.stringify({ summary: "told", content: JSON.stringify(content) });
}
