import type {
  DeadLetter,
  IngressAttempt,
  IngressConsumer,
  IngressEnvelope,
  IngressFailure,
} from "../../src/instance/ingress.types.ts";
import { stubPackage } from "../grants/stub-package.ts";

/** An event as a queue gets it. */
export function envelope(id: string, parts: Partial<IngressEnvelope> = {}): IngressEnvelope {
  return {
    kind: "text",
    source: "test",
    ingress_name: "inbox",
    payload: null,
    created_at: "2026-11-20T00:00:00.000Z",
    attempt: 1,
    correlation_id: id,
    ...parts,
  };
}

/** What an attempt at an event came to, taken unless an error is given. */
export function attempt(event: IngressEnvelope, error?: IngressFailure): IngressAttempt {
  return {
    plugin: "project:example.echo",
    ingress: event.ingress_name,
    correlationId: event.correlation_id,
    accepted: error === undefined,
    commands: [],
    durationMs: 0,
    ...(error === undefined ? {} : { error }),
  };
}

/** A guest's own failure. */
export function guestFailure(isRetryable: boolean): IngressFailure {
  return { code: "guest/failed", message: "The plugin reported an error.", isRetryable };
}

/** A consumer that notes what it is given and tells it by what a test decides. */
export function scriptedConsumer(
  handle: (event: IngressEnvelope, signal?: AbortSignal) => Promise<IngressAttempt>,
  parts: Partial<IngressConsumer> = {},
): IngressConsumer & {
  readonly handled: readonly IngressEnvelope[];
  readonly letters: readonly DeadLetter[];
} {
  const handled: IngressEnvelope[] = [];
  const letters: DeadLetter[] = [];
  return {
    plugin: stubPackage().identity,
    capacity: 32,
    maxAttempts: 3,
    retryDelayMs: () => 1,
    handle(event, signal) {
      handled.push(event);
      return handle(event, signal);
    },
    deadLetter: (letter) => void letters.push(letter),
    ...parts,
    handled,
    letters,
  };
}

/** A promise and what settles it. */
export function gate<Value>(): {
  readonly open: (value: Value) => void;
  readonly opened: Promise<Value>;
} {
  let open: (value: Value) => void = () => {};
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
