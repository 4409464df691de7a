import type { GuestInstance, InstantiateContext } from "../backend.ts";
import type { GuestImage } from "./guest-image.ts";

/** What an isolate promises about the guest inside; docs/security.md shows the table. */
export interface IsolateGuarantees {
  /** A guest that does not stop is stopped at its deadline and on abort. */
  readonly deadline: boolean;
  /** Linear memory and tables stay within their limits. */
  readonly memory: boolean;
  /** A guest that crashes its engine takes nothing else down. */
  readonly crash: boolean;
  /** Even code that escaped the guest finds no files, network or environment. */
  readonly authority: boolean;
  /** The guest can wait for host APIs while the host's own thread goes on. */
  readonly hostCalls: boolean;
}

/**
 * How a guest waits for its host: its thread by memory that it shares with the host's, or it alone,
 * suspended by its engine (JSPI), while its thread goes on.
 */
export type HostCallBridge = "shared-memory" | "jspi";

/** Where a guest runs and how it is stopped. */
export interface Isolate {
  readonly name: string;
  readonly guarantees: IsolateGuarantees;
  /** How host calls are answered; absent for an isolate that has means of its own, or none. */
  readonly hostCallBridge?: HostCallBridge | undefined;
  /**
   * Puts a guest into the isolate and instantiates it.
   *
   * @throws PluginError when instantiation fails, traps, or passes `context.deadline`.
   */
  open(image: GuestImage, context: InstantiateContext): Promise<GuestInstance>;
}
