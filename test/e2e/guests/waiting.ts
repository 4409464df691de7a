import { read } from "yoi:host/fs@1.0.0";
import { log } from "yoi:host/log@1.0.0";

let started = "";
let calls = 0;

/** Reads a file before anything else. */
export function start(): string {
  started = content("start.txt");
  return JSON.stringify({ state: "running" });
}

/** Reads every file that it is told to, and says them with what it read at its start. */
export function handleTool(_name: string, input: string): string {
  calls += 1;
  const { paths } = JSON.parse(input) as { readonly paths: readonly string[] };
  const said = [started, calls, ...paths.map(content), Date.now()];
  return JSON.stringify({ summary: "read", content: JSON.stringify(said) });
}

export function handleIngress(): string {
  return JSON.stringify({ accepted: false });
}

export function status(): string {
  return JSON.stringify({ state: "running" });
}

export function stop(): string {
  log("info", content("stop.txt"));
  return JSON.stringify({ state: "stopped" });
}

function content(path: string): string {
  const answer = JSON.parse(read(JSON.stringify({ path })));
  return answer.content ?? answer.error.code;
}
