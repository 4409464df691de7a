import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import { decodeUtf8 } from "../../bytes.ts";
import { boundedText } from "../../diagnostic.ts";
import type { ErrorCode } from "../../errors.ts";
import { provideGenerator } from "./generator-modules.ts";
import { checkGlue } from "./glue-check.ts";
import type { TranspileAnswer, TranspileRequest } from "./transpile.ts";

/**
 * Turns a component into checked glue and compiled modules, inside a disposable isolate.
 *
 * @param request The component, admitted and clamped.
 * @returns The image, or why there is none; it never throws for what a component does.
 */
export async function serveTranspile(request: TranspileRequest): Promise<TranspileAnswer> {
  provideGenerator(request.generator);
  await $init;
  try {
    return transpile(request);
  } catch (error) {
    return refusal(
      "artifact/malformed",
      `The component is not valid, or its bindings can't be generated: ${reasonOf(error)}`,
    );
  }
}

function transpile(request: TranspileRequest): TranspileAnswer {
  const generated = generate(request.component, {
    name: "guest",
    map: [],
    instantiation: { tag: "sync" },
    noTypescript: true,
    noNodejsCompat: true,
    tlaCompat: false,
    base64Cutoff: 0,
  });
  const files = new Map(generated.files);
  const glue = files.get("guest.js");
  if (glue === undefined || glue.length > request.glueBytes) {
    return refusal(
      "artifact/limit",
      `The component needs more than ${request.glueBytes} bytes of bindings.`,
    );
  }
  const checked = checkGlue(decodeUtf8(glue) ?? "");
  if ("refused" in checked) {
    return refusal(
      "artifact/unsupported",
      `The component's bindings were refused: ${checked.refused}.`,
    );
  }
  const modules = new Map<string, WebAssembly.Module>();
  for (const [path, bytes] of files) {
    if (path.endsWith(".wasm")) modules.set(path, new WebAssembly.Module(new Uint8Array(bytes)));
  }
  return {
    ok: true,
    image: { format: "component", ...checked, modules, imports: [...generated.imports] },
  };
}

function refusal(code: ErrorCode, message: string): TranspileAnswer {
  return { ok: false, code, message };
}

/** The generator's or the engine's own words; they may quote names of the guest, so they are made inert. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? boundedText(error.message, 240) : "the generator trapped.";
}
