import { fileError, requestError } from "./fs-error.ts";

/** Names that Windows takes for devices, streams or something else than they are. */
const misreadByWindows =
  /[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/iu;

const temporaryName = /^\.yoi-write-[0-9a-f]{32}$/u;

/**
 * Refuses what must never become part of a path, also when whoever calls did not look.
 *
 * @param name One segment.
 * @param platform Where the name is used.
 * @throws PluginError `host/invalid-request`, or `host/not-a-file` for what Windows takes for a device.
 */
export function requireName(name: string, platform: NodeJS.Platform = process.platform): void {
  if (name === "" || name === "." || name === ".." || /[/\\\0]/u.test(name)) {
    throw requestError("invalid-request", "A part of the path is no name.");
  }
  // Listings leave these out, so that a guest could hide a file under one.
  if (isTemporaryFileName(name)) {
    throw requestError(
      "invalid-request",
      "Names of this form are for the host's unfinished writes.",
    );
  }
  if (platform === "win32" && misreadByWindows.test(name)) throw fileError("not-a-file");
}

/** @returns A name for a file that is about to be renamed, which no guest can guess. */
export function temporaryFileName(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return `.yoi-write-${Buffer.from(random).toString("hex")}`;
}

/** @returns Whether a name is one of those, so that listings leave it out. */
export function isTemporaryFileName(name: string): boolean {
  return temporaryName.test(name);
}
