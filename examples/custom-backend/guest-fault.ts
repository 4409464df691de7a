import type { ErrorCode } from "yoi-plugin-sdk";

/** How a guest ends other than by an answer. */
export class GuestFault extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Ends a guest that broke a rule. */
export function trap(reason: string): never {
  throw new GuestFault("runtime/trap", `The guest trapped: ${reason}.`);
}
