import type { Diagnostic } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import type { HostApi } from "../host-api/host-api.ts";
import type { Json } from "../json.ts";
import type { IngressDeclaration } from "../manifest/manifest.types.ts";
import type {
  DeliverOptions,
  IngressEnvelope,
  IngressEvent,
  IngressReport,
  OutputCommandResult,
} from "./ingress.types.ts";

/** What output commands act on. */
export interface OutputCommandPorts {
  readonly authority: Authority;
  /** The `request` API; `host_request_dispatch` is unsupported without it. */
  readonly requestApi?: HostApi | undefined;
  /**
   * Sends text over the connection that a driver of the host owns to this URL.
   *
   * @returns Nothing when there is no such connection.
   */
  send(
    url: string,
    text: string,
  ): Promise<{ readonly sent: boolean; readonly message: string }> | undefined;
  /** Takes the guest's status of itself, frozen. */
  setStatus(status: Json): void;
  /** Delivers the result of a request to the ingress whose event asked for it; it never rejects. */
  deliver(ingress: string, event: IngressEvent, options: DeliverOptions): Promise<IngressReport>;
  /** Told of a result that could not be delivered, which nobody waits for. */
  report(diagnostic: Diagnostic): void;
  /** Fires when the instance stops: what is in flight is ended. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Carries out the output commands of one instance (reference §4.8). */
export interface OutputCommands extends AsyncDisposable {
  /** How many requests run, or have a result that waits to be taken. */
  readonly inFlight: number;
  /**
   * Checks the commands in a guest's answer and carries them out in their order. When one is
   * rejected none is carried out, and only the rejected ones are reported.
   *
   * @param raw The answer's `output_commands`; `undefined` when it has none.
   * @param event The event that was answered.
   * @param declaration The ingress that it came to.
   * @returns What became of each; frozen. It never rejects.
   */
  run(
    raw: Json | undefined,
    event: IngressEnvelope,
    declaration: IngressDeclaration,
  ): Promise<readonly OutputCommandResult[]>;
}
