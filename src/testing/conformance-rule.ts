import type { HostCalls } from "../host-api/host-call.ts";
import type { GuestLimits } from "../limits.ts";
import type { RuntimeDeclaration } from "../manifest/manifest.types.ts";
import type {
  Artifact,
  GuestInstance,
  GuestReply,
  PreparedGuest,
  RuntimeBackend,
} from "../runtime/backend.ts";
import type { IsolateGuarantees } from "../runtime/isolation/isolation.ts";
import type { GuestBehaviour } from "./conformance-guests.ts";

/** One thing that every runtime backend has to keep. */
export interface ConformanceRule {
  /** Stable, for skips: `bounds/memory`. */
  readonly name: `${string}/${string}`;
  /** The rule as a fact. */
  readonly promise: string;
  /** The lifetime that it is about; both when absent. */
  readonly lifetime?: "call" | "instance";
  /** The guarantee of an isolate without which `createInstance` lets it never come to that. */
  readonly needs?: keyof IsolateGuarantees;
  /** The limit that it is about: a backend that says it can't keep that is spared the rule. */
  readonly limit?: keyof GuestLimits;
  /** @returns When the rule is kept; otherwise it rejects with what was expected and what happened. */
  check(subject: Subject): Promise<void>;
}

/** What the kit's guest is told to do; see fixtures/conformance/guest-text.ts. */
export type Order =
  | { readonly do: "count" | "deepen" | "fill" | "garble" | "hoard" | "loop" }
  | { readonly do: "echo"; readonly text: string }
  | { readonly do: "name" | "slots" | "trap" }
  | { readonly do: "output"; readonly bytes: number }
  /** Of the asking guest: asks the host once, or without end. */
  | { readonly do: "ask" | "beg"; readonly text: string };

/** How a call of the kit is made. */
export interface SubjectCall {
  /** The tool's name, `run` unless given. */
  readonly name?: string;
  /** Milliseconds until the deadline. */
  readonly budgetMs?: number;
  readonly signal?: AbortSignal;
}

/** What a rule tries: a backend with one runtime in one isolate. */
export interface Subject {
  readonly backend: RuntimeBackend;
  readonly runtime: RuntimeDeclaration;
  /** How its guests live. */
  readonly lifetime: "call" | "instance";
  /** Milliseconds that a settled deadline may be overdrawn by. */
  readonly patienceMs: number;
  /** One of the kit's guests, under its own key unless another is given. */
  artifact(behaviour: GuestBehaviour, key?: string): Artifact;
  /** Prepares a guest under the kit's limits with these on top. */
  prepare(artifact?: Artifact, options?: PrepareOptions): Promise<PreparedGuest>;
  /** Opens a guest; it is closed when the rule was checked. */
  open(prepared?: PreparedGuest, options?: OpenOptions): Promise<GuestInstance>;
  /** Tells a guest to do something. */
  call(guest: GuestInstance, order: Order, call?: SubjectCall): Promise<GuestReply>;
  /** Calls an export of the world by its name. */
  callExport(
    guest: GuestInstance,
    exportName: string,
    args: readonly string[],
  ): Promise<GuestReply>;
}

/** How a guest is prepared. */
export interface PrepareOptions {
  readonly limits?: Partial<GuestLimits>;
  readonly signal?: AbortSignal;
}

/** How a guest is opened. */
export interface OpenOptions extends SubjectCall {
  readonly limits?: Partial<GuestLimits>;
  /** Who answers its host calls. */
  readonly answer?: HostCalls["answer"];
}
