import type { IngressDeclaration } from "../manifest/manifest.types.ts";
import type { IngressEnvelope, OutputCommandResult } from "./ingress.types.ts";
import type { OutputCommand } from "./output-command-envelope.ts";

/** What carrying out a command came to. */
export interface CommandOutcome {
  readonly status: OutputCommandResult["status"];
  /** A sentence; bounded and made inert by whoever makes the result. */
  readonly message: string;
}

/** A command that was checked: what is left is to carry it out, or to let it be. */
export type CommandStep =
  | { readonly ok: true; run(): Promise<CommandOutcome>; release?(): void }
  | { readonly ok: false; readonly reason: string };

/** What a command answers to. */
export interface CommandOccasion {
  readonly event: IngressEnvelope;
  readonly declaration: IngressDeclaration;
}

/** Checks one kind of command, authority included; nothing is done before its `run`. */
export type CommandCheck = (
  command: OutputCommand,
  occasion: CommandOccasion,
) => CommandStep | Promise<CommandStep>;

/** A rejection by a sentence without an end. */
export function rejected(reason: string): CommandStep {
  return { ok: false, reason };
}
