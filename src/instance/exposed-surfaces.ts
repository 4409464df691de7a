import { PluginError } from "../errors.ts";
import type { Action, Authority } from "../grants/grants.types.ts";
import type { IngressDeclaration, Surface } from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { type ExposedTools, exposeTools } from "./exposed-tools.ts";
import type { DeniedItem, InstanceIngress, InstanceService } from "./instance.types.ts";

/** What of a package an instance offers: what is selected, asked for and granted. */
export interface Exposed {
  readonly surfaces: ReadonlySet<Surface>;
  readonly services: readonly InstanceService[];
  /** By name. */
  readonly ingresses: ReadonlyMap<string, IngressDeclaration>;
  readonly tools: ExposedTools;
  /** What is selected and asked for in vain. */
  readonly denied: readonly DeniedItem[];
}

/**
 * Registers services, ingresses and tools, each by a grant of its own (reference §4.2).
 *
 * What is refused keeps nothing else from being exposed. A surface that is not selected is not asked
 * about: it exposes nothing and blocks nothing.
 *
 * @param pkg The package.
 * @param surfaces The selected surfaces.
 * @param authority Asked about each item.
 * @returns What is exposed, and the refusals.
 * @throws PluginError `manifest/duplicate` when two tools have one name.
 */
export async function exposeSurfaces(
  pkg: PluginPackage,
  surfaces: ReadonlySet<Surface>,
  authority: Authority,
): Promise<Exposed> {
  const declared = pkg.manifest;
  const services: InstanceService[] = [];
  const ingresses = new Map<string, IngressDeclaration>();
  const denied: DeniedItem[] = [];
  for (const { name, description } of surfaces.has("service") ? declared.services : []) {
    const refusal = await refusalOf(authority, "service", name);
    if (refusal === undefined) services.push(Object.freeze({ name, description }));
    else denied.push(refusal);
  }
  for (const declaration of surfaces.has("ingress") ? declared.ingresses : []) {
    const refusal = await refusalOf(authority, "ingress", declaration.name);
    if (refusal === undefined) ingresses.set(declaration.name, declaration);
    else denied.push(refusal);
  }
  const tools = await exposeTools(pkg, surfaces, authority);
  denied.push(...tools.denied);
  return { surfaces, services: Object.freeze(services), ingresses, tools, denied };
}

/** Whether there is anything that a guest would be started for. */
export function isAnythingExposed({ services, ingresses, tools }: Exposed): boolean {
  return services.length + ingresses.size + tools.tools.size > 0;
}

/** An instance's view of its ingresses, frozen. */
export function ingressViews({ ingresses }: Exposed): readonly InstanceIngress[] {
  return Object.freeze(
    [...ingresses.values()].map(({ name, description, event_kinds, sources }) =>
      Object.freeze({
        name,
        description,
        event_kinds: Object.freeze([...event_kinds]),
        sources: Object.freeze([...sources]),
      }),
    ),
  );
}

/** What a guest is there for, as the authority is asked about it. */
export function exposedActions(exposed: Exposed): readonly Action[] {
  return [
    ...serviceActions(exposed),
    ...[...exposed.ingresses.keys()].map((name) => ({ kind: "ingress", name }) as const),
    ...[...exposed.tools.tools.values()].map(
      ({ tool: { name, externalWrite } }) => ({ kind: "tool", name, externalWrite }) as const,
    ),
  ];
}

/** The services among them. */
export function serviceActions({ services }: Exposed): readonly Action[] {
  return services.map(({ name }) => ({ kind: "service", name }) as const);
}

/**
 * Asks whether one of some things is still granted, which is enough to go on for.
 *
 * @param actions What was granted at registration.
 * @param authority Asked about each, until one is allowed.
 * @returns The first refusal when none is.
 */
export async function refusalOfAll(
  actions: readonly Action[],
  authority: Authority,
): Promise<PluginError | undefined> {
  let refusal: PluginError | undefined;
  for (const action of actions) {
    const decision = await authority.decide(action, "execution");
    if (decision.allowed) return undefined;
    const { code, message } = decision;
    const plugin = authority.plugin.ref;
    refusal ??= new PluginError({ code, phase: "lifecycle", plugin, message });
  }
  return refusal;
}

async function refusalOf(
  authority: Authority,
  kind: "service" | "ingress",
  name: string,
): Promise<DeniedItem | undefined> {
  const decision = await authority.decide({ kind, name }, "registration");
  if (decision.allowed) return undefined;
  const { code, message } = decision;
  const diagnostic = Object.freeze({ code, phase: "registration", message } as const);
  return Object.freeze({ kind, name, diagnostic });
}
