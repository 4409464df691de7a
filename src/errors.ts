import { boundedText } from "./diagnostic.ts";
import { textLimits } from "./limits.ts";

/** Where in a plugin's life an error or diagnostic arose, in the order in which the phases happen. */
export const phases = [
  "options",
  "build",
  "discovery",
  "manifest",
  "resolution",
  "inspection",
  "preparation",
  "registration",
  "execution",
  "lifecycle",
] as const;

/** One of {@link phases}. */
export type Phase = (typeof phases)[number];

/**
 * Every stable error code with the sentence that documents it.
 *
 * A code is `area/reason`; adding or removing one is a deliberate act that `test/structure/` pins.
 * Codes of the `host/` area are open: a host's own API may add its own.
 */
export const errorCodes = {
  "options/invalid": "The host passed an option, limit or argument that has no meaning.",
  "options/unsupported":
    "The host asked for a limit or guarantee that the chosen isolation, backend or engine can't keep.",

  "build/missing-tool": "A tool that builds guests is not installed, or can't be loaded.",
  "build/failed": "A guest's source could not be bundled or turned into a component.",

  "archive/io": "The package source could not be read.",
  "archive/missing": "A file that must be in the package is not there.",
  "archive/malformed": "The bytes are not a well-formed package archive.",
  "archive/bounds": "The package, one of its entries, or what it expands to is over a bound.",
  "archive/traversal": "An entry's path is unsafe, or an entry is a link or special file.",
  "archive/duplicate": "Two entries name the same file, also after case folding or normalisation.",
  "archive/api":
    "The archive uses a ZIP feature that packages do not: a method, zip64, several disks.",

  "manifest/malformed": "plugin.toml is not valid TOML, or a field has the wrong shape.",
  "manifest/api": "The schema version, runtime kind, ABI or world is not one this host knows.",
  "manifest/missing": "A field or a file that the manifest must name is missing.",
  "manifest/traversal": "A path in the manifest leaves the package.",
  "manifest/surface": "The declared surfaces do not fit the declared runtime.",
  "manifest/duplicate": "Two declarations of one kind have the same name.",
  "manifest/bounds": "plugin.toml is over its size or depth bound.",

  "package/digest-mismatch": "The bytes do not have the digest that was expected of them.",
  "package/version-mismatch": "The package does not have the version that was expected of it.",
  "package/missing": "No package answers to the reference.",
  "package/duplicate": "More than one package answers to the reference.",
  "package/ambiguous": "The reference does not say which source it means.",
  "package/invalid-reference": "The reference names no source, or its id is not one.",

  "store/io": "A store, a cache or one of their files could not be read or written.",
  "store/bounds": "A store, an enablement file or a plan holds more than a bound allows.",

  "artifact/missing": "The package declares no runtime, or its artifact is not there.",
  "artifact/wrong-kind":
    "The artifact is a component where a core module is declared, or the reverse.",
  "artifact/world-mismatch": "The artifact does not have the shape of the declared world.",
  "artifact/missing-export": "An export that the world or ABI needs is absent or mistyped.",
  "artifact/unknown-import": "The artifact imports something that no host interface provides.",
  "artifact/unsafe-name": "A name inside the artifact has a character that is not allowed there.",
  "artifact/limit": "The artifact declares more than a limit allows.",
  "artifact/malformed": "The artifact is not well-formed WebAssembly.",
  "artifact/unsupported": "The artifact uses a WebAssembly feature that guests may not use.",

  "grant/denied": "The manifest does not ask for it, or no grant allows it.",
  "grant/binding": "The grant is bound to another package id, version or digest.",

  "input/invalid": "The input is not JSON, or does not fit the tool's input schema.",
  "input/too-large": "The input is over its byte bound.",
  "output/malformed": "The guest's output is not UTF-8, not JSON or not of the required shape.",
  "output/too-large": "The guest's output is over its byte bound.",

  "guest/failed": "The guest itself reported an error.",

  "runtime/timeout": "The guest did not finish before its deadline and was stopped.",
  "runtime/aborted": "The caller's signal fired and the guest was stopped.",
  "runtime/trap": "The guest trapped.",
  "runtime/stack-exhausted": "The guest used up its call stack.",
  "runtime/out-of-fuel": "The guest used up its fuel.",
  "runtime/limit": "The guest ran into a limit on memory, tables, instances or host calls.",
  "runtime/lost": "The isolate that ran the guest ended before it answered.",

  "instance/stopped": "The instance is stopped and takes no calls.",
  "instance/failed": "The instance has failed and takes no calls.",
  "instance/starting": "The instance's guest is being started and takes no calls yet.",
  "instance/busy": "The instance's queue of waiting calls is full.",

  "ingress/invalid-event": "The event is not a well-formed envelope for this ingress.",
  "ingress/unavailable": "The instance does not take events for this ingress now.",
  "ingress/queue-full": "The instance's queue of waiting events is full.",
  "ingress/invalid-source": "An ingress's source is not one that its driver can serve.",
  "ingress/source-taken": "The driver serves the same source of another instance already.",

  "registry/unknown-tool": "No tool of that name is registered.",
  "registry/name-taken": "A tool of that name is registered already.",
  "registry/invalid-tool": "The tool's name, description or input schema is not valid.",
  "registry/other-digest":
    "Another digest of the same plugin is open; one reference means one package at a time.",
  "registry/disposed": "The registry is disposed.",
} as const;

/** A stable error code: one of {@link errorCodes}, or a `host/…` code of a host API. */
export type ErrorCode = keyof typeof errorCodes | `host/${string}`;

/** A finding about a package or plugin: what is wrong, in which phase, in at most 512 bytes of inert text. */
export interface Diagnostic {
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly message: string;
}

/** Small facts that go with an error: plain, inert, and never a guest's own text unbounded. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** What a {@link PluginError} is made of; also its plain form, for crossing threads and JSON. */
export interface PluginErrorInit {
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly message: string;
  /** The plugin's source-qualified reference, such as `project:example.echo`. */
  readonly plugin?: string | undefined;
  readonly details?: ErrorDetails | undefined;
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for("yoi-plugin-sdk.PluginError") as never;

/**
 * The one error class of this library.
 *
 * `code` is stable and meant for programs; `message` is inert text of at most 512 bytes for people.
 */
export class PluginError extends Error {
  override readonly name = "PluginError";
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly plugin: string | undefined;
  readonly details: ErrorDetails;
  /** Marks the class across copies of this library; see {@link isPluginError}. */
  readonly [brand] = true;

  constructor(init: PluginErrorInit) {
    super(
      boundedText(init.message, textLimits.messageBytes.default),
      init.cause === undefined ? undefined : { cause: init.cause },
    );
    this.code = init.code;
    this.phase = init.phase;
    this.plugin = init.plugin;
    this.details = Object.freeze(boundedDetails(init.details));
  }

  /** @returns The plain form, which {@link revivePluginError} turns back into an error. */
  toJSON(): PluginErrorInit {
    return {
      code: this.code,
      phase: this.phase,
      message: this.message,
      ...(this.plugin === undefined ? {} : { plugin: this.plugin }),
      details: this.details,
    };
  }
}

/**
 * Says whether a value is a {@link PluginError}, also one of another copy of this library.
 *
 * @param value Anything, typically what a `catch` received.
 * @returns Whether it carries the brand as its own property.
 */
export function isPluginError(value: unknown): value is PluginError {
  return value instanceof Error && Object.hasOwn(value, brand);
}

/**
 * Rebuilds an error from its plain form, after it crossed a thread.
 *
 * @param init What `toJSON` gave.
 * @returns An equal error with this thread's stack.
 */
export function revivePluginError(init: PluginErrorInit): PluginError {
  return new PluginError(init);
}

/**
 * Gives a finding as the error it would be if it were thrown.
 *
 * @param diagnostic The finding.
 * @param plugin The plugin's reference, when it is known.
 * @returns The error.
 */
export function diagnosticError(diagnostic: Diagnostic, plugin?: string): PluginError {
  return new PluginError({ ...diagnostic, plugin });
}

function boundedDetails(details: ErrorDetails | undefined): ErrorDetails {
  const bounded: Record<string, string | number | boolean> = Object.create(null);
  for (const [key, value] of Object.entries(details ?? {}).slice(0, 16)) {
    bounded[boundedText(key, 64)] =
      typeof value === "string" ? boundedText(value, textLimits.messageBytes.default) : value;
  }
  return bounded;
}
