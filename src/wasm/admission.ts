import { type Diagnostic, type ErrorCode, PluginError } from "../errors.ts";
import { artifactLimits, defaultLimits, textLimits } from "../limits.ts";
import type { AdmissionRequest, Refuse, ResolvedRequest } from "./admission.types.ts";
import { checkExports, checkRawExports } from "./admission-exports.ts";
import { checkImports, checkRawImports } from "./admission-imports.ts";
import { checkNames } from "./admission-names.ts";
import { checkAmounts, checkFeatures } from "./admission-resources.ts";
import type { AdmissionReasons, ArtifactFacts } from "./artifact.types.ts";
import { hostInterfaces, rawModules, standInInterfaces } from "./worlds.ts";

/**
 * Holds an artifact's facts against what its manifest declares and what guests may do.
 *
 * @param facts What `readArtifact` read.
 * @param request The declared runtime, the limits and the interfaces that may be imported.
 * @returns Every reason to refuse it, at most 64; empty when it is admitted. A wrong kind is the only
 *   reason when there is one, for nothing else can be told then.
 */
export function admit(facts: ArtifactFacts, request: AdmissionRequest): AdmissionReasons {
  const reasons: Diagnostic[] = [];
  const most = textLimits.diagnostics.default;
  const refuse: Refuse = (code, message) => {
    if (reasons.length < most) reasons.push(diagnostic(code, message));
  };
  const resolved: ResolvedRequest = {
    runtime: request.runtime,
    limits: request.limits,
    artifactLimits: request.artifactLimits ?? defaultLimits(artifactLimits),
    interfaces: request.interfaces ?? everyInterface,
    customInterfaces: request.customInterfaces ?? new Map(),
  };
  const { runtime } = resolved;
  if (facts.kind === "component" && runtime.kind === "wasm-component") {
    checkNames(facts, resolved, refuse);
    checkFeatures(facts, resolved, refuse);
    checkAmounts(facts, resolved, refuse);
    checkImports(facts, resolved, refuse);
    checkExports(facts, runtime.world, refuse);
  } else if (facts.kind === "module" && runtime.kind === "wasm") {
    checkNames(facts, resolved, refuse);
    checkFeatures(facts, resolved, refuse);
    checkAmounts(facts, resolved, refuse);
    checkRawImports(facts.module, resolved, refuse);
    checkRawExports(facts.module, refuse);
  } else if (facts.kind === "module") {
    refuse(
      "artifact/wrong-kind",
      "The artifact is a core WebAssembly module, and the manifest declares a component. Make a component of it, or declare the runtime kind wasm.",
    );
  } else {
    refuse(
      "artifact/wrong-kind",
      "The artifact is a component, and the manifest declares a core module. Declare the runtime kind wasm-component and its world.",
    );
  }
  return Object.freeze(reasons);
}

const everyInterface: readonly string[] = [
  ...hostInterfaces.keys(),
  ...standInInterfaces,
  ...rawModules.keys(),
];

/** A reason as an error has it: bounded and inert. */
function diagnostic(code: ErrorCode, message: string): Diagnostic {
  const { message: inert } = new PluginError({ code, phase: "inspection", message });
  return Object.freeze({ code, phase: "inspection", message: inert });
}
