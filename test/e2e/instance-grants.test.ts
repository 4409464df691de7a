import { describe, expect, it } from "vitest";
import {
  all,
  createInstance,
  type DriverContext,
  type GrantPolicy,
  type GrantRecord,
  grantRequested,
  type IngressDriver,
  isPluginError,
  type Permission,
  type PluginInstance,
  type PluginPackage,
  record,
  type Surface,
} from "yoi-plugin-sdk";
import { event, livingPackage } from "./instance-package.ts";

const kinds = ["service", "ingress", "tool"] as const;
type Kind = (typeof kinds)[number];
/** What one side, the manifest or the grants, says about one kind. */
const sides = ["both", "no surface", "no item", "neither"] as const;
type Side = (typeof sides)[number];

const everything = kinds.flatMap((kind) => [`surface:${kind}`, kind]);

function permissions(kind: Kind, side: Side): readonly string[] {
  const without = { both: [], "no surface": [`surface:${kind}`], "no item": [kind] };
  const left = side === "neither" ? [`surface:${kind}`, kind] : without[side];
  return everything.filter((permission) => !left.includes(permission));
}

/** A record bound to the package that grants exactly these. */
function grantsOf(pkg: PluginPackage, granted: readonly string[]): GrantRecord {
  const names = { service: "bridge", ingress: "room", tool: "run" } as const;
  const list = granted.map((permission): Permission => {
    const [kind, surface] = permission.split(":");
    return surface === undefined
      ? { kind: kind as Kind, name: names[kind as Kind] }
      : { kind: "surface", surface: surface as Surface };
  });
  return { ...grantRequested(pkg), permissions: list };
}

/** A driver that keeps what it was opened with, to feed the instance by hand. */
function handDriver() {
  const contexts: DriverContext[] = [];
  const driver: IngressDriver = {
    name: "hand",
    serves: (source) => source === "hand:1",
    open(context) {
      contexts.push(context);
      const { ingress, source } = context;
      const none = { received: 0, sent: 0, dropped: 0, sendFailures: 0, reconnects: 0 };
      return {
        status: () => ({ driver: "hand", ingress, source, state: "connected", ...none }),
        async [Symbol.asyncDispose]() {},
      };
    },
  };
  return { contexts, driver };
}

/** What can be done with an instance: by the host's tool call and event, and by its driver's event. */
async function use(instance: PluginInstance, contexts: readonly DriverContext[]) {
  const tool = await instance.callTool("run", {}).then(
    ({ error }) => error?.code ?? "ok",
    (thrown: unknown) => (isPluginError(thrown) ? thrown.code : "threw"),
  );
  const ingress = (await instance.deliverIngress("room", event())).error?.code ?? "ok";
  const [context] = contexts;
  const service =
    context === undefined
      ? "closed"
      : ((await context.deliver({ kind: "message" })).error?.code ?? "ok");
  return { tool, ingress, service };
}

/** One cell of the matrix. */
interface Cell {
  readonly kind: Kind;
  readonly requested: Side;
  readonly granted: Side | "other package";
  readonly isSelected: boolean;
}

/** What must come of a cell, before and after the kind's grant is taken back. */
function expected({ kind, requested, granted, isSelected }: Cell) {
  const isBound = granted !== "other package";
  const may = (one: Kind) =>
    one === kind ? isSelected && requested === "both" && granted === "both" : isBound;
  const exposed = kinds.filter(may);
  const denied = kinds.filter((one) => !may(one) && (one !== kind || isSelected));
  // The manifest has the first word; who it does not ask for needs no grant to be bound.
  const refusal = (one: Kind) =>
    isBound || (one === kind && requested !== "both") ? "grant/denied" : "grant/binding";
  const unused = (one: Kind, otherwise: string) =>
    denied.includes(one) ? refusal(one) : otherwise;
  // With nothing at all to do the guest is not started, so that there is nobody to take an event.
  const noEvents = exposed.length === 0 ? "ingress/unavailable" : undefined;
  const uses = (revoked: boolean) => {
    const can = (one: Kind) => exposed.includes(one) && !(revoked && one === kind);
    const lost = (one: Kind) => exposed.includes(one);
    const ingress = can("ingress")
      ? "ok"
      : lost("ingress")
        ? "grant/denied"
        : (noEvents ?? unused("ingress", "ingress/unavailable"));
    const isFed = lost("service") && lost("ingress");
    return {
      tool: can("tool")
        ? "ok"
        : lost("tool")
          ? "grant/denied"
          : unused("tool", "registry/unknown-tool"),
      ingress,
      service: isFed ? (can("service") ? ingress : "grant/denied") : "closed",
    };
  };
  return { exposed, denied, before: uses(false), after: uses(true) };
}

async function measured(pkg: PluginPackage, { kind, granted, isSelected }: Cell) {
  let isRevoked = false;
  const switchable: GrantPolicy = {
    decide: ({ action }) =>
      isRevoked && action.kind === kind
        ? { allowed: false, code: "grant/denied", message: "Taken back." }
        : { allowed: true },
  };
  const grants =
    granted === "other package"
      ? { ...grantsOf(pkg, everything), version: "9.9.9" }
      : grantsOf(pkg, permissions(kind, granted));
  const { contexts, driver } = handDriver();
  await using instance = await createInstance(pkg, {
    grants: all(record(grants), switchable),
    surfaces: kinds.filter((one) => isSelected || one !== kind),
    drivers: [driver],
    isolation: "inline",
  });
  const exposed = kinds.filter(
    (one) =>
      ({ service: instance.services, ingress: instance.ingresses, tool: instance.tools })[one]
        .length > 0,
  );
  const before = await use(instance, contexts);
  isRevoked = true;
  const after = await use(instance, contexts);
  return { exposed, denied: instance.denied.map((item) => item.kind), before, after };
}

describe("[grants/surfaces] what an instance exposes and does, for every kind and permission", () => {
  const requests = kinds.flatMap((kind) => sides.map((requested) => ({ kind, requested })));

  it.each(
    requests.map(
      (asked) =>
        [`${asked.kind}, of which the manifest asks for ${asked.requested}`, asked] as const,
    ),
  )("%s", async (_name, asked) => {
    const pkg = await livingPackage("instance-counter", {
      ingress: ["hand:1"],
      permissions: permissions(asked.kind, asked.requested),
    });
    for (const granted of [...sides, "other package"] as const) {
      for (const isSelected of [true, false]) {
        const cell: Cell = { ...asked, granted, isSelected };
        expect(await measured(pkg, cell), JSON.stringify(cell)).toEqual(expected(cell));
      }
    }
  });
});
