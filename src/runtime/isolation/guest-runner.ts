import type { HostQuestion } from "../../host-api/host-call.ts";
import type { WasiOptions } from "../../host-api/wasi/wasi.ts";
import type { GuestLimits } from "../../limits.ts";
import type { GuestLogLine } from "../backend.ts";
import { loadComponent } from "../component/component-guest.ts";
import { faultOf, type GuestFault } from "../fault.ts";
import { loadCore } from "../raw/raw-guest.ts";
import type { GuestImage } from "./guest-image.ts";
import { createGuestMeter, type GuestMeter, type StopCheck, stopFaults } from "./guest-meter.ts";
import {
  type GuestContext,
  type GuestExports,
  type GuestProgram,
  type GuestRealm,
  raiseFault,
} from "./guest-program.ts";

/** What a guest is opened with inside an isolate. Structured-cloneable. */
export interface OpenRequest {
  readonly image: GuestImage;
  readonly limits: GuestLimits;
  readonly lifetime: "call" | "instance";
  readonly wasi: WasiOptions | undefined;
}

/** How a call or an instantiation ended inside the isolate. Structured-cloneable. */
export type Outcome =
  | ({ readonly ok: true; readonly output: string } & OutcomeFacts)
  | ({ readonly ok: false; readonly fault: GuestFault } & OutcomeFacts);

/** What every outcome tells. */
export interface OutcomeFacts {
  readonly log: readonly GuestLogLine[];
  /** Instructions spent. */
  readonly fuel: number;
}

/** What comes of a host call: the answer, or the reason to stop. */
export type HostReply = { readonly answer: string } | { readonly stopped: "timeout" | "aborted" };

/**
 * Carries a host call out of the isolate. It waits for what comes of it, or promises that, which only a
 * guest that its engine suspends can use; it never throws and never rejects.
 */
export type AskHost = (question: HostQuestion, stop: StopCheck) => HostReply | Promise<HostReply>;

/** A guest inside its isolate, driven one step at a time by whoever owns the isolate. */
export interface GuestRunner {
  /** Instantiates ahead of the next call. Whatever goes wrong is the outcome of that call. */
  prepare(stop: StopCheck): Outcome;
  /** Calls an export; with the lifetime `call`, on an instance that no call has seen. */
  call(exportName: string, args: readonly string[], stop: StopCheck): Promise<Outcome>;
}

/**
 * Loads a guest's code into a realm.
 *
 * @param request The guest and its limits.
 * @param realm Where its glue runs.
 * @param askHost Carries its host calls.
 * @returns The runner; nothing of the guest has run yet.
 */
export async function createGuestRunner(
  request: OpenRequest,
  realm: GuestRealm,
  askHost: AskHost,
): Promise<GuestRunner> {
  const program = await loadProgram(request.image, realm);
  let current: Instance | undefined;

  const instanceFor = (stop: StopCheck): Instance => {
    current ??= new Instance(program, request, askHost);
    current.begin(stop);
    return current;
  };

  return {
    prepare: (stop) => instanceFor(stop).outcome(""),
    async call(exportName, args, stop) {
      const instance = instanceFor(stop);
      // A fault stays with its instance: a guest that trapped is never entered again.
      if (request.lifetime === "call") current = undefined;
      else instance.restart();
      return instance.outcome(await instance.call(exportName, args));
    },
  };
}

/**
 * What opening a guest comes to: one that lives on starts, one that every call enters anew does not,
 * so that whatever its start does is the outcome of a call and the isolate goes on to the next.
 */
export function openOutcome(
  runner: GuestRunner,
  lifetime: OpenRequest["lifetime"],
  stop: StopCheck,
): Outcome {
  return lifetime === "instance"
    ? runner.prepare(stop)
    : { ok: true, output: "", log: [], fuel: 0 };
}

async function loadProgram(image: GuestImage, realm: GuestRealm): Promise<GuestProgram> {
  switch (image.format) {
    case "component":
      return loadComponent(image, realm);
    case "core":
      return loadCore(image);
  }
}

/** One instance and its context; what the guest writes is bounded here, before it costs the host anything. */
class Instance implements GuestContext {
  readonly limits: GuestLimits;
  readonly wasi: WasiOptions | undefined;
  readonly meter: GuestMeter;
  #fault: GuestFault | undefined;
  /** Gives up waiting for a guest that is suspended. */
  #giveUp: () => void = () => undefined;
  readonly #program: GuestProgram;
  readonly #askHost: AskHost;
  #hostCalls = 0;
  #exports: GuestExports | undefined;
  #stop: StopCheck = () => undefined;
  #lines: GuestLogLine[] = [];
  readonly #partial = new Map<"stdout" | "stderr", string>();
  #room: number;

  constructor(program: GuestProgram, { limits, image, wasi }: OpenRequest, askHost: AskHost) {
    this.limits = limits;
    this.wasi = wasi;
    this.#program = program;
    this.#askHost = askHost;
    this.#room = limits.logBytes;
    this.meter = createGuestMeter(
      limits,
      image.declared,
      () => this.#stop(),
      () => this.fault !== undefined,
    );
  }

  get fault(): GuestFault | undefined {
    return this.#fault;
  }

  set fault(fault: GuestFault | undefined) {
    this.#fault = fault;
    this.#giveUp();
  }

  /** Names who may stop what runs next, and instantiates unless that was done ahead. */
  begin(stop: StopCheck): void {
    this.#stop = stop;
    if (this.#exports !== undefined || this.fault !== undefined) return;
    try {
      this.#exports = this.#program.instantiate(this);
    } catch (error) {
      this.#end(error);
    }
  }

  /** Gives the next call of a living instance a budget and a log of its own. */
  restart(): void {
    this.meter.begin();
    this.#hostCalls = 0;
    this.#room = this.limits.logBytes;
  }

  async call(exportName: string, args: readonly string[]): Promise<string> {
    if (this.fault !== undefined || this.#exports === undefined) return "";
    try {
      const output = this.#exports.call(exportName, args);
      return typeof output === "string" ? output : await this.#unlessFault(output);
    } catch (error) {
      this.#end(error);
      return "";
    }
  }

  /** Keeps the first reason; a guest that the meter ended has trapped, which says less. */
  #end(error: unknown): void {
    this.fault ??= this.meter.fault() ?? faultOf(error);
  }

  /** A guest that has a fault while it is suspended stays so for ever, and nobody waits for it. */
  #unlessFault(output: Promise<string>): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => reject(new Error("the guest was given up"));
      if (this.fault !== undefined) this.#giveUp();
      output.then(resolve, reject);
    });
  }

  askHost(question: HostQuestion): string | Promise<string> {
    // A guest that caught what ended it gets nothing more.
    if (this.fault !== undefined) raiseFault(this, this.fault);
    this.#hostCalls += 1;
    if (this.#hostCalls > this.limits.hostCalls) {
      raiseFault(this, {
        code: "runtime/limit",
        message: `The guest made more than ${this.limits.hostCalls} host calls.`,
      });
    }
    const asked = this.#askHost(question, this.#stop);
    if (asked instanceof Promise) return this.#promisedAnswer(asked);
    return "answer" in asked ? asked.answer : raiseFault(this, stopFaults[asked.stopped]);
  }

  #promisedAnswer(asked: Promise<HostReply>): Promise<string> {
    return new Promise((resolve) => {
      asked.then((reply) => {
        if ("stopped" in reply) this.fault ??= stopFaults[reply.stopped];
        else if (this.fault === undefined) resolve(reply.answer);
      });
    });
  }

  outcome(output: string): Outcome {
    // What a call does last may be paid for without anything asking after it.
    if (this.meter.isOverspent()) this.fault ??= this.meter.fault();
    const facts = { log: this.#takeLog(), fuel: this.meter.spent() };
    return this.fault === undefined
      ? { ok: true, output, ...facts }
      : { ok: false, fault: this.fault, ...facts };
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
  #takeLog(): readonly GuestLogLine[] {
    const lines = this.#lines;
    for (const [stream, text] of this.#partial) if (text !== "") lines.push({ stream, text });
    this.#partial.clear();
    this.#lines = [];
    return lines;
  }
}
