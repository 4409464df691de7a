import { type Deadline, startDeadline } from "../deadline.ts";
import { isPluginError, PluginError } from "../errors.ts";
import type { Json } from "../json.ts";
import type { GuestLimits } from "../limits.ts";
import type { GuestInstance, GuestReply, PreparedGuest } from "../runtime/backend.ts";
import type { SlotContext } from "./guest-slot.ts";
import { callRefusal, type Lifecycle } from "./lifecycle.ts";
import { type LifecycleExport, readLifecycleOutput } from "./lifecycle-output.ts";
import type { Restarts } from "./restarts.ts";
import { settledWithin } from "./timing.ts";
import type { Turns } from "./turn.ts";

/** What a guest's life is made of. */
export interface GuestLifeParts {
  readonly plugin: string;
  readonly limits: GuestLimits;
  readonly prepared: PreparedGuest;
  readonly context: SlotContext;
  /** JSON, for the guest's `start`. */
  readonly config: string;
  readonly lifecycle: Lifecycle;
  readonly turns: Turns;
  readonly restarts: Restarts;
  /** Fires when whatever the guest does is to end, because the instance stops. */
  readonly stopping: AbortSignal;
  /** Asked before a restart whether the guest may still run; gives the reason why not. */
  mayRestart(): Promise<PluginError | undefined>;
  /** Told what the guest says of itself. */
  onComponent(status: Json): void;
  /** Told why the guest is of no more use, and what comes next. */
  onFault(error: PluginError, next: ReturnType<Restarts["plan"]>): void;
}

/**
 * The one guest of an instance whose guest lives on: started, entered, given up, started again.
 *
 * A guest that trapped, ran out of a limit, was stopped in a call or gave an answer that can't be
 * believed is never entered again (decisions "After a trap or timeout"). Everything that enters it
 * has a turn of the instance, so that no two calls are ever in it and none can re-enter it.
 */
export class GuestLife {
  readonly #parts: GuestLifeParts;
  #guest: GuestInstance | undefined;
  /** Those who wait for the guest to be started again, or for the end. */
  readonly #waiting = new Set<() => void>();

  constructor(parts: GuestLifeParts) {
    this.#parts = parts;
  }

  /** Whether the guest is being started again, or will be. */
  get isRecovering(): boolean {
    return this.#parts.restarts.isDue || this.#parts.lifecycle.state === "starting";
  }

  /**
   * Opens the guest and has it start, within `startTimeoutMs`.
   *
   * @param signal Gives it up.
   * @throws PluginError of the phase `lifecycle`; the guest is closed by then, and the state `failed`.
   */
  async start(signal?: AbortSignal): Promise<void> {
    const { lifecycle, turns, plugin } = this.#parts;
    lifecycle.move("starting");
    try {
      await turns.run(() => this.#open(signal), signal, "kept");
    } catch (thrown) {
      lifecycle.move("failed");
      throw lifecycleError(thrown, plugin);
    }
  }

  /**
   * Calls an export of the running guest. Whoever calls it has the turn.
   *
   * @throws PluginError why the guest can't be entered, or what the call ended in; a fault is the
   *   guest's last.
   */
  async enter(
    exportName: string,
    args: readonly string[],
    deadline: Deadline,
  ): Promise<GuestReply> {
    const guest = this.#guest;
    // One that ended between two calls is none of this call's doing, and never had it.
    if (guest?.isAlive === false) this.fail(lostWhileIdle(this.#parts.plugin));
    const refusal = this.refusal();
    if (refusal !== undefined) throw refusal;
    try {
      if (guest === undefined) throw new Error("a running instance has no guest");
      return await guest.call(exportName, args, { deadline });
    } catch (thrown) {
      const error = isPluginError(thrown) ? thrown : unexpected(this.#parts.plugin);
      // A call that ended before the guest was entered leaves it as it was.
      if (guest?.isAlive !== true || error !== thrown) this.fail(error);
      throw error;
    }
  }

  /**
   * Asks the running guest for its status. Whoever calls it has the turn; an answer that is no good
   * fails the instance.
   *
   * @throws PluginError as {@link GuestLife.enter} does, or for what the answer says.
   */
  async refresh(): Promise<void> {
    const { limits, stopping, plugin, onComponent } = this.#parts;
    using deadline = startDeadline({ budgetMs: limits.startTimeoutMs, signals: [stopping] });
    const { output } = await this.enter("status", [], deadline);
    try {
      onComponent(readLifecycleOutput("status", output, limits, plugin));
    } catch (thrown) {
      this.fail(lifecycleError(thrown, plugin));
      throw thrown;
    }
  }

  /** Gives the guest up: it is closed, the instance fails, and a restart is planned if there is one. */
  fail(error: PluginError): void {
    const { lifecycle, restarts, onFault } = this.#parts;
    void this.close();
    // A guest that falls while its instance stops takes nothing with it that is not ending anyway.
    if (lifecycle.state === "stopping" || !lifecycle.move("failed")) return;
    onFault(
      error,
      restarts.plan(error, () => void this.#restart()),
    );
    this.#wake();
  }

  /**
   * Waits while the guest is being started again.
   *
   * @param signal Gives up waiting.
   * @returns Why the guest can't be entered, or `undefined` when it runs.
   */
  async recovered(signal?: AbortSignal): Promise<PluginError | undefined> {
    while (this.isRecovering && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#waiting.delete(done);
          signal?.removeEventListener("abort", done);
          resolve();
        };
        this.#waiting.add(done);
        signal?.addEventListener("abort", done, { once: true });
      });
    }
    return this.refusal();
  }

  /** Why the guest can't be entered now, if it can't. */
  refusal(): PluginError | undefined {
    return callRefusal(this.#parts.lifecycle.state, this.#parts.plugin);
  }

  /**
   * Tells a guest that runs to stop, and believes its answer; then closes it. No turn is taken: by now
   * nobody else gets one.
   *
   * @param isIdle Whether nobody is in the guest; one that is stuck is closed without being asked.
   * @returns Why the guest failed to stop, or `undefined`.
   */
  async stop(isIdle: boolean): Promise<PluginError | undefined> {
    const guest = this.#guest;
    const { plugin, limits, onComponent } = this.#parts;
    try {
      if (!isIdle) throw stuck(plugin);
      if (guest?.isAlive === true) {
        const said = this.#step(guest, "stop", []);
        // Its own deadline is long over by then, for a backend that keeps one.
        if (!(await settledWithin(said, 2 * limits.startTimeoutMs))) throw stuck(plugin);
        onComponent(await said);
      }
      return undefined;
    } catch (thrown) {
      return lifecycleError(thrown, plugin);
    } finally {
      await this.close();
    }
  }

  /** No restart comes any more; whoever waits for one hears of it. */
  giveUp(): void {
    this.#parts.restarts.cancel();
    this.#wake();
  }

  /** Ends the guest, if there is one, without asking it. */
  async close(): Promise<void> {
    const guest = this.#guest;
    this.#guest = undefined;
    if (guest === undefined) return;
    // A backend that can't close a guest has told nobody what else could be done about it.
    await settledWithin((async () => guest.close())(), this.#parts.limits.startTimeoutMs);
  }

  async #restart(): Promise<void> {
    const { lifecycle, turns, plugin, mayRestart } = this.#parts;
    if (!lifecycle.move("starting")) return;
    try {
      const refusal = await mayRestart();
      if (refusal !== undefined) throw refusal;
      await turns.run(() => this.#open(), undefined, "kept");
    } catch (thrown) {
      this.fail(lifecycleError(thrown, plugin));
    }
    this.#wake();
  }

  async #open(signal?: AbortSignal): Promise<void> {
    const { prepared, context, config, limits, lifecycle, restarts, stopping, onComponent } =
      this.#parts;
    using deadline = startDeadline({
      budgetMs: limits.startTimeoutMs,
      signals: [signal, stopping],
    });
    const guest = await prepared.instantiate({ ...context, deadline });
    // From here on it is closed with the instance, whatever happens meanwhile.
    this.#guest = guest;
    try {
      onComponent(await this.#step(guest, "start", [config], deadline));
      if (!lifecycle.move("running")) throw this.refusal();
      restarts.running();
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
  }

  /** Has the guest take one step of its life, within `startTimeoutMs` unless there is a deadline already. */
  async #step(
    guest: GuestInstance,
    step: LifecycleExport,
    args: readonly string[],
    within?: Deadline,
  ): Promise<Json> {
    const { limits, plugin } = this.#parts;
    using own = startDeadline({ budgetMs: limits.startTimeoutMs });
    const { output } = await guest.call(step, args, { deadline: within ?? own });
    return readLifecycleOutput(step, output, limits, plugin);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/**
 * Gives what a step of a guest's life ended in as an error of the phase `lifecycle`.
 *
 * @param thrown Anything.
 * @param plugin The plugin's reference.
 * @returns The error.
 */
function lifecycleError(thrown: unknown, plugin: string): PluginError {
  const error = isPluginError(thrown) ? thrown : unexpected(plugin);
  const { code, message, details } = error;
  return new PluginError({
    code,
    phase: "lifecycle",
    plugin,
    message,
    details,
    cause: error.cause,
  });
}

function lostWhileIdle(plugin: string): PluginError {
  return new PluginError({
    code: "runtime/lost",
    phase: "lifecycle",
    plugin,
    message: "The guest's isolate ended while nobody was calling it.",
  });
}

function stuck(plugin: string): PluginError {
  return new PluginError({
    code: "runtime/timeout",
    phase: "lifecycle",
    plugin,
    message:
      "The guest's backend did not end its call, so that the guest was closed in the middle.",
  });
}

function unexpected(plugin: string): PluginError {
  return new PluginError({
    code: "instance/failed",
    phase: "lifecycle",
    plugin,
    message: "The guest failed in an unexpected way.",
  });
}
