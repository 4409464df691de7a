import { quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import type { InstanceStatus, PluginInstance } from "../instance/instance.types.ts";
import { onAborted } from "../on-aborted.ts";
import type { PackageIdentity, PluginPackage } from "../package/package.types.ts";

/** Makes an instance; `createInstance` is one. */
export type OpenInstance<Options> = (
  pkg: PluginPackage,
  options: Options & { readonly signal: AbortSignal },
) => Promise<PluginInstance>;

/** The one place of a reference: an instance that is open, or on its way. */
interface Place {
  readonly plugin: PackageIdentity;
  readonly opening: Promise<PluginInstance>;
  /** Ends the opening. */
  readonly giveUp: AbortController;
  /** How many callers wait for the opening. */
  waiting: number;
  instance: PluginInstance | undefined;
}

/**
 * The instances of a host by their plugins' references: at most one for each (reference §4.6).
 *
 * Opening what is open already, or on its way, gives the same instance. One that stopped, failed for
 * good or could not be created leaves room for another. Disposing the registry stops them all.
 */
export class InstanceRegistry<Options extends { readonly signal?: AbortSignal }> {
  readonly #open: OpenInstance<Options>;
  /** By reference. */
  readonly #places = new Map<string, Place>();
  #isDisposed = false;

  constructor(open: OpenInstance<Options>) {
    this.#open = open;
  }

  /**
   * Opens a plugin, or gives the instance of the same reference and digest that is there.
   *
   * @param pkg The package.
   * @param options What `createInstance` takes; of no effect when the instance is there. The signal
   *   gives up this caller's wait, and the opening when nobody else waits for it.
   * @returns The instance.
   * @throws PluginError `registry/other-digest` while another digest of the plugin is open,
   *   `registry/disposed`, `runtime/aborted`, and whatever `createInstance` throws.
   */
  async open(pkg: PluginPackage, options?: Options): Promise<PluginInstance> {
    const signal = options?.signal;
    const { ref } = pkg.identity;
    for (;;) {
      if (this.#isDisposed) throw disposed();
      if (signal?.aborted === true) throw aborted(ref);
      const place = this.#places.get(ref);
      if (place === undefined) break;
      const { instance } = place;
      const isGivenUp = place.giveUp.signal.aborted;
      if (instance === undefined && isGivenUp) {
        // Its end was not this caller's doing: what comes next is.
        await settled(place.opening);
        this.#remove(place);
        continue;
      }
      if (instance === undefined || !(isGivenUp || hasEnded(instance))) {
        if (place.plugin.digest !== pkg.identity.digest) throw otherDigest(place.plugin, pkg);
        return instance ?? this.#wait(place, signal);
      }
      // One that is at its end is given the time to end in order.
      await instance.stop();
      this.#remove(place);
    }
    return this.#wait(this.#begin(pkg, options), signal);
  }

  /**
   * Finds an instance.
   *
   * @param ref The plugin's reference, such as `project:example.echo`.
   * @returns The instance, also one that has failed; nothing while it is being opened, and once it is stopped.
   */
  get(ref: string): PluginInstance | undefined {
    return this.#places.get(ref)?.instance;
  }

  /**
   * Tells how all of them stand.
   *
   * @returns The statuses, sorted by reference; those that are being opened have none yet.
   */
  status(): readonly InstanceStatus[] {
    const refs = [...this.#places.keys()].sort();
    return Object.freeze(refs.flatMap((ref) => this.get(ref)?.status() ?? []));
  }

  /**
   * Stops the instance of a reference, or gives up its opening, and waits for that.
   *
   * @param ref The plugin's reference.
   * @returns Whether there was one.
   */
  async stop(ref: string): Promise<boolean> {
    const place = this.#places.get(ref);
    if (place === undefined) return false;
    place.giveUp.abort();
    // Who waits for the opening is told what became of it.
    const instance = await place.opening.catch(() => undefined);
    await instance?.stop();
    this.#remove(place);
    return true;
  }

  /** Stops all of them at once; the registry can be used on. */
  async stopAll(): Promise<void> {
    await Promise.allSettled([...this.#places.keys()].map((ref) => this.stop(ref)));
  }

  /** Refuses every later opening and stops all instances. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.stopAll();
  }

  #begin(pkg: PluginPackage, options: Options | undefined): Place {
    const giveUp = new AbortController();
    // An async function, so that an opener that throws at once is like one that rejects.
    const opening = (async () => {
      const own = { ...options, signal: giveUp.signal } as Options & { signal: AbortSignal };
      return this.#open(pkg, own);
    })();
    const place: Place = {
      plugin: pkg.identity,
      opening,
      giveUp,
      waiting: 0,
      instance: undefined,
    };
    this.#places.set(pkg.identity.ref, place);
    opening.then(
      (instance) => this.#keep(place, instance),
      () => this.#remove(place),
    );
    return place;
  }

  #keep(place: Place, instance: PluginInstance): void {
    place.instance = instance;
    instance.on("state", ({ to }) => {
      if (to === "stopped") this.#remove(place);
    });
    // It may have been given up when it was there already.
    if (place.giveUp.signal.aborted) void instance.stop();
  }

  #remove(place: Place): void {
    const { ref } = place.plugin;
    if (this.#places.get(ref) === place) this.#places.delete(ref);
  }

  /** Waits for an opening as one of perhaps many; the last one who gives up ends it. */
  async #wait(place: Place, signal: AbortSignal | undefined): Promise<PluginInstance> {
    place.waiting += 1;
    let unheard: (() => void) | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      unheard = signal && onAborted(signal, () => reject(aborted(place.plugin.ref)));
    });
    try {
      return await Promise.race([place.opening, givenUp]);
    } finally {
      unheard?.();
      place.waiting -= 1;
      if (place.waiting === 0 && place.instance === undefined) place.giveUp.abort();
    }
  }
}

async function settled(work: Promise<unknown>): Promise<void> {
  await Promise.allSettled([work]);
}

/** Whether the instance takes no calls any more, now or after a restart. */
function hasEnded(instance: PluginInstance): boolean {
  const { state } = instance;
  if (state === "failed") return instance.status().restarts.nextAt === undefined;
  return state === "stopping" || state === "stopped";
}

function otherDigest(open: PackageIdentity, { identity }: PluginPackage): PluginError {
  return new PluginError({
    code: "registry/other-digest",
    phase: "registration",
    plugin: identity.ref,
    message: `Version ${quoteName(open.version)} of the plugin is open with the digest ${open.digest}; stop it before opening ${identity.digest}.`,
  });
}

function disposed(): PluginError {
  return new PluginError({
    code: "registry/disposed",
    phase: "lifecycle",
    message: "The registry of instances is disposed and opens no more.",
  });
}

function aborted(plugin: string): PluginError {
  return new PluginError({
    code: "runtime/aborted",
    phase: "lifecycle",
    plugin,
    message: "Opening the plugin was given up because the caller's signal fired.",
  });
}
