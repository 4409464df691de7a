import { coverRange, isUrlApi, permissionLabel, type UrlRange, urlRange } from "../grants/plan.ts";
import type { Json } from "../json.ts";
import type { InspectedTarget, InspectedTool, Inspection } from "./report.types.ts";

/** What one version has and another has not. */
export interface ListChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What changed about a tool, service or ingress that both versions have. */
export interface ItemChange {
  readonly name: string;
  /** The fields that changed, by their names in the report. */
  readonly fields: readonly string[];
}

/** Things of one kind, by name. */
export interface ItemChanges extends ListChange {
  readonly changed: readonly ItemChange[];
}

/** What a new version asks for and does otherwise; plain JSON. */
export interface InspectionDiff {
  readonly from: DiffSide;
  readonly to: DiffSide;
  /** Whether the two are the same bytes. */
  readonly isSame: boolean;
  /**
   * Whether the new version asks for what the old one did not, so that its grants are worth another
   * look: a permission, surface, import, wider target, tool, or a tool that now writes outside.
   */
  readonly asksForMore: boolean;
  readonly permissions: ListChange;
  readonly surfaces: ListChange;
  /** Manifest targets; a new one that the old ones cover together is not counted as more. */
  readonly targets: ListChange & { readonly wider: readonly string[] };
  /** The artifact's imports, as its bytes have them. */
  readonly imports: ListChange;
  readonly tools: ItemChanges & {
    /** Tools that now write outside and did not. */
    readonly nowWriting: readonly string[];
  };
  readonly services: ItemChanges;
  readonly ingresses: ItemChanges;
  /** The declared runtime when it changed: `wasm-component/yoi:plugin/tool@1.0.0`, or `none`. */
  readonly runtime: { readonly from: string; readonly to: string } | null;
}

/** One of the two packages. */
export interface DiffSide {
  readonly ref: string | null;
  readonly version: string | null;
  readonly digest: string | null;
}

/**
 * Compares two inspections: what the new version asks for that the old one did not.
 *
 * @param before The report of the old version.
 * @param after The report of the new version.
 * @returns The differences, frozen. It does not matter with which grants the reports were made, but
 *   with the same surfaces.
 */
export function diffInspections(before: Inspection, after: Inspection): InspectionDiff {
  const permissions = listChange(labelsOf(before), labelsOf(after));
  const surfaces = listChange(namesOf(before.surfaces), namesOf(after.surfaces));
  const imports = listChange(before.runtime?.imports ?? [], after.runtime?.imports ?? []);
  const targets = targetChange(before, after);
  const tools = {
    ...itemChanges(before.tools, after.tools, ["description", "inputSchema", "externalWrite"]),
    nowWriting: nowWriting(before.tools, after.tools),
  };
  const services = itemChanges(before.services, after.services, [
    "description",
    "lifecycle",
    "sideEffects",
  ]);
  const ingresses = itemChanges(before.ingresses, after.ingresses, [
    "description",
    "eventKinds",
    "sources",
    "sideEffects",
  ]);
  const more = [
    permissions.added,
    surfaces.added,
    imports.added,
    targets.wider,
    tools.added,
    tools.nowWriting,
    services.added,
    ingresses.added,
    ingresses.changed.filter(({ fields }) => fields.includes("sources")),
  ];
  const [from, to] = [sideOf(before), sideOf(after)];
  const kinds = [before.runtime?.status ?? "none", after.runtime?.status ?? "none"] as const;
  return Object.freeze({
    from,
    to,
    isSame: from.digest !== null && from.digest === to.digest && from.ref === to.ref,
    asksForMore: more.some((list) => list.length > 0),
    permissions,
    surfaces,
    targets,
    imports,
    tools: Object.freeze(tools),
    services,
    ingresses,
    runtime: kinds[0] === kinds[1] ? null : Object.freeze({ from: kinds[0], to: kinds[1] }),
  });
}

function sideOf({ package: { ref, version, digest } }: Inspection): DiffSide {
  return Object.freeze({ ref, version, digest });
}

function labelsOf({ permissions }: Inspection): readonly string[] {
  return permissions.map(permissionLabel);
}

function namesOf(items: readonly { readonly name: string }[]): readonly string[] {
  return items.map(({ name }) => name);
}

function listChange(before: readonly string[], after: readonly string[]): ListChange {
  const [old, now] = [new Set(before), new Set(after)];
  return Object.freeze({
    added: Object.freeze([...now].filter((each) => !old.has(each)).sort()),
    removed: Object.freeze([...old].filter((each) => !now.has(each)).sort()),
  });
}

/** Compares items by name; of several with one name, the package's own mistake, the last counts. */
function itemChanges<Item extends { readonly name: string }>(
  before: readonly Item[],
  after: readonly Item[],
  fields: readonly (keyof Item & string)[],
): ItemChanges {
  const old = new Map(before.map((item) => [item.name, item]));
  const changed = [...new Map(after.map((item) => [item.name, item])).values()].flatMap((item) => {
    const earlier = old.get(item.name);
    if (earlier === undefined) return [];
    const different = fields.filter((field) => textOf(earlier[field]) !== textOf(item[field]));
    return different.length === 0 ? [] : [Object.freeze({ name: item.name, fields: different })];
  });
  return Object.freeze({ ...listChange(namesOf(before), namesOf(after)), changed });
}

function nowWriting(
  before: readonly InspectedTool[],
  after: readonly InspectedTool[],
): readonly string[] {
  const old = new Map(before.map((tool) => [tool.name, tool]));
  return after
    .filter((tool) => tool.externalWrite && old.get(tool.name)?.externalWrite === false)
    .map(({ name }) => name);
}

/** Targets are compared as they were written, because a label may be cut. */
function targetChange(before: Inspection, after: Inspection): InspectionDiff["targets"] {
  const [old, now] = [askedTargets(before), askedTargets(after)];
  const fresh = now.filter((target) => !old.some((each) => sameTarget(each, target)));
  const gone = old.filter((target) => !now.some((each) => sameTarget(each, target)));
  const wider = fresh.filter((target) => {
    const range = rangeOf(target);
    const sameApi = old.filter(({ name }) => name === target.name);
    const known = sameApi.map(rangeOf).filter((each) => each !== undefined);
    return range !== undefined && !coverRange(known, range);
  });
  return Object.freeze({
    added: shown(fresh),
    removed: shown(gone),
    wider: shown(wider),
  });
}

function askedTargets({ targets }: Inspection): readonly InspectedTarget[] {
  return targets.filter(({ side }) => side === "manifest");
}

function sameTarget(left: InspectedTarget, right: InspectedTarget): boolean {
  return left.name === right.name && textOf(left.declared) === textOf(right.declared);
}

function rangeOf({ name, declared }: InspectedTarget): UrlRange | undefined {
  return isUrlApi(name) ? urlRange(name, declared as Parameters<typeof urlRange>[1]) : undefined;
}

function shown(targets: readonly InspectedTarget[]): readonly string[] {
  return Object.freeze(targets.map(({ name, label }) => `host_api.${name} ${label}`));
}

/** Equal text for equal JSON, whatever the order of its keys. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: Json) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
