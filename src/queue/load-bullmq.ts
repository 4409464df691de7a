import { PluginError } from "../errors.ts";

/** What BullMQ exports. */
export type Bullmq = typeof import("bullmq");

/**
 * Loads BullMQ, which the host installs itself.
 *
 * @returns Its exports.
 * @throws PluginError `options/unsupported` when it is not installed, saying how to.
 */
export async function loadBullmq(): Promise<Bullmq> {
  try {
    return await import("bullmq");
  } catch (thrown) {
    throw new PluginError({
      code: "options/unsupported",
      phase: "options",
      message:
        "A queue in Redis needs the packages bullmq and ioredis, which could not be loaded: npm install bullmq ioredis.",
      cause: thrown,
    });
  }
}
