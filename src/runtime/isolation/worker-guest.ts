import type { Deadline } from "../../deadline.ts";
import { PluginError } from "../../errors.ts";
import type { GuestInstance, GuestReply, InstantiateContext } from "../backend.ts";
import type { GuestImage } from "./guest-image.ts";
import { type GuestMessage, readGuestMessage } from "./guest-messages.ts";
import type { OpenRequest } from "./guest-runner.ts";
import type { WorkerPort } from "./worker-port.ts";

/**
 * Opens a guest in a worker that nothing else uses.
 *
 * The worker does one thing at a time: it opens, then answers calls in their order, and after each
 * answer instantiates ahead. Every wait here ends with the answer, the deadline or the worker's end.
 *
 * @param port The worker; it is terminated when opening fails.
 * @param image The guest.
 * @param context Its limits and the deadline of the first instantiation.
 * @returns The guest, ready for its first call.
 * @throws PluginError when instantiation faults, or as the deadline says.
 */
export async function openWorkerGuest(
  port: WorkerPort,
  image: GuestImage,
  context: InstantiateContext,
): Promise<GuestInstance> {
  const guest = new WorkerGuest(port, context);
  const { limits, lifetime } = context;
  const message: OpenMessage = { type: "open", image, limits, lifetime };
  try {
    await guest.ask(message, context.deadline);
    return guest;
  } catch (error) {
    await guest.close();
    throw error;
  }
}

type OpenMessage = OpenRequest & { readonly type: "open" };

/** What waits for the worker's next answer. */
interface Waiting {
  readonly resolve: (reply: GuestReply) => void;
  readonly reject: (error: PluginError) => void;
}

class WorkerGuest implements GuestInstance {
  readonly #port: WorkerPort;
  readonly #context: InstantiateContext;
  #waiting: Waiting | undefined;
  #isAlive = true;
  /** Runs from an answer until the next instance stands ready, so that a looping start function ends. */
  #preparing: ReturnType<typeof setTimeout> | undefined;

  constructor(port: WorkerPort, context: InstantiateContext) {
    this.#port = port;
    this.#context = context;
    port.onMessage((message) => this.#receive(message));
    port.onEnd((end) =>
      this.#lose(
        end.isOutOfMemory
          ? lost("runtime/limit", "The guest's worker ran out of memory and was replaced.")
          : lost("runtime/lost", "The guest's worker ended before it answered."),
      ),
    );
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  call(
    exportName: string,
    args: readonly string[],
    { deadline }: { readonly deadline: Deadline },
  ): Promise<GuestReply> {
    return this.ask({ type: "call", exportName, args }, deadline);
  }

  async close(): Promise<void> {
    this.#lose(lost("instance/stopped", "The guest was stopped before it answered."));
  }

  /** Posts one request and waits for its answer, the deadline, or the worker's end. */
  ask(message: object, deadline: Deadline): Promise<GuestReply> {
    return new Promise((resolve, reject) => {
      if (!this.#isAlive) {
        reject(lost("runtime/lost", "The guest's worker has ended."));
        return;
      }
      this.#waiting = { resolve, reject };
      this.#port.ref();
      deadline.onEnd(() => this.#lose(deadline.error("The guest")));
      // The deadline may have ended before it was asked; then nothing is started.
      if (this.#isAlive) this.#port.post(message);
    });
  }

  #receive(raw: unknown): void {
    const message = readGuestMessage(raw, this.#context.limits);
    clearTimeout(this.#preparing);
    if (message.type === "prepared") return;
    for (const line of message.log) this.#context.onLog(line);
    this.#settle(message);
    if (this.#isAlive) this.#watchPreparation();
  }

  #settle(message: Exclude<GuestMessage, { type: "prepared" }>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#port.unref();
    if (message.type === "answer") {
      waiting?.resolve({ output: message.output, usage: {} });
      return;
    }
    if (this.#context.lifetime === "instance" || message.isFatal) this.#end();
    waiting?.reject(new PluginError({ ...message.fault, phase: "execution" }));
  }

  #watchPreparation(): void {
    if (this.#context.lifetime !== "call") return;
    this.#preparing = setTimeout(
      () => this.#lose(lost("runtime/timeout", "The guest did not start again in time.")),
      this.#context.limits.startTimeoutMs,
    );
    // A guest that is idle must not keep the process alive.
    if (typeof this.#preparing === "object") this.#preparing.unref?.();
  }

  #lose(error: PluginError): void {
    if (!this.#isAlive) return;
    this.#end();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #end(): void {
    this.#isAlive = false;
    clearTimeout(this.#preparing);
    this.#port.unref();
    this.#port.terminate();
  }
}

function lost(
  code: "runtime/lost" | "runtime/limit" | "runtime/timeout" | "instance/stopped",
  message: string,
): PluginError {
  return new PluginError({ code, phase: "execution", message });
}
