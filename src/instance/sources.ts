import { boundedText, quoteName, redactText } from "../diagnostic.ts";
import { type Diagnostic, isPluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import { instanceLimits, textLimits } from "../limits.ts";
import type { Exposed } from "./exposed-surfaces.ts";
import type { DriverSession, DriverStatus, IngressDriver } from "./ingress.types.ts";
import type { DeliverIngress } from "./ingress-intake.ts";
import { settledWithin } from "./timing.ts";

/** What feeding the ingresses of an instance needs. */
export interface SourceParts {
  readonly authority: Authority;
  readonly exposed: Exposed;
  /** In the order of preference. */
  readonly drivers: readonly IngressDriver[];
  /** Milliseconds that a driver may take to begin, or to end. */
  readonly patienceMs: number;
  readonly deliver: DeliverIngress;
  onDiagnostic(diagnostic: Diagnostic): void;
}

/** The declared sources of an instance that drivers of the host serve (reference §4.9). */
export interface Sources extends AsyncDisposable {
  /** Opens them; what fails is a diagnostic and keeps no other from being opened. */
  open(): Promise<void>;
  statuses(): readonly DriverStatus[];
  /** Sends text over the first connection to this URL, if there is one. */
  send(
    url: string,
    text: string,
  ): Promise<{ readonly sent: boolean; readonly message: string }> | undefined;
}

/** One declared source and the driver that serves it. */
interface Source {
  readonly ingress: string;
  readonly source: string;
  readonly eventKinds: readonly string[];
  readonly driver: IngressDriver;
}

/**
 * Makes the sources of one instance, none open yet.
 *
 * A source needs both surfaces and a service that is exposed, as someone must answer for what it
 * costs; one that no driver serves is left to the host. They stay open while the guest is restarted,
 * and are asked about their grants by the drivers, and here with every event.
 *
 * @param parts What they need.
 * @returns The sources; dispose them before the guest is stopped.
 */
export function createSources(parts: SourceParts): Sources {
  const { authority, patienceMs } = parts;
  const ending = new AbortController();
  const open: DriverSession[] = [];

  const report = ({ code, phase, message }: Diagnostic) => {
    const bounded = boundedText(redactText(message), textLimits.messageBytes.default);
    parts.onDiagnostic(Object.freeze({ code, phase, message: bounded }));
  };

  const openOne = async ({ ingress, source, eventKinds, driver }: Source): Promise<void> => {
    // An async function, so that a driver that throws at once is like one that rejects.
    const opening = (async () =>
      driver.open({
        plugin: authority.plugin,
        ingress,
        source,
        eventKinds,
        authority,
        signal: ending.signal,
        report,
        async deliver(event, options) {
          const labelled = { ...event, source, ingress_name: ingress };
          return parts.deliver(ingress, labelled, options, "driver");
        },
      }))();
    // One that comes late, or after the end, is closed as soon as it is there.
    let isAwaited = true;
    const kept = opening.then((session) => {
      if (isAwaited && !ending.signal.aborted) open.push(session);
      else return session[Symbol.asyncDispose]();
    });
    isAwaited = await settledWithin(kept, patienceMs);
    if (!isAwaited) throw new Error(`it took longer than ${patienceMs} ms`);
    await kept;
  };

  return {
    async open() {
      const { found, beyond } = chooseSources(parts);
      await Promise.all(
        found.map((source) =>
          openOne(source).catch((thrown) => report(openFailure(source, thrown))),
        ),
      );
      if (beyond > 0) report(tooMany(beyond));
    },
    statuses: () => Object.freeze(open.map(statusOf).filter((status) => status !== undefined)),
    send(url, text) {
      for (const session of open) {
        const sending = session.send?.(url, text);
        if (sending !== undefined) return sending;
      }
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      const closing = open.map(async (session) => session[Symbol.asyncDispose]());
      await settledWithin(Promise.allSettled(closing), patienceMs);
    },
  };
}

/** Every source of an exposed ingress that somebody serves, as far as an instance may have them. */
function chooseSources({ drivers, exposed }: SourceParts): {
  readonly found: readonly Source[];
  readonly beyond: number;
} {
  if (exposed.services.length === 0) return { found: [], beyond: 0 };
  const served = [...exposed.ingresses.values()].flatMap(
    ({ name: ingress, sources, event_kinds: eventKinds }) =>
      sources.flatMap((source) => {
        const driver = drivers.find((candidate) => mayServe(candidate, source));
        return driver === undefined ? [] : [{ ingress, source, eventKinds, driver }];
      }),
  );
  const most = instanceLimits.sources.default;
  return { found: served.slice(0, most), beyond: Math.max(0, served.length - most) };
}

/** A driver of the host's own that throws when it is asked would not do better when it is opened. */
function mayServe(driver: IngressDriver, source: string): boolean {
  try {
    return driver.serves(source);
  } catch {
    return false;
  }
}

/** A driver of the host's own may throw; a status must not. */
function statusOf(session: DriverSession): DriverStatus | undefined {
  try {
    return Object.freeze({ ...session.status() });
  } catch {
    return undefined;
  }
}

function openFailure({ driver, source }: Source, thrown: unknown): Diagnostic {
  const subject = `The source ${quoteName(redactText(source))} could not be opened by the driver ${quoteName(driver.name)}`;
  return isPluginError(thrown)
    ? { code: thrown.code, phase: "lifecycle", message: `${subject}: ${thrown.message}` }
    : { code: "ingress/unavailable", phase: "lifecycle", message: `${subject}.` };
}

function tooMany(beyond: number): Diagnostic {
  const most = instanceLimits.sources.default;
  return {
    code: "ingress/unavailable",
    phase: "lifecycle",
    message: `The package declares ${beyond} sources more than the ${most} that one instance may have; they are not opened.`,
  };
}
