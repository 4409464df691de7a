import { boundedText, redactText, secretNames, utf8Length } from "../../diagnostic.ts";
import { fsLimits } from "../../limits.ts";
import { requestError } from "./fs-error.ts";

/**
 * Reads a path that a guest wrote (reference §5.2).
 *
 * Empty and `.` segments mean nothing and go; nothing else is repaired. What one platform takes for
 * a separator or a drive is refused on all, so that a path means the same everywhere.
 *
 * @param path The path.
 * @param maxBytes The most UTF-8 bytes.
 * @returns Its segments; none for the granted folder itself.
 * @throws PluginError `host/invalid-request` or `host/too-large`.
 */
export function readPath(path: string, maxBytes: number): readonly string[] {
  // A UTF-16 unit takes a byte or more, so an endless text is never counted whole.
  if (path.length > maxBytes || utf8Length(path) > maxBytes) {
    throw requestError("too-large", `The path has more than the ${maxBytes} bytes allowed.`);
  }
  const problem = pathProblem(path);
  if (problem !== undefined) throw requestError("invalid-request", `The path ${problem}.`);
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function pathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (/\p{Cc}/u.test(path)) return "holds a NUL or another control character";
  if (/\p{Surrogate}/u.test(path)) return "is not valid Unicode";
  if (path.includes("\\")) return "holds a backslash; folders are separated by /";
  if (path.startsWith("/") || /^[A-Za-z]:(?:\/|$)/u.test(path)) {
    return "is absolute; paths are relative to the granted folder";
  }
  if (path.split("/").includes("..")) return "has the segment .., which would leave the folder";
  return undefined;
}

/**
 * Shows a path in a response or a message: relative, redacted, bounded (reference §5.2, §5.4).
 *
 * @param segments The segments of a path that was read.
 * @returns Inert text of at most 160 bytes; `.` for the granted folder itself.
 */
export function displayPath(segments: readonly string[]): string {
  const path = segments.length === 0 ? "." : segments.join("/");
  const redacted = redactText(path.replace(spacedSecret, "$1$2<redacted>"));
  return boundedText(redacted, fsLimits.displayPathBytes.default);
}

// In a file's name a value may follow its name after a space alone.
const spacedSecret = new RegExp(`(${secretNames.join("|")})([\\s=:]+)[^\\r\\n]+`, "giu");
