import { utf8Length } from "../../diagnostic.ts";
import type { HostValue } from "../../host-api/host-api.ts";
import { createWasi } from "../../host-api/wasi/wasi.ts";
import { hostCallLimits } from "../../limits.ts";
import { faultOf, type GuestFault } from "../fault.ts";
import type { ComponentImage } from "../isolation/guest-image.ts";
import {
  type GuestContext,
  type GuestExports,
  type GuestProgram,
  type GuestRealm,
  raiseFault,
} from "../isolation/guest-program.ts";

type Instantiate = (
  getCoreModule: (path: string) => WebAssembly.Module,
  imports: object,
  instantiateCore: (
    module: WebAssembly.Module,
    imports?: WebAssembly.Imports,
  ) => WebAssembly.Instance,
) => Readonly<Record<string, unknown>>;

/**
 * Loads a component's checked glue into a realm.
 *
 * @param image The glue and the compiled modules.
 * @param realm Where the glue runs; it gets the language's own globals and the stand-ins below.
 * @returns The program; instances share its compiled code and nothing else.
 */
export async function loadComponent(
  image: ComponentImage,
  realm: GuestRealm,
): Promise<GuestProgram> {
  const run = await realm.compile(image.script, image.globals);
  return {
    instantiate(context) {
      const instantiate = run(providedGlobals(context, image.isSuspending)) as Instantiate;
      const exports = instantiate(
        (path) => moduleAt(image, path),
        {
          ...createWasi(
            image.imports,
            {
              log: (stream, text) => context.log(stream, text),
              stop: (fault) => raiseFault(context, fault),
            },
            context.wasi,
          ),
          ...hostInterfaces(image, context),
        },
        (module, imports) => new WebAssembly.Instance(module, context.meter.extendImports(imports)),
      );
      return componentExports(exports, context, image.isSuspending);
    },
  };
}

/** The host interfaces as the glue names them: without a version, functions in camel case. */
function hostInterfaces(
  { hostImports, isSuspending }: ComponentImage,
  context: GuestContext,
): Readonly<Record<string, object>> {
  return Object.fromEntries(
    hostImports.map(({ interface: name, functions }) => [
      name.split("@")[0] ?? name,
      Object.fromEntries(
        functions.map((target) => [
          camelCase(target),
          (...args: HostValue[]) => {
            if (isSuspending) context.meter.payHostCall();
            return context.askHost({ interface: name, function: target, args });
          },
        ]),
      ),
    ]),
  );
}

function componentExports(
  exports: Readonly<Record<string, unknown>>,
  context: GuestContext,
  isSuspending: boolean,
): GuestExports {
  const read = (output: unknown) => readOutput(output, context);
  return {
    call(exportName, args) {
      const name = camelCase(exportName);
      const target = Object.hasOwn(exports, name) ? exports[name] : undefined;
      if (typeof target !== "function") {
        raiseFault(context, {
          code: "artifact/unsupported",
          message: `The guest has no function ${exportName}.`,
        });
      }
      // The glue's promise is its own realm's.
      return isSuspending ? Promise.resolve(target(...args)).then(read) : read(target(...args));
    },
  };
}

function readOutput(output: unknown, context: GuestContext): string {
  const { outputBytes } = context.limits;
  if (typeof output === "string" && utf8Length(output) > outputBytes) {
    raiseFault(context, tooLarge(utf8Length(output), outputBytes));
  }
  if (typeof output !== "string") {
    raiseFault(context, {
      code: "output/malformed",
      message: "The guest's answer is not a string.",
    });
  }
  return output;
}

function moduleAt(image: ComponentImage, path: string): WebAssembly.Module {
  const module = image.modules.get(path);
  if (module === undefined) throw new Error("the glue asked for a module that is not there");
  return module;
}

/** `handle-tool` → `handleTool`, as the bindings generator names exports. */
function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase());
}

/**
 * What the glue gets in place of a host's globals.
 *
 * `TextDecoder` is strict, because the glue's own would turn invalid UTF-8 into U+FFFD, and bounded,
 * because the length it is asked to decode is the guest's word. Timers and the console are inert:
 * only asynchronous components would need them, and admission refuses those. What waits for the host
 * begins in a microtask.
 */
function providedGlobals(
  context: GuestContext,
  isSuspending: boolean,
): ReadonlyMap<string, unknown> {
  const nothing = () => undefined;
  return new Map<string, unknown>([
    ["WebAssembly", WebAssembly],
    ["globalThis", Object.freeze(Object.assign(Object.create(null), { WebAssembly }))],
    ["TextEncoder", TextEncoder],
    ["TextDecoder", strictTextDecoder(context)],
    ["console", Object.freeze({ debug: nothing, error: nothing, log: nothing, warn: nothing })],
    ["setTimeout", nothing],
    ["clearTimeout", nothing],
    ["setInterval", nothing],
    ["clearInterval", nothing],
    ["queueMicrotask", isSuspending ? soonIn(context) : nothing],
  ]);
}

/** Makes microtasks of the glue. What goes wrong in one ends the guest; the host's thread hears nothing of it. */
function soonIn(context: GuestContext): (task: () => unknown) => void {
  return (task) => {
    Promise.resolve()
      .then(task)
      .catch((error) => {
        context.fault ??= faultOf(error);
      });
  };
}

/** The glue decodes what a guest answers and what it asks the host with the same decoder. */
function decodedBytes({ limits }: GuestContext): number {
  return Math.max(limits.outputBytes, hostCallLimits.questionBytes.default);
}

function strictTextDecoder(
  context: GuestContext,
): new (
  label?: string,
) => { decode(bytes: Uint8Array): string } {
  return class StrictTextDecoder {
    readonly #decoder: TextDecoder;

    constructor(label = "utf-8") {
      this.#decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
    }

    decode(bytes: Uint8Array): string {
      const most = decodedBytes(context);
      if (bytes.byteLength > most) raiseFault(context, tooLarge(bytes.byteLength, most));
      try {
        return this.#decoder.decode(bytes);
      } catch {
        raiseFault(context, {
          code: "output/malformed",
          message: "The guest gave text that is not valid UTF-8.",
        });
      }
    }
  };
}

function tooLarge(bytes: number, most: number): GuestFault {
  return {
    code: "output/too-large",
    message: `The guest gave ${bytes} bytes where at most ${most} are allowed.`,
  };
}
