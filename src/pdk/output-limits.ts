/**
 * What a guest's answer may hold, in UTF-8 bytes (reference §6).
 *
 * A guest carries no host code, so these stand here and not in the host's `limits.ts`; a test holds
 * the two together.
 */

/** The whole answer as JSON. What a host refuses beyond it. */
export const maxOutputBytes = 65_536;

/** The summary, before JSON escapes it. */
export const maxSummaryBytes = 1024;

/** The content, before JSON escapes it; leaves room for the summary and the JSON around both. */
export const maxContentBytes = 60_416;

/** An error's message, before JSON escapes it. */
export const maxErrorMessageBytes = 4096;

/** How deep an error's details may nest; far below the depth at which hosts stop reading JSON. */
export const maxDetailLevels = 16;

/** How deep data, a status or a command's payload may nest: half of what hosts read, envelopes included. */
export const maxDataLevels = 32;

/** The commands in the answer to one event. */
export const maxCommands = 16;

/** The payload of one command as JSON, in UTF-8 bytes. */
export const maxCommandPayloadBytes = 16_384;

/** Each of a command's ids, in UTF-8 bytes. */
export const maxCommandIdBytes = 128;
