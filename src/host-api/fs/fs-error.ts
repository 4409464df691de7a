import { PluginError } from "../../errors.ts";

/** The reasons for which the `fs` API refuses or fails: the part of the code after `host/`. */
export type FsReason =
  | "invalid-request"
  | "too-large"
  | "no-root"
  | "not-found"
  | "symlink"
  | "not-a-file"
  | "not-a-folder"
  | "no-access"
  | "no-space"
  | "changed"
  | "io";

/** What is said about each reason that a file system can give. */
const sentences = {
  "not-found": "There is no such file or folder.",
  symlink: "A part of the path is a symbolic link, and links are never followed.",
  "not-a-file": "It is not a regular file.",
  "not-a-folder": "A part of the path that must be a folder is none.",
  "no-access": "The host has no access to it.",
  "no-space": "There is no space left to write it.",
  changed: "It was replaced while it was being used; try again.",
  io: "The file system failed.",
  "no-root": "The granted folder can't be used: it is missing, no folder, or a link.",
} as const satisfies Partial<Record<FsReason, string>>;

/**
 * Makes the error of a request that is not well-formed or over a bound.
 *
 * @param reason Which of the two.
 * @param message Why, for the guest's author; never a file's content nor a path of the host.
 * @returns The error.
 */
export function requestError(
  reason: "invalid-request" | "too-large",
  message: string,
): PluginError {
  return new PluginError({ code: `host/${reason}`, phase: "execution", message });
}

/**
 * Makes the error of something in a file system.
 *
 * @param reason What is the matter.
 * @returns The error; its message names no path.
 */
export function fileError(reason: keyof typeof sentences): PluginError {
  return new PluginError({
    code: `host/${reason}`,
    phase: "execution",
    message: sentences[reason],
  });
}

/** @returns The error of a granted root that can't be used; it does not say where the root is. */
export function rootError(): PluginError {
  return fileError("no-root");
}

/**
 * Stops an operation whose call has ended.
 *
 * @throws PluginError `runtime/aborted` when the signal has fired.
 */
export function stopIfEnded(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new PluginError({
    code: "runtime/aborted",
    phase: "execution",
    message: "The guest's call ended before the file operation did.",
  });
}
