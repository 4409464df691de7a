import { quoteName, utf8Length } from "../../diagnostic.ts";
import { isPluginError, PluginError } from "../../errors.ts";
import type { FsOperation } from "../../grants/grants.types.ts";
import { type FsLimits, fsLimits, mergeLimits } from "../../limits.ts";
import { errorAnswer, thrownAnswer } from "../host-answer.ts";
import type { HostApi, HostApiContext, HostFunction, HostValue } from "../host-api.ts";
import type { FileSystem, Folder } from "./file-system.types.ts";
import { rootError } from "./fs-error.ts";
import { listFolder, readFile, writeFile } from "./fs-operations.ts";
import { displayPath } from "./fs-path.ts";
import { type FsRequest, readLookup, readWrite } from "./fs-request.ts";

/** What {@link createFsApi} needs. */
export interface FsApiOptions {
  /** Where granted folders are: Node's, one in memory, or the host's own. */
  readonly fileSystem: FileSystem;
  /** Numbers other than those of `fsLimits`. */
  readonly limits?: Partial<FsLimits>;
}

/** One function of the API: how its request is read, and what it does in the granted folder. */
interface Operation {
  readRequest(args: readonly HostValue[], limits: FsLimits): FsRequest;
  run(root: Folder, request: FsRequest, limits: FsLimits, signal: AbortSignal): Promise<object>;
}

const operations: Readonly<Record<FsOperation, Operation>> = {
  read: { readRequest: readLookup, run: readFile },
  list: { readRequest: readLookup, run: listFolder },
  write: { readRequest: readWrite, run: writeFile },
};

/** After these, the next folder that allows the operation is tried: this one does not have the path. */
const elsewhere: ReadonlySet<string> = new Set([
  "grant/denied",
  "grant/binding",
  "host/no-root",
  "host/not-found",
  "host/symlink",
  "host/not-a-file",
  "host/not-a-folder",
]);

/**
 * Makes the `fs` API: reading, listing and writing below folders that a host granted (reference §5.2).
 *
 * Every call is authorised anew for the folder that it is about to use. No symbolic link below a
 * granted folder is followed; what the answers say holds neither the folder's place on the host nor
 * any file's content.
 *
 * @param options The file system and its bounds.
 * @returns The API.
 * @throws PluginError `options/invalid` when a limit is.
 */
export function createFsApi(options: FsApiOptions): HostApi {
  const { fileSystem } = options;
  const limits = mergeLimits(fsLimits, options.limits, (message) => {
    throw new PluginError({ code: "options/invalid", phase: "options", message });
  });
  return Object.freeze({
    name: "fs",
    asksAuthority: true,
    interface: "yoi:host/fs@1.0.0",
    open: (context: HostApiContext) => ({
      functions: new Map(
        (["read", "list", "write"] as const).map((operation) => [
          operation,
          functionOf(operation, fileSystem, limits, context),
        ]),
      ),
      // Nothing is held between calls.
      [Symbol.asyncDispose]: async () => {},
    }),
  });
}

function functionOf(
  operation: FsOperation,
  fileSystem: FileSystem,
  limits: FsLimits,
  { authority }: HostApiContext,
): HostFunction {
  const { readRequest, run } = operations[operation];
  const inFolder = async (root: string, request: FsRequest, signal: AbortSignal) => {
    const path = request.segments.join("/");
    const target = { kind: "folder", root, operation, path } as const;
    const decision = await authority.decide({ kind: "host_api", api: "fs", target }, "host-call");
    // The authority's own words name the folder's place on the host, which is none of a guest's business.
    if (!decision.allowed) throw refusal(decision.code, operation);
    const folder = await fileSystem.openRoot(readRoot(root, limits));
    try {
      return await run(folder, request, limits, signal);
    } finally {
      await folder.close();
    }
  };

  return async (args, { signal }) => {
    const known = authority.precheck({ kind: "host_api", api: "fs" }, "host-call");
    if (!known.allowed) return errorAnswer(known.code, known.message);
    let request: FsRequest;
    try {
      request = readRequest(args, limits);
    } catch (error) {
      return thrownAnswer(error);
    }
    const folders = authority.targets().fs.filter((grant) => grant.operations.includes(operation));
    let last: unknown = refusal("grant/denied", operation);
    for (const { root } of folders) {
      try {
        return JSON.stringify(await inFolder(root, request, signal));
      } catch (error) {
        last = error;
        if (!isPluginError(error) || !elsewhere.has(error.code)) break;
      }
    }
    if (folders.length === 0) {
      // So that a policy and an audit trail hear of it too.
      const decision = await authority.decide({ kind: "host_api", api: "fs" }, "host-call");
      if (!decision.allowed) last = refusal(decision.code, operation);
    }
    return failureAnswer(last, operation, request);
  };
}

/** The parts of a root's rules that need no file system; that it is absolute is the grant's own. */
function readRoot(root: string, limits: FsLimits): string {
  const trimmed = root.trim();
  if (utf8Length(trimmed) > limits.pathBytes || trimmed.includes("\0")) throw rootError();
  return trimmed;
}

function refusal(code: PluginError["code"], operation: FsOperation): PluginError {
  return new PluginError({
    code,
    phase: "execution",
    message: `No granted folder allows ${operation} here.`,
  });
}

function failureAnswer(thrown: unknown, operation: FsOperation, { segments }: FsRequest): string {
  if (!isPluginError(thrown)) return thrownAnswer(thrown);
  const place = quoteName(displayPath(segments));
  return errorAnswer(thrown.code, `Can't ${operation} ${place}: ${thrown.message}`);
}
