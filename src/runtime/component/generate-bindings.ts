import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import { decodeUtf8 } from "../../bytes.ts";
import { boundedText } from "../../diagnostic.ts";
import { type ErrorCode, PluginError } from "../../errors.ts";
import type { WasmFeature } from "../../wasm/artifact.types.ts";
import type { HostImport } from "../../wasm/host-imports.ts";
import { provideGenerator } from "./generator-modules.ts";
import { type CheckedGlue, checkGlue } from "./glue-check.ts";

/** What the bindings generator made of a component: checked glue, and core modules as bytes. */
export interface Bindings extends CheckedGlue {
  readonly modules: ReadonlyMap<string, Uint8Array>;
  /** The interfaces that the component imports, without versions. */
  readonly imports: readonly string[];
}

/** What {@link generateBindings} is asked for. */
export interface BindingsRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly features: readonly WasmFeature[];
  readonly hostImports: readonly HostImport[];
  /** The functions that it exports, by their WIT names. */
  readonly exports: readonly string[];
  /** Whether its exports return promises and its host calls suspend it. */
  readonly isSuspending: boolean;
  readonly glueBytes: number;
  readonly generator: ReadonlyMap<string, WebAssembly.Module>;
}

const exceptionFeatures: ReadonlySet<WasmFeature> = new Set(["exceptions", "legacy-exceptions"]);

/**
 * Generates a component's bindings. It runs in a disposable isolate and at most once in it, because a
 * component can trap the generator, which is of no more use then.
 *
 * @param request The component, the bound on its glue, and the generator's own modules.
 * @returns The bindings, their glue checked.
 * @throws PluginError `artifact/malformed`, `artifact/limit` or `artifact/unsupported`.
 */
export async function generateBindings(request: BindingsRequest): Promise<Bindings> {
  provideGenerator(request.generator);
  await $init;
  const generated = runGenerator(request);
  const files = new Map(generated.files);
  const glue = files.get("guest.js");
  if (glue === undefined || glue.length > request.glueBytes) {
    refuse("artifact/limit", `it needs more than ${request.glueBytes} bytes of bindings`);
  }
  const checked = checkGlue(decodeUtf8(glue) ?? "");
  if ("refused" in checked) {
    refuse(
      "artifact/unsupported",
      `its bindings do not have the expected shape: ${checked.refused}`,
    );
  }
  const modules = new Map([...files].filter(([path]) => path.endsWith(".wasm")));
  return { ...checked, modules, imports: [...generated.imports] };
}

function runGenerator(request: BindingsRequest): ReturnType<typeof generate> {
  const { bytes, features } = request;
  try {
    return generate(bytes, {
      ...(request.isSuspending ? { asyncMode: suspendingMode(request) } : {}),
      name: "guest",
      map: [],
      instantiation: { tag: "sync" },
      noTypescript: true,
      noNodejsCompat: true,
      tlaCompat: false,
      base64Cutoff: 0,
      // With it the generator's own adapters use exceptions, which not every engine has.
      bindgenEnableWasmExnref: features.some((feature) => exceptionFeatures.has(feature)),
    });
  } catch (error) {
    // The generator's own words may quote names of the guest.
    const words = error instanceof Error ? boundedText(error.message, 240) : "it trapped";
    refuse("artifact/malformed", `it is not valid, or has no bindings: ${words}`);
  }
}

/** By name, because the generator makes nothing asynchronous that it is not told to. */
function suspendingMode({ hostImports, exports }: BindingsRequest): AsyncMode {
  const imports = hostImports.flatMap(({ interface: name, functions }) =>
    functions.map((target) => `${name}#${target}`),
  );
  return { tag: "jspi", val: { imports, exports: [...exports] } };
}

type AsyncMode = NonNullable<Parameters<typeof generate>[1]["asyncMode"]>;

function refuse(code: ErrorCode, reason: string): never {
  throw new PluginError({
    code,
    phase: "preparation",
    message: `The component was refused: ${reason}.`,
  });
}
