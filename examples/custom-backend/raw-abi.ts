import type { GuestLimits } from "yoi-plugin-sdk";
import { GuestFault } from "./guest-fault.ts";
import { type HostFunction, Machine } from "./machine.ts";
import type { Import, Program } from "./program.ts";

/** Asks the host for something; the answer is JSON. */
export type AskHost = (api: string, name: string, request: string) => Promise<string>;

/** The functions of the host modules that take a text and leave a response. */
const askingFunctions = new Set(["request", "read", "list", "write", "open"]);

const toolFunctions = new Set([
  "tool_name_len",
  "tool_name_read",
  "input_len",
  "input_read",
  "output_write",
]);

/** Whether a guest's import is there, so that one that is not is refused before anything runs. */
export function isProvided({ module, field }: Import): boolean {
  if (module === "yoi:tool") return toolFunctions.has(field);
  return askingFunctions.has(field) || field === "response_len" || field === "response_read";
}

const mostRequestBytes = 65_536;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const refused = -1;

/**
 * One call of a raw guest by the ABI `yoi-plugin-wasm-1`: its own machine, what it may read, what it
 * wrote, and the first thing that went wrong with that.
 */
export class RawCall {
  readonly machine: Machine;
  readonly #limits: GuestLimits;
  readonly #askHost: AskHost;
  readonly #toolName: Uint8Array;
  readonly #input: Uint8Array;
  readonly #responses = new Map<string, Uint8Array>();
  #output: Uint8Array | undefined;
  #outputFault: GuestFault | undefined;

  constructor(
    program: Program,
    limits: GuestLimits,
    [toolName = "", input = ""]: readonly string[],
    askHost: AskHost,
  ) {
    this.#limits = limits;
    this.#askHost = askHost;
    this.#toolName = encoder.encode(toolName);
    this.#input = encoder.encode(input);
    this.machine = new Machine(program, limits, (imported) => this.#function(imported));
  }

  /** @throws GuestFault when there is none that can be used. */
  output(): string {
    if (this.#outputFault !== undefined) throw this.#outputFault;
    if (this.#output === undefined) throw malformed("it did not call output_write");
    const text = decode(this.#output);
    if (text === undefined) throw malformed("it is not UTF-8");
    return text;
  }

  #function({ module, field }: Import): HostFunction {
    switch (`${module} ${field}`) {
      case "yoi:tool tool_name_len":
        return () => this.#toolName.length;
      case "yoi:tool tool_name_read":
        return ([at, length]) => this.#read(this.#toolName, at, length);
      case "yoi:tool input_len":
        return () => this.#input.length;
      case "yoi:tool input_read":
        return ([at, length]) => this.#read(this.#input, at, length);
      case "yoi:tool output_write":
        return ([at, length]) => this.#write(at, length);
    }
    const response = this.#responses.get(module) ?? new Uint8Array();
    if (field === "response_len") return () => response.length;
    if (field === "response_read") return ([at, length]) => this.#read(response, at, length);
    return ([at, length]) => this.#ask(module, field, at, length);
  }

  #read(source: Uint8Array, at = 0, length = 0): number {
    const target = length === source.length ? this.#range(at, length) : undefined;
    target?.set(source);
    return target === undefined ? refused : length;
  }

  #write(at = 0, length = 0): number {
    const most = this.#limits.outputBytes;
    if (length > most) {
      return this.#refuse(
        new GuestFault("output/too-large", `The guest wrote over ${most} bytes.`),
      );
    }
    const source = this.#range(at, length);
    if (source === undefined) return this.#refuse(malformed("it lies outside its memory"));
    this.#output = source.slice();
    return length;
  }

  /** What went wrong first stays, whatever is written later. */
  #refuse(fault: GuestFault): number {
    this.#outputFault ??= fault;
    return refused;
  }

  #ask(module: string, name: string, at = 0, length = 0): number | Promise<number> {
    const bytes = length > mostRequestBytes ? undefined : this.#range(at, length);
    const request = bytes && decode(bytes);
    if (request === undefined) return this.#refuse(malformed("it asked the host for nothing"));
    return this.#answer(module, name, request);
  }

  async #answer(module: string, name: string, request: string): Promise<number> {
    const answer = encoder.encode(await this.#askHost(module, name, request));
    this.#responses.set(module, answer);
    return answer.length;
  }

  /** Looked up anew every time, for memory grows. */
  #range(at: number, length: number): Uint8Array | undefined {
    const { memory } = this.machine;
    if (at < 0 || length < 0 || at + length > memory.length) return undefined;
    return memory.subarray(at, at + length);
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined; // not UTF-8
  }
}

function malformed(reason: string): GuestFault {
  return new GuestFault("output/malformed", `The guest gave no output: ${reason}.`);
}
