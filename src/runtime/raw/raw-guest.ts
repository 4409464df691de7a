import { decodeUtf8, encodeUtf8 } from "../../bytes.ts";
import { hostCallLimits } from "../../limits.ts";
import type { CoreImage } from "../isolation/guest-image.ts";
import {
  type GuestContext,
  type GuestExports,
  type GuestProgram,
  raiseFault,
} from "../isolation/guest-program.ts";
import { engineSuspension, type Suspension } from "../suspension.ts";
import { rawHostModules } from "./raw-host-modules.ts";
import { startExport } from "./start-function.ts";

/** What an import of `yoi:tool` answers when it can't do what it was asked. */
const refused = -1;

/**
 * Runs core modules by the ABI `yoi-plugin-wasm-1` (reference §4.4).
 *
 * The module is instantiated by the call itself, because its start function may already ask for the
 * call's input, and answer.
 *
 * @param image The compiled module.
 * @returns The program.
 */
export function loadCore(image: CoreImage): GuestProgram {
  return {
    instantiate: (context): GuestExports => ({
      call(_exportName, [toolName = "", input = ""]) {
        return new RawCall(context, image, encodeUtf8(toolName), encodeUtf8(input)).run();
      },
    }),
  };
}

type ExportedFunction = () => unknown;

function isFunction(value: unknown): value is ExportedFunction {
  return typeof value === "function";
}

/** One call: the instance, what it may read, and what it wrote. */
class RawCall {
  readonly #context: GuestContext;
  readonly #image: CoreImage;
  readonly #suspension: Suspension | undefined;
  readonly #toolName: Uint8Array;
  readonly #input: Uint8Array;
  #exports: WebAssembly.Exports | undefined;
  #output: Uint8Array | undefined;
  /** The first thing that went wrong with an output stays, whatever is written later. */
  #outputError: "malformed" | "too-large" | undefined;

  constructor(context: GuestContext, image: CoreImage, toolName: Uint8Array, input: Uint8Array) {
    this.#context = context;
    this.#image = image;
    this.#suspension = image.isSuspending ? engineSuspension() : undefined;
    this.#toolName = toolName;
    this.#input = input;
  }

  run(): string | Promise<string> {
    const { exports } = new WebAssembly.Instance(
      this.#image.module,
      this.#context.meter.extendImports(this.#imports()),
    );
    this.#exports = exports;
    const entries = [exports[startExport], exports.yoi_tool_call].filter(isFunction);
    if (this.#suspension !== undefined) return this.#runPromising(entries, this.#suspension);
    for (const entry of entries) entry();
    return this.#readOutput();
  }

  async #runPromising(
    entries: readonly ExportedFunction[],
    { promising }: Suspension,
  ): Promise<string> {
    for (const entry of entries) await promising(entry)();
    return this.#readOutput();
  }

  #readOutput(): string {
    if (this.#outputError === "too-large") {
      raiseFault(this.#context, {
        code: "output/too-large",
        message: `The guest wrote an output of more than ${this.#context.limits.outputBytes} bytes.`,
      });
    }
    if (this.#outputError === "malformed") {
      return this.#malformed("it wrote an output from outside its memory");
    }
    if (this.#output === undefined) return this.#malformed("it did not call output_write");
    return decodeUtf8(this.#output) ?? this.#malformed("its output is not valid UTF-8");
  }

  #malformed(reason: string): never {
    raiseFault(this.#context, {
      code: "output/malformed",
      message: `The guest gave no output: ${reason}.`,
    });
  }

  #imports(): WebAssembly.Imports {
    return {
      ...rawHostModules(this.#image.hostImports, {
        readText: (pointer, length) => this.#readText(pointer, length),
        writeBytes: (bytes, pointer, length) => this.#read(bytes, pointer, length),
        askHost: (question) => this.#context.askHost(question),
        ...(this.#suspension === undefined
          ? {}
          : { suspending: this.#paidSuspending(this.#suspension) }),
      }),
      "yoi:tool": {
        tool_name_len: () => this.#toolName.length,
        tool_name_read: (pointer: number, length: number) =>
          this.#read(this.#toolName, pointer, length),
        input_len: () => this.#input.length,
        input_read: (pointer: number, length: number) => this.#read(this.#input, pointer, length),
        output_write: (pointer: number, length: number) => this.#write(pointer, length),
      },
    };
  }

  #paidSuspending({ suspending }: Suspension): Suspension["suspending"] {
    return (target) =>
      suspending((...values) => {
        this.#context.meter.payHostCall();
        return target(...values);
      });
  }

  #read(source: Uint8Array, pointer: number, length: number): number {
    const target = length === source.length ? this.#memory(pointer, length) : undefined;
    if (target === undefined) return refused;
    target.set(source);
    return length;
  }

  /** A question's text; what is not there fails the whole call, as an output from nowhere does. */
  #readText(pointer: number, length: number): string | undefined {
    const bytes =
      length > hostCallLimits.questionBytes.default ? undefined : this.#memory(pointer, length);
    const text = bytes === undefined ? undefined : decodeUtf8(bytes.slice());
    if (text === undefined) this.#refuseOutput("malformed");
    return text;
  }

  #write(pointer: number, length: number): number {
    if (length > this.#context.limits.outputBytes) return this.#refuseOutput("too-large");
    const source = this.#memory(pointer, length);
    if (source === undefined) return this.#refuseOutput("malformed");
    this.#output = source.slice();
    return length;
  }

  #refuseOutput(error: "malformed" | "too-large"): number {
    this.#outputError ??= error;
    return refused;
  }

  /**
   * A range of the guest's memory, looked up anew every time: it may have grown since.
   * `undefined` when the range is not all inside.
   */
  #memory(pointer: number, length: number): Uint8Array | undefined {
    const memory = this.#exports?.memory;
    if (!(memory instanceof WebAssembly.Memory) || pointer < 0 || length < 0) return undefined;
    if (pointer + length > memory.buffer.byteLength) return undefined;
    return new Uint8Array(memory.buffer, pointer, length);
  }
}
