import { startDeadline } from "../deadline.ts";
import { conformanceLimits, defaultLimits, type GuestLimits, guestLimits } from "../limits.ts";
import type { Artifact, GuestInstance, RuntimeBackend } from "../runtime/backend.ts";
import type { Isolate } from "../runtime/isolation/isolation.ts";
import { readArtifact } from "../wasm/artifact.ts";
import { type ConformanceRuntime, conformanceGuest } from "./conformance-guests.ts";
import type { Subject } from "./conformance-rule.ts";

/** What {@link createSubject} needs. */
export interface SubjectParts {
  readonly backend: RuntimeBackend;
  readonly isolate: Isolate;
  readonly runtime: ConformanceRuntime;
  readonly patienceMs: number;
}

/** A subject that can be cleared away when its rule was checked. */
export interface OpenSubject extends Subject, AsyncDisposable {}

/**
 * Makes what one check tries.
 *
 * @param parts The backend, and with what.
 * @returns The subject; dispose it to close the guests that were opened.
 */
export function createSubject(parts: SubjectParts): OpenSubject {
  const { backend, isolate, runtime, patienceMs } = parts;
  const { declaration, lifetime, exportName, folder } = runtime;
  const opened: GuestInstance[] = [];
  const callMs = conformanceLimits.callMs.default;
  const limitsWith = (limits: Partial<GuestLimits> = {}): GuestLimits =>
    Object.freeze({ ...defaultLimits(guestLimits), ...limits });

  const subject: OpenSubject = {
    backend,
    runtime: declaration,
    lifetime,
    patienceMs,
    artifact(behaviour, key = `conformance ${folder}/${behaviour}`): Artifact {
      const bytes = conformanceGuest(folder, behaviour);
      return { key, bytes, facts: readArtifact(bytes), runtime: declaration };
    },
    prepare: (artifact = subject.artifact("obedient"), { limits, signal } = {}) =>
      backend.prepare(artifact, { limits: limitsWith(limits), signal }),
    async open(prepared, { limits, budgetMs = callMs, signal, answer = noHostApi } = {}) {
      const ready = prepared ?? (await subject.prepare(undefined, limits && { limits }));
      using deadline = startDeadline({ budgetMs, signals: [signal] });
      const guest = await ready.instantiate({
        limits: limitsWith(limits),
        isolate,
        lifetime,
        deadline,
        hostCalls: { answer, [Symbol.asyncDispose]: async () => undefined },
        onLog: () => undefined,
      });
      opened.push(guest);
      return guest;
    },
    async call(guest, order, { name = "run", budgetMs = callMs, signal } = {}) {
      using deadline = startDeadline({ budgetMs, signals: [signal] });
      return await guest.call(exportName, [name, JSON.stringify(order)], { deadline });
    },
    async callExport(guest, name, args) {
      using deadline = startDeadline({ budgetMs: callMs });
      return await guest.call(name, args, { deadline });
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(opened.splice(0).map((guest) => guest.close()));
    },
  };
  return subject;
}

async function noHostApi(): Promise<string> {
  return '{"error":{"code":"host/unknown","message":"There is no such host API."}}';
}
