import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { expect } from "vitest";
import {
  createInstance,
  grantRequested,
  type IngressEvent,
  type InstanceOptions,
  loadPackage,
  type PluginInstance,
  type PluginPackage,
} from "yoi-plugin-sdk";
import { type InstanceSteps, instanceGuest } from "../../fixtures/guests/instance-guest.ts";
import { guestBytes } from "./guest-package.ts";

/** What a package of the instance world declares: one of each unless left out. */
export interface Declares {
  readonly id?: string;
  readonly version?: string;
  readonly tool?: boolean;
  readonly service?: boolean;
  /** The sources of the ingress `room`, or whether there is one. */
  readonly ingress?: boolean | readonly string[];
  readonly eventKinds?: readonly string[];
  /** Which permissions are asked for; all that fit when absent. */
  readonly permissions?: readonly string[];
}

/** A manifest with the tool `run`, the service `bridge` and the ingress `room`, all asked for. */
export function instanceManifest(declares: Declares = {}): string {
  const { id = "test.living", version = "1.0.0", tool = true, service = true } = declares;
  const { ingress = true, eventKinds = [] } = declares;
  const sources = Array.isArray(ingress) ? (ingress as readonly string[]) : [];
  const parts = [
    ...(tool ? [["tool", toolDeclaration] as const] : []),
    ...(service ? [["service", serviceDeclaration] as const] : []),
    ...(ingress === false ? [] : [["ingress", ingressDeclaration(sources, eventKinds)] as const]),
  ];
  const asked = declares.permissions ?? parts.flatMap(([kind]) => [`surface:${kind}`, kind]);
  return [
    `schema_version = 1\nid = "${id}"\nname = "Living"\nversion = "${version}"`,
    '[runtime]\nkind = "wasm-component"\ncomponent = "guest.wasm"\nworld = "yoi:plugin/instance@1.0.0"',
    ...parts.map(([, declaration]) => declaration),
    ...asked.map(permission),
  ].join("\n\n");
}

const toolDeclaration =
  '[[tools]]\nname = "run"\ndescription = "Runs."\ninput_schema = { type = "object" }';
const serviceDeclaration =
  '[[services]]\nname = "bridge"\ndescription = "Bridges."\nlifecycle = "host-managed"';

function ingressDeclaration(sources: readonly string[], kinds: readonly string[]): string {
  return `[[ingresses]]\nname = "room"\ndescription = "A room."\nsources = ${JSON.stringify(sources)}\nevent_kinds = ${JSON.stringify(kinds)}`;
}

const names: Readonly<Record<string, string>> = { tool: "run", service: "bridge", ingress: "room" };

function permission(asked: string): string {
  const [kind = "", surface = ""] = asked.split(":");
  return kind === "surface"
    ? `[[permissions]]\nkind = "surface"\nsurface = "${surface}"`
    : `[[permissions]]\nkind = "${kind}"\nname = "${names[kind]}"`;
}

/** A package of a fixture guest by its name, of one described here, or of other bytes. */
export async function livingPackage(
  guest: string | InstanceSteps | Uint8Array,
  declares: Declares = {},
): Promise<PluginPackage> {
  const artifact =
    typeof guest === "string"
      ? await guestBytes(guest)
      : guest instanceof Uint8Array
        ? guest
        : await parse(instanceGuest(guest));
  return loadPackage({ "plugin.toml": instanceManifest(declares), "guest.wasm": artifact });
}

/** An instance of such a package with everything granted that it asks for. */
export async function livingInstance(
  guest: string | InstanceSteps,
  options: InstanceOptions = {},
  declares: Declares = {},
): Promise<PluginInstance> {
  const pkg = await livingPackage(guest, declares);
  return createInstance(pkg, { grants: grantRequested(pkg), ...options });
}

/** An event for the ingress `room`. */
export function event(payload: IngressEvent["payload"] = null): IngressEvent {
  return { kind: "message", source: "test", ...(payload === null ? {} : { payload }) };
}

/** Waits for an announcement of an instance for which the condition holds. */
export function announced<Name extends "state" | "restart" | "ingress" | "deadLetter" | "call">(
  instance: PluginInstance,
  name: Name,
  holds: (event: never) => boolean = () => true,
): Promise<unknown> {
  return new Promise((resolve) => {
    const off = instance.on(name, (event) => {
      if (!holds(event as never)) return;
      off();
      resolve(event);
    });
  });
}

/** Text that a host can print anywhere. */
export function expectInert(message: string): void {
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(512);
  expect(message).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
}
