import { fileURLToPath } from "node:url";
import { buildFailed } from "./build-tool.ts";
import { bundleGuest, type GuestBundle } from "./bundle.ts";
import { type GuestWorld, guestWorld, hostInterfaces, worldExports } from "./guest-world.ts";
import { readOwnWit } from "./own-wit.ts";
import { componentizeOnQuickjs } from "./quickjs.ts";
import { componentizeOnSpidermonkey } from "./spidermonkey.ts";

/**
 * The JavaScript engine inside a guest.
 *
 * - `quickjs`: 1 MB, starts in a millisecond; an interpreter without `Intl`.
 * - `spidermonkey`: 12 MB, more than the reference implementation takes; complete, and slow with text.
 */
export type GuestEngine = "quickjs" | "spidermonkey";

/** How to build a component. */
export interface BuildComponentOptions {
  /** The guest's TypeScript or JavaScript entry file, which exports what the world asks for. */
  readonly entry: string | URL;
  /** Default: `yoi:plugin/tool@1.0.0`. */
  readonly world?: GuestWorld;
  /** Default: `quickjs`. */
  readonly engine?: GuestEngine;
  /**
   * Whether the guest may import WASI, which a host answers with inert stand-ins: then `console`
   * writes to the host's log and clocks run as the host lets them. Without it (the default) the
   * component imports nothing but the host interfaces it uses; on QuickJS `Date.now()` then traps.
   */
  readonly wasi?: boolean;
  /**
   * The WIT of a host's own interfaces, as texts that begin with `package acme:crm@1.0.0;`. The guest
   * imports `acme:crm/contacts@1.0.0` from them; functions take strings and `u32` and give a string.
   */
  readonly wit?: readonly string[];
}

/**
 * Builds a component guest from TypeScript or JavaScript.
 *
 * The tools that do it (esbuild, and componentize-qjs or componentize-js) are not installed with this
 * package; the error for a missing one says how to get it. Two builds of the same source differ in a
 * few bytes, because a component holds a snapshot of its engine, random seed included: a digest names
 * a build. Every fresh instance starts from that snapshot, so `Math.random()` repeats itself.
 *
 * @param options What to build; `entry` is needed.
 * @returns The component's bytes. It imports exactly the host interfaces its source uses.
 * @throws PluginError `build/missing-tool`, or `build/failed` with what the tool said.
 */
export async function buildComponent(
  options: BuildComponentOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { entry, world = "yoi:plugin/tool@1.0.0", engine = "quickjs", wasi = false } = options;
  const own = readOwnWit(options.wit ?? []);
  const bundle = await bundleGuest(
    typeof entry === "string" ? entry : fileURLToPath(entry),
    new Set([...hostInterfaces.keys(), ...own.interfaces]),
  );
  checkExports(bundle, world);
  const text = await guestWorld(world, bundle.hostInterfaces, own);
  const source = { code: bundle.code, world: text, wasi };
  const component =
    engine === "quickjs"
      ? await componentizeOnQuickjs(source)
      : await componentizeOnSpidermonkey(source);
  return new Uint8Array(component);
}

/** The toolchains do not all check this, and a guest without its export only traps. */
function checkExports(bundle: GuestBundle, world: GuestWorld): void {
  const missing = worldExports[world].filter((name) => !bundle.exports.includes(name));
  if (missing.length === 0) return;
  throw buildFailed(
    "Building the component",
    `the entry does not export ${missing.join(", ")}, which ${world} needs`,
  );
}
