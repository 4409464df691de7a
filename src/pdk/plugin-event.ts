import { isObject, type JsonValue } from "./json.ts";
import { ToolError } from "./tool-error.ts";

/**
 * An event that an ingress gets (reference §4.7): what happened, and where it came from.
 *
 * The payload is whatever its sender says; nothing but the envelope was checked.
 */
export interface PluginEvent<Payload = JsonValue> {
  /** What happened, such as `websocket_text`, `timer` or a kind of the host's own. */
  readonly kind: string;
  /** Where it came from, such as `websocket:wss://chat.example.com/room`. */
  readonly source: string;
  readonly ingress_name: string;
  readonly payload: Payload;
  /** RFC 3339. */
  readonly created_at: string;
  /** Counted from 1. */
  readonly attempt: number;
  /** The same for every attempt at one event, by which a plugin tells a repetition. */
  readonly correlation_id: string;
}

/**
 * Reads the event that a host hands over.
 *
 * @param eventJson The event's JSON.
 * @returns The event, frozen at its top.
 * @throws ToolError `invalid_input` when its envelope is not one.
 */
export function readEvent(eventJson: string): PluginEvent {
  let event: unknown;
  try {
    event = JSON.parse(eventJson);
  } catch {
    throw new ToolError("invalid_input", "The event is not JSON.");
  }
  if (!isEnvelope(event)) {
    throw new ToolError("invalid_input", "The event lacks a part of its envelope.");
  }
  return Object.freeze({ payload: null, ...event }) as unknown as PluginEvent;
}

const envelopeTexts = ["kind", "source", "ingress_name", "created_at", "correlation_id"];

function isEnvelope(event: unknown): event is { readonly [key: string]: unknown } {
  return (
    isObject(event) &&
    envelopeTexts.every((key) => typeof event[key] === "string") &&
    typeof event.attempt === "number"
  );
}
