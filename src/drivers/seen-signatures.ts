import { webhookLimits } from "../limits.ts";

/** What was signed and taken already, as long as its time would be tolerated again. */
export interface SeenSignatures {
  /**
   * Remembers what was signed until a moment.
   *
   * @returns `repeated` when it is there already, `full` when nothing can be remembered: then nothing
   *   may be taken either, for nobody could tell whether it comes twice.
   */
  remember(digest: string, untilMs: number, now: number): "new" | "repeated" | "full";
  /** Forgets what the ingress did not take after all, so that its sender may try again. */
  forget(digest: string): void;
}

/** Makes an empty memory of at most `rememberedSignatures`. */
export function createSeenSignatures(): SeenSignatures {
  const seen = new Map<string, number>();
  const most = webhookLimits.rememberedSignatures.default;
  /** Those that came first are over first, or nearly so: what lies behind waits until there is no room. */
  const dropExpired = (now: number) => {
    for (const [digest, untilMs] of seen) {
      if (untilMs < now) seen.delete(digest);
      else if (seen.size < most) return;
    }
  };
  return Object.freeze({
    remember(digest: string, untilMs: number, now: number) {
      dropExpired(now);
      if (seen.has(digest)) return "repeated" as const;
      if (seen.size >= most) return "full" as const;
      seen.set(digest, untilMs);
      return "new" as const;
    },
    forget: (digest: string) => void seen.delete(digest),
  });
}
