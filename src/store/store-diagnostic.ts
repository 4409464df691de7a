import { boundedText } from "../diagnostic.ts";
import { type ErrorCode, isPluginError, type Phase } from "../errors.ts";
import { recordLimits } from "../limits.ts";
import type { StoreDiagnostic } from "./store.types.ts";

/** What a finding is about; `undefined` parts are left out. */
export type Subject = {
  readonly [Part in "source" | "ref" | "package" | "digest"]?: StoreDiagnostic[Part] | undefined;
};

/**
 * Makes a finding, its message bounded and inert.
 *
 * @param code The stable code.
 * @param phase When it arose.
 * @param message Why, without any of a file's content.
 * @param subject What it is about.
 * @returns The finding, frozen.
 */
export function storeDiagnostic(
  code: ErrorCode,
  phase: Phase,
  message: string,
  subject: Subject = {},
): StoreDiagnostic {
  const { source, ref, package: label, digest } = subject;
  return Object.freeze({
    code,
    phase,
    ...(source === undefined ? {} : { source }),
    ...(ref === undefined ? {} : { ref }),
    ...(label === undefined ? {} : { package: label }),
    ...(digest === undefined ? {} : { digest }),
    message: boundedText(message, recordLimits.diagnosticBytes.default),
  });
}

/**
 * Turns an error about one package into a finding, so that it does not hide the others.
 *
 * @param thrown What was caught.
 * @param subject The package.
 * @returns The finding.
 * @throws What was thrown, when it is about the caller instead: a misuse, or a signal that fired.
 */
export function findingOf(thrown: unknown, subject: Subject): StoreDiagnostic {
  if (!isPluginError(thrown) || /^(?:options|runtime)\//u.test(thrown.code)) throw thrown;
  return storeDiagnostic(thrown.code, thrown.phase, thrown.message, subject);
}
