import { wasiError } from "./wasi-context.ts";

/** Functions of a descriptor in `wasi:filesystem/types`; no guest ever holds a descriptor. */
const descriptorMethods = [
  "readViaStream",
  "writeViaStream",
  "appendViaStream",
  "advise",
  "syncData",
  "getFlags",
  "getType",
  "setSize",
  "setTimes",
  "read",
  "write",
  "readDirectory",
  "sync",
  "createDirectoryAt",
  "stat",
  "statAt",
  "setTimesAt",
  "linkAt",
  "openAt",
  "readlinkAt",
  "removeDirectoryAt",
  "renameAt",
  "symlinkAt",
  "unlinkFileAt",
  "isSameObject",
  "metadataHash",
  "metadataHashAt",
] as const;

/** `wasi:filesystem/{preopens,types}` without a single folder. */
export function createFilesystem(): { readonly preopens: object; readonly types: object } {
  class Descriptor {}
  class DirectoryEntryStream {}
  const denied = () => wasiError("access");
  for (const name of descriptorMethods) Reflect.set(Descriptor.prototype, name, denied);
  Reflect.set(DirectoryEntryStream.prototype, "readDirectoryEntry", denied);
  return {
    preopens: { getDirectories: () => [] },
    types: { Descriptor, DirectoryEntryStream, filesystemErrorCode: () => undefined },
  };
}
