import type { GuestLimits } from "../../limits.ts";
import type { GuestLogLine } from "../backend.ts";
import { loadComponent } from "../component/component-guest.ts";
import { faultOf, type GuestFault } from "../fault.ts";
import { loadCore } from "../raw/raw-guest.ts";
import type { GuestImage } from "./guest-image.ts";
import type { GuestContext, GuestExports, GuestProgram, GuestRealm } from "./guest-program.ts";

/** What a guest is opened with inside an isolate. Structured-cloneable. */
export interface OpenRequest {
  readonly image: GuestImage;
  readonly limits: GuestLimits;
  readonly lifetime: "call" | "instance";
}

/** How a call or an instantiation ended inside the isolate. Structured-cloneable. */
export type Outcome =
  | { readonly ok: true; readonly output: string; readonly log: readonly GuestLogLine[] }
  | { readonly ok: false; readonly fault: GuestFault; readonly log: readonly GuestLogLine[] };

/** A guest inside its isolate, driven one step at a time by whoever owns the isolate. */
export interface GuestRunner {
  /** Instantiates ahead of the next call. Whatever goes wrong is the outcome of that call. */
  prepare(): Outcome;
  /** Calls an export; with the lifetime `call`, on an instance that no call has seen. */
  call(exportName: string, args: readonly string[]): Outcome;
}

/**
 * Loads a guest's code into a realm.
 *
 * @param request The guest and its limits.
 * @param realm Where its glue runs.
 * @returns The runner; nothing of the guest has run yet.
 */
export async function createGuestRunner(
  request: OpenRequest,
  realm: GuestRealm,
): Promise<GuestRunner> {
  const program = await loadProgram(request.image, realm);
  let current: Instance | undefined;

  const prepare = (): Outcome => {
    current ??= instantiate(program, request.limits);
    const { context } = current;
    return context.fault === undefined
      ? { ok: true, output: "", log: [] }
      : { ok: false, fault: context.fault, log: context.takeLog() };
  };

  return {
    prepare,
    call(exportName, args) {
      const prepared = prepare();
      const instance = current;
      // A fault stays with its instance: a guest that trapped is never entered again.
      if (request.lifetime === "call") current = undefined;
      if (!prepared.ok || instance?.exports === undefined) return prepared;
      return callExport(instance.exports, instance.context, exportName, args);
    },
  };
}

interface Instance {
  readonly context: RunContext;
  /** Absent when instantiation ended in a fault. */
  readonly exports: GuestExports | undefined;
}

async function loadProgram(image: GuestImage, realm: GuestRealm): Promise<GuestProgram> {
  switch (image.format) {
    case "component":
      return loadComponent(image, realm);
    case "core":
      return loadCore(image);
  }
}

function instantiate(program: GuestProgram, limits: GuestLimits): Instance {
  const context = new RunContext(limits);
  try {
    return { context, exports: program.instantiate(context) };
  } catch (error) {
    context.fault ??= faultOf(error);
    return { context, exports: undefined };
  }
}

function callExport(
  exports: GuestExports,
  context: RunContext,
  exportName: string,
  args: readonly string[],
): Outcome {
  let output = "";
  try {
    output = exports.call(exportName, args);
  } catch (error) {
    context.fault ??= faultOf(error);
  }
  return context.fault === undefined
    ? { ok: true, output, log: context.takeLog() }
    : { ok: false, fault: context.fault, log: context.takeLog() };
}

/** The context of one instance; what the guest writes is bounded here, before it costs the host anything. */
class RunContext implements GuestContext {
  fault: GuestFault | undefined;
  readonly limits: GuestLimits;
  #lines: GuestLogLine[] = [];
  readonly #partial = new Map<"stdout" | "stderr", string>();
  #room: number;

  constructor(limits: GuestLimits) {
    this.limits = limits;
    this.#room = limits.logBytes;
  }

  log(stream: "stdout" | "stderr", text: string): void {
    // A UTF-16 unit is at most three bytes; counting units keeps a flood cheap.
    const kept = text.slice(0, Math.max(0, Math.floor(this.#room / 3)));
    if (kept === "") return;
    this.#room -= kept.length * 3;
    const lines = `${this.#partial.get(stream) ?? ""}${kept}`.split("\n");
    this.#partial.set(stream, lines.pop() ?? "");
    for (const line of lines) this.#lines.push({ stream, text: line });
  }

  /** Gives what was written since the last time; an unfinished line counts as one. */
  takeLog(): readonly GuestLogLine[] {
    const lines = this.#lines;
    for (const [stream, text] of this.#partial) if (text !== "") lines.push({ stream, text });
    this.#partial.clear();
    this.#lines = [];
    this.#room = this.limits.logBytes;
    return lines;
  }
}
