import type { Diagnostic, ErrorCode } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import type { Json } from "../json.ts";
import type { PackageIdentity } from "../package/package.types.ts";

/**
 * An event as a host or a driver hands it over: the envelope of reference §4.7, with what can be filled
 * in left out if the sender does not know better.
 */
export interface IngressEvent {
  /** What happened, such as `websocket_text`; one of the ingress's `event_kinds` if it lists any. */
  readonly kind: string;
  /** Where it came from, such as `websocket:wss://chat.example.com/room`; not blank. */
  readonly source: string;
  readonly payload?: Json;
  /** The ingress that it is for; must be the one it is delivered to. */
  readonly ingress_name?: string;
  /** RFC 3339 in UTC; the moment of delivery when absent. */
  readonly created_at?: string;
  /** Counted from 1; a queue counts on from here. */
  readonly attempt?: number;
  /** The sender's id of this event, by which a guest tells a repetition; a UUIDv7 when absent. */
  readonly correlation_id?: string;
}

/** An event as the guest gets it: checked and complete, at most 64 KiB as JSON (reference §4.7). */
export interface IngressEnvelope {
  readonly kind: string;
  readonly source: string;
  readonly ingress_name: string;
  readonly payload: Json;
  readonly created_at: string;
  readonly attempt: number;
  readonly correlation_id: string;
}

/** Options of one delivery. */
export interface DeliverOptions {
  /** Takes the event back while it waits; once the guest has it, stops the guest. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for room in a full queue; none when absent, so that a full queue refuses. */
  readonly waitMs?: number;
}

/** What became of one event. A plugin that fails gives an `error`; nothing is thrown for it. */
export interface IngressReport {
  /** The plugin's reference. */
  readonly plugin: string;
  readonly ingress: string;
  readonly correlationId: string;
  /** Whether the guest said that it took the event. */
  readonly accepted: boolean;
  /** The `data` of the guest's answer. */
  readonly output?: Json;
  /** What became of the commands in the guest's answer; never part of a tool's result. */
  readonly commands: readonly OutputCommandResult[];
  /**
   * How often it came to the front of the queue; 0 when it never did. A guest that could not be entered
   * then, or was not allowed to be, never had it: the error says so.
   */
  readonly attempts: number;
  /** Milliseconds between delivery and the guest's last turn with it, and of that turn. */
  readonly queueLatencyMs: number;
  readonly durationMs: number;
  /** Why it was refused, failed or given up; absent when the guest answered. */
  readonly error?: IngressFailure;
  readonly usage?: { readonly fuel?: number };
}

/** Why an event did not get through. */
export interface IngressFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /**
   * Whether another attempt may go better: the guest said so, never had the event, or was cut off with
   * it by a stop.
   */
  readonly isRetryable: boolean;
}

/** What became of one output command (reference §4.8). */
export interface OutputCommandResult {
  readonly correlationId?: string;
  readonly sourceEventId?: string;
  readonly commandId?: string;
  readonly kind?: string;
  readonly status: "recorded" | "rejected" | "unsupported";
  readonly message: string;
  /** RFC 3339. */
  readonly recordedAt: string;
}

/** What an ingress queue counts; a refused event was never in the queue. */
export interface IngressCounters {
  readonly enqueued: number;
  readonly dispatched: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly retried: number;
  readonly deadLettered: number;
}

/** An event that was given up after its last attempt, with the report of that attempt. */
export interface DeadLetter {
  readonly event: IngressEnvelope;
  readonly report: IngressReport;
}

/**
 * Where events wait for their guest: first come, first served, one at a time, bounded.
 *
 * The default keeps them in memory. One that keeps them elsewhere gives at-least-once delivery: an
 * event may come again after a host's crash, with the same `correlation_id`.
 */
export interface IngressQueue {
  /** Begins to serve one instance. */
  open(consumer: IngressConsumer): IngressQueueSession | Promise<IngressQueueSession>;
}

/** The instance behind a queue. */
export interface IngressConsumer {
  readonly plugin: PackageIdentity;
  /** The most events that wait. */
  readonly capacity: number;
  /** The most times that the guest is given one event. */
  readonly maxAttempts: number;
  /** Milliseconds before the next attempt at an event, the last one's number given. */
  retryDelayMs(attempt: number): number;
  /**
   * Gives the guest one event and waits for what becomes of it; the queue calls it for one event at a
   * time. It never rejects, and waits while the guest is being restarted.
   */
  handle(event: IngressEnvelope, signal?: AbortSignal): Promise<IngressAttempt>;
  /** Told of an event that was given up, before its delivery settles. */
  deadLetter(letter: DeadLetter): void;
}

/** What one attempt came to: the report without what only the queue knows. */
export type IngressAttempt = Omit<IngressReport, "attempts" | "queueLatencyMs">;

/** A queue in use by one instance. */
export interface IngressQueueSession {
  /** How many events wait, the one that the guest has not counted. */
  readonly depth: number;
  /**
   * Puts an event at the end and waits for what becomes of it.
   *
   * @returns The report; `ingress/queue-full` as its error when there was no room in time.
   */
  deliver(event: IngressEnvelope, options: DeliverOptions): Promise<IngressReport>;
  readonly counters: Pick<IngressCounters, "enqueued" | "retried" | "deadLettered">;
  /**
   * Takes no more events. What waits in memory is reported with the error, each event as a dead letter;
   * what waits elsewhere stays there for the next instance.
   */
  close(error: { readonly code: ErrorCode; readonly message: string }): Promise<void>;
}

/**
 * What feeds an ingress from one kind of source, owned by the host: connections, timers, webhooks.
 *
 * A guest never holds what a driver opened; it only gets events and asks by output commands.
 */
export interface IngressDriver {
  /** Names the driver in status and diagnostics. */
  readonly name: string;
  /** Whether it serves a source as the manifest declares it, such as `timer:PT1M`. */
  serves(source: string): boolean;
  /**
   * Begins to serve one source of one ingress; what goes wrong later shows in its status.
   *
   * @throws PluginError when the source has no meaning or is not granted; the instance reports it as a
   *   diagnostic and goes on without the source.
   */
  open(context: DriverContext): DriverSession | Promise<DriverSession>;
}

/** What a driver is given for one source. */
export interface DriverContext {
  readonly plugin: PackageIdentity;
  readonly ingress: string;
  readonly source: string;
  /** The kinds of event that the ingress lists, empty for any; absent when nobody said. */
  readonly eventKinds?: readonly string[];
  /** Asks whether a URL may be reached now in the plugin's name, by the `websocket` or `request` permission. */
  readonly authority: Authority;
  /** Delivers an event to the ingress; see {@link IngressReport}. It never rejects. */
  deliver(
    event: Omit<IngressEvent, "source" | "ingress_name">,
    options?: DeliverOptions,
  ): Promise<IngressReport>;
  /** Says what a host should know; bounded and made inert by the instance. */
  report(diagnostic: Diagnostic): void;
  /** Fires when the instance stops; the session is disposed after that. */
  readonly signal: AbortSignal;
}

/** A driver at work on one source. */
export interface DriverSession extends AsyncDisposable {
  status(): DriverStatus;
  /**
   * Sends text over the connection that it owns to this URL, for `websocket_send` (reference §4.8).
   *
   * @returns Nothing when the connection is not to this URL; else whether it was sent, and why not.
   */
  send?(
    url: string,
    text: string,
  ): Promise<{ readonly sent: boolean; readonly message: string }> | undefined;
}

/** How one source stands. */
export interface DriverStatus {
  readonly driver: string;
  readonly ingress: string;
  /** As declared, without a query. */
  readonly source: string;
  readonly state: "connecting" | "connected" | "waiting" | "closed" | "failed";
  readonly received: number;
  readonly sent: number;
  /** Events that the ingress did not take. */
  readonly dropped: number;
  readonly sendFailures: number;
  readonly reconnects: number;
  /** RFC 3339. */
  readonly lastEventAt?: string;
  readonly nextAttemptAt?: string;
  readonly lastError?: string;
}
