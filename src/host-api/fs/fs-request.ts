import { encodeUtf8 } from "../../bytes.ts";
import { isWellFormedText, quoteName, utf8Length } from "../../diagnostic.ts";
import { isJsonObject, type Json, parseJson } from "../../json.ts";
import type { FsLimits } from "../../limits.ts";
import type { HostValue } from "../host-api.ts";
import { requestError } from "./fs-error.ts";
import { readPath } from "./fs-path.ts";

/** What a guest asks for, read and within its bounds. */
export interface FsRequest {
  /** The path below the root; none for the root itself. */
  readonly segments: readonly string[];
  /** For a write: the bytes of the file. */
  readonly content?: Uint8Array;
}

/** JSON writes a byte as six characters at the most (`\u0000`). */
const widestEscape = 6;

/**
 * Reads the request of `read` and `list`: `{path}`, nothing else (reference §5.2).
 *
 * @param args The function's arguments.
 * @param limits What bounds it.
 * @returns The request.
 * @throws PluginError `host/invalid-request` or `host/too-large`.
 */
export function readLookup(args: readonly HostValue[], limits: FsLimits): FsRequest {
  const fields = readFields(args, ["path"], limits.descriptorBytes);
  return { segments: readPath(fields.path, limits.pathBytes) };
}

/**
 * Reads the request of `write`: `{path, content}`, nothing else (reference §5.2).
 *
 * @param args The function's arguments.
 * @param limits What bounds it; the descriptor's own bound leaves room for a content in full.
 * @returns The request.
 * @throws PluginError `host/invalid-request` or `host/too-large`.
 */
export function readWrite(args: readonly HostValue[], limits: FsLimits): FsRequest {
  const maxBytes = limits.descriptorBytes + widestEscape * limits.writeBytes;
  const { path, content } = readFields(args, ["path", "content"], maxBytes);
  const segments = readPath(path, limits.pathBytes);
  const size = utf8Length(content);
  if (size > limits.writeBytes) {
    throw requestError(
      "too-large",
      `The content has ${size} bytes and at most ${limits.writeBytes} are allowed; nothing was written.`,
    );
  }
  if (!isWellFormedText(content)) {
    throw requestError("invalid-request", "The content is not valid Unicode; nothing was written.");
  }
  return { segments, content: encodeUtf8(content) };
}

function readFields<const Name extends string>(
  args: readonly HostValue[],
  names: readonly Name[],
  maxBytes: number,
): Readonly<Record<Name, string>> {
  const [text, ...others] = args;
  if (typeof text !== "string" || others.length > 0) {
    throw requestError("invalid-request", "The function takes one argument, a string of JSON.");
  }
  const parsed = parseJson(text, maxBytes);
  if (!parsed.ok) {
    throw requestError(
      parsed.isTooLarge ? "too-large" : "invalid-request",
      `The request can't be read: ${parsed.reason}.`,
    );
  }
  if (!isJsonObject(parsed.value)) {
    throw requestError("invalid-request", "The request is not a JSON object.");
  }
  const fields = new Map<string, Json>(Object.entries(parsed.value));
  const unknown = [...fields.keys()].find((key) => !(names as readonly string[]).includes(key));
  if (unknown !== undefined) {
    throw requestError("invalid-request", `The request has the unknown key ${quoteName(unknown)}.`);
  }
  const read: Partial<Record<Name, string>> = Object.create(null);
  for (const name of names) {
    const value = fields.get(name);
    if (typeof value !== "string") {
      throw requestError("invalid-request", `The request needs ${name}, a string.`);
    }
    read[name] = value;
  }
  return read as Record<Name, string>;
}
