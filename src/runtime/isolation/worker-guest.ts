import type { Deadline, EndReason } from "../../deadline.ts";
import { PluginError } from "../../errors.ts";
import type { HostQuestion } from "../../host-api/host-call.ts";
import { isolationLimits } from "../../limits.ts";
import type { GuestInstance, GuestReply, InstantiateContext } from "../backend.ts";
import { faultError } from "../fault.ts";
import type { GuestImage } from "./guest-image.ts";
import {
  createStopCell,
  type GuestAnswer,
  type OwnerMessage,
  type OwnerNote,
  readGuestMessage,
  stopRequest,
} from "./guest-messages.ts";
import { type AnswerRoute, createHostBridge, type HostBridge } from "./host-bridge.ts";
import { channelRoute, createHostChannel } from "./host-channel.ts";
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
  const guest = new WorkerGuest(port, image, context);
  const { limits, lifetime, wasi, deadline } = context;
  try {
    await guest.ask({ type: "open", image, limits, lifetime, wasi, ...guest.shared }, deadline);
    return guest;
  } catch (error) {
    await guest.close();
    throw error;
  }
}

type Question = OwnerMessage extends infer Message
  ? Message extends OwnerMessage
    ? Omit<Message, "request" | "budgetMs">
    : never
  : never;

/** What waits for the worker's next answer. */
interface Waiting {
  readonly deadline: Deadline;
  /** Takes the deadline's listener back: the deadline may go on to bound the next request. */
  readonly release: () => void;
  readonly resolve: (reply: GuestReply) => void;
  readonly reject: (error: PluginError) => void;
}

class WorkerGuest implements GuestInstance {
  /** Memory shared with the guest's thread, where there is any: to stop it, and to answer it. */
  readonly shared: Pick<OwnerMessage & { readonly type: "open" }, "stopCell" | "hostChannel">;
  readonly #bridge: HostBridge | undefined;
  readonly #port: WorkerPort;
  readonly #context: InstantiateContext;
  #request = -1;
  #waiting: Waiting | undefined;
  #isAlive = true;
  /** The last rung: terminates a worker that did not stop its guest when asked. */
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(port: WorkerPort, image: GuestImage, context: InstantiateContext) {
    this.#port = port;
    this.#context = context;
    const needsHost = image.hostImports.length > 0;
    const hostChannel = needsHost && !image.isSuspending ? createHostChannel() : undefined;
    const route = hostChannel === undefined ? this.#messageRoute() : channelRoute(hostChannel);
    this.#bridge = needsHost ? createHostBridge(route, context.hostCalls) : undefined;
    this.shared = { stopCell: createStopCell(), hostChannel };
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

  /** The way of answers to a guest that its engine has suspended: its thread is free to hear them. */
  #messageRoute(): AnswerRoute {
    return {
      begin: (answer) => {
        this.#note({ type: "host-answer", request: this.#request, answer });
        return { next: () => undefined };
      },
      wake: () => undefined,
    };
  }

  #note(note: OwnerNote): void {
    this.#port.post(note);
  }

  /** Posts one request and waits for its answer, the deadline, or the worker's end. */
  ask(question: Question, deadline: Deadline): Promise<GuestReply> {
    return new Promise((resolve, reject) => {
      if (!this.#isAlive) {
        reject(lost("runtime/lost", "The guest's worker has ended."));
        return;
      }
      if (deadline.reason !== undefined) {
        reject(deadline.error("The guest"));
        return;
      }
      this.#request += 2;
      const request = this.#request;
      const release = deadline.onEnd((reason) => this.#stopGuest(reason));
      this.#waiting = { deadline, release, resolve, reject };
      this.#port.ref();
      this.#port.post({ ...question, request, budgetMs: deadline.remainingMs() });
    });
  }

  /** Asks the guest to stop, by the means that its metered code looks at, and terminates it if it does not. */
  #stopGuest(reason: EndReason): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const end = () => this.#lose(waiting.deadline.error("The guest"));
    const { stopCell, hostChannel } = this.shared;
    if (stopCell !== undefined) stopRequest(stopCell, this.#request, reason);
    const isSuspended = hostChannel === undefined && this.#bridge?.isAnswering === true;
    if (isSuspended) this.#note({ type: "stop", request: this.#request, reason });
    this.#bridge?.end();
    // Without shared memory a guest that runs knows the time but not the signal.
    if (stopCell === undefined && !isSuspended && reason === "aborted") end();
    else this.#grace = setTimeout(end, isolationLimits.stopGraceMs.default);
  }

  #receive(raw: unknown): void {
    if (!this.#isAlive) return;
    const message = readGuestMessage(raw, this.#context.limits);
    if (message.type === "host-next") this.#bridge?.next();
    if (message.type === "host-call") this.#answerHostCall(message.question);
    if (message.type === "host-next" || message.type === "host-call") return;
    clearTimeout(this.#grace);
    if (message.type === "prepared") return;
    this.#settle(message);
    if (this.#isAlive && this.#context.lifetime === "call") this.#watchPreparation();
  }

  #answerHostCall(question: HostQuestion): void {
    const deadline = this.#waiting?.deadline;
    if (deadline === undefined) return;
    const { reason } = deadline;
    if (reason === undefined) this.#bridge?.answer(question, deadline);
    // It was on its way when the guest was told to stop. Whoever waits on shared memory looks by itself.
    else this.#note({ type: "stop", request: this.#request, reason });
  }

  #settle(answer: GuestAnswer): void {
    const waiting = this.#takeWaiting();
    this.#port.unref();
    for (const line of answer.log) this.#context.onLog(line);
    if (answer.type === "answer") {
      waiting?.resolve({ output: answer.output, usage: { fuel: answer.fuel } });
      return;
    }
    if (this.#context.lifetime === "instance" || answer.isFatal) this.#end();
    waiting?.reject(faultError(answer.fault, answer.fuel, waiting.deadline));
  }

  /** The next instance's start functions run with nobody waiting; they too must come to an end. */
  #watchPreparation(): void {
    const { startTimeoutMs } = this.#context.limits;
    this.#grace = setTimeout(
      () => this.#lose(lost("runtime/timeout", "The guest did not start again in time.")),
      startTimeoutMs + isolationLimits.stopGraceMs.default,
    );
    // A guest that is idle must not keep the process alive; a browser's timers are plain numbers.
    if (typeof this.#grace === "object") this.#grace.unref();
  }

  #lose(error: PluginError): void {
    if (!this.#isAlive) return;
    this.#end();
    this.#takeWaiting()?.reject(error);
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.release();
    this.#bridge?.end();
    return waiting;
  }

  #end(): void {
    this.#isAlive = false;
    clearTimeout(this.#grace);
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
