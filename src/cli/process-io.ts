import { createReadStream } from "node:fs";
import { createInterface } from "node:readline/promises";
import { concatBytes } from "../bytes.ts";
import { boundedText } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import type { CliIo, CliStream } from "./cli-io.ts";

/**
 * Gives the commands this process's streams, files and signals.
 *
 * The first interrupt stops the command in an orderly way, guest included; a second one ends the
 * process as if nobody listened.
 *
 * @returns The streams of the process.
 */
export function createProcessIo(): CliIo {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => stopping.abort());
  }
  process.stdout.on("error", endOnClosedPipe);
  return {
    stdout: streamOf(process.stdout),
    stderr: streamOf(process.stderr),
    environment: process.env,
    readFile,
    readStdin: (maxBytes) => readBounded(process.stdin, "Standard input", maxBytes),
    confirm: (question) => confirm(question, stopping.signal),
    signal: stopping.signal,
  };
}

/** Everything but a clear yes is a no, and so is an interrupt. */
async function confirm(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // An interrupt at the prompt reaches the terminal's reader, not the process.
  terminal.on("SIGINT", () => terminal.close());
  try {
    const closed = new Promise<undefined>((resolve) => {
      terminal.once("close", () => resolve(undefined));
    });
    const answer = await Promise.race([
      terminal.question(`${question} [y/N] `, { signal }),
      closed,
    ]);
    // Nobody ended the question's line.
    if (answer === undefined) process.stderr.write("\n");
    return /^\s*y(es)?\s*$/iu.test(answer ?? "");
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    terminal.close();
  }
}

function streamOf(stream: NodeJS.WriteStream): CliStream {
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
  };
}

/** Whoever read the output has gone, as `head` does: there is nothing left to do. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit();
}

async function readFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const name = `The file ${boundedText(path, 200)}`;
  try {
    return await readBounded(createReadStream(path), name, maxBytes);
  } catch (error) {
    if (error instanceof PluginError) throw error;
    throw failure("options/invalid", `${name} can't be read: ${reasonOf(error)}.`);
  }
}

async function readBounded(
  stream: AsyncIterable<Uint8Array | string>,
  name: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    length += bytes.length;
    if (length > maxBytes) {
      throw failure("input/too-large", `${name} has more than ${maxBytes} bytes.`);
    }
    chunks.push(bytes);
  }
  return concatBytes(chunks);
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  switch (code) {
    case "ENOENT":
      return "not found";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EISDIR":
      return "it is a folder";
    default:
      return "I/O error";
  }
}

function failure(code: "options/invalid" | "input/too-large", message: string): PluginError {
  return new PluginError({ code, phase: "options", message });
}
