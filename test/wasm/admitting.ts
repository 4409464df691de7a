import { defaultLimits, type GuestLimits, guestLimits } from "../../src/limits.ts";
import { admit } from "../../src/wasm/admission.ts";
import type { AdmissionRequest } from "../../src/wasm/admission.types.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";
import { wasm } from "./wasm-text.ts";

type World = "yoi:plugin/tool@1.0.0" | "yoi:plugin/instance@1.0.0";

/** Limits of a guest, the default ones but for those given. */
export function guest(limits: Partial<GuestLimits> = {}): GuestLimits {
  return { ...defaultLimits(guestLimits), ...limits };
}

/** A request for a component, of the tool world unless said otherwise. */
export function componentRequest(
  rest: Partial<AdmissionRequest> = {},
  world: World = "yoi:plugin/tool@1.0.0",
): AdmissionRequest {
  return { runtime: { kind: "wasm-component", world }, limits: guest(), ...rest };
}

/** A request for a raw guest with the reference's limits. */
export const rawRequest: AdmissionRequest = {
  runtime: { kind: "wasm", abi: "yoi-plugin-wasm-1" },
  limits: guest({ memoryBytes: 2 * 1024 * 1024, tableElements: 256, coreInstances: 1 }),
};

/** Why a guest given as text is refused: code and message. */
export async function reasons(
  text: string,
  request = componentRequest(),
): Promise<readonly string[]> {
  const found = admit(readArtifact(await wasm(text)), request);
  return found.map(({ code, message }) => `${code}: ${message}`);
}

/** The codes of the reasons why a guest given as text is refused. */
export async function codes(
  text: string,
  request = componentRequest(),
): Promise<readonly string[]> {
  return admit(readArtifact(await wasm(text)), request).map(({ code }) => code);
}

/** A core module with functions of no, one and two strings, instantiated. */
export const machine = `
  (core module $m (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "none") (result i32) unreachable)
    (func (export "one") (param i32 i32) (result i32) unreachable)
    (func (export "two") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))`;
/** What lifting its functions takes. */
export const options = `(memory (core memory $i "memory")) (realloc (core func $i "realloc"))`;

/** A component that exports functions of strings, and has other fields besides. */
export function exporting(functions: Readonly<Record<string, string>>, fields = ""): string {
  const lifted = Object.entries(functions).map(([exported, parameters], index) => {
    const words = parameters.split(" ").filter((word) => word !== "");
    const core = ["none", "one", "two"][words.length];
    const declared = words.map((word) => `(param "${word}" string)`).join(" ");
    return `(func $f${index} ${declared} (result string) (canon lift (core func $i "${core}") ${options}))
      (export "${exported}" (func $f${index}))`;
  });
  return `(component ${fields} ${machine} ${lifted.join("\n")})`;
}

/** What the tool world has: names of functions, and of their parameters. */
export const toolExports = { call: "tool-name input-json" };
/** What the instance world has. */
export const instanceExports = {
  start: "config-json",
  "handle-tool": "name input-json",
  "handle-ingress": "name event-json",
  status: "",
  stop: "",
};
/** A tool with other fields besides. */
export const tool = (fields = ""): string => exporting(toolExports, fields);
