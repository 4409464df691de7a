import { boundedText, inertText } from "../diagnostic.ts";
import { permissionLabel } from "../grants/plan.ts";
import { inspectionLimits } from "../limits.ts";
import { nextSteps } from "./next-steps.ts";
import type { Inspected, InspectedRuntime, Inspection, InspectionStatus } from "./report.types.ts";
import {
  columnsOf,
  labelled,
  pageWidth,
  plainStyle,
  type RenderOptions,
  type TextStyle,
  wrapText,
} from "./text-layout.ts";

/** What every part of the rendering needs. */
interface Page {
  readonly style: TextStyle;
  readonly width: number;
}

/**
 * Renders a report for people: what is asked for, what is granted, what is wrong and what to do next.
 *
 * Everything in it that comes from the package is inert: nothing moves a cursor, opens a link or hides.
 *
 * @param report The report.
 * @param options Style and width.
 * @returns Lines, each ended by a line feed.
 */
export function renderInspection(report: Inspection, options: RenderOptions = {}): string {
  const page: Page = { style: options.style ?? plainStyle, width: pageWidth(options.width) };
  const sections = [
    heading(report, page),
    section("Runtime", report.runtime === null ? [] : runtimeLines(report.runtime, page), page),
    section("Asks for", askedLines(report, page), page),
    section(
      "Surfaces",
      report.surfaces.flatMap((each) => itemLines(each, each.name, "", page)),
      page,
    ),
    section(
      "Tools",
      report.tools.flatMap((tool) =>
        itemLines(
          tool,
          `${tool.name}${tool.externalWrite ? " (writes outside)" : ""}`,
          tool.description,
          page,
        ),
      ),
      page,
    ),
    section(
      "Services",
      report.services.flatMap((each) => itemLines(each, each.name, each.description, page)),
      page,
    ),
    section(
      "Ingresses",
      report.ingresses.flatMap((each) =>
        itemLines(each, [each.name, ...each.sources].join(" "), each.description, page),
      ),
      page,
    ),
    section(
      "Host APIs",
      report.hostApis.flatMap((each) =>
        itemLines(each, `${each.name}${each.imported ? " (imported)" : ""}`, "", page),
      ),
      page,
    ),
    section(
      "Targets",
      report.targets.flatMap((each) => itemLines(each, each.permission, "", page)),
      page,
    ),
    section(
      "Problems",
      report.diagnostics.flatMap(({ code, message }) => [
        `  ${page.style.red(inert(code))}`,
        ...indented(message, 4, page),
      ]),
      page,
    ),
    section(
      "Notes",
      report.notes.flatMap((note) => indented(note, 2, page)),
      page,
    ),
    section(
      "Next",
      nextSteps(report).flatMap((step) => indented(step, 2, page)),
      page,
    ),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function heading(report: Inspection, page: Page): readonly string[] {
  const { name, version, ref, source, digest, description, files, bytes, archiveBytes } =
    report.package;
  const title = inert(
    [name ?? ref ?? "A package that can't be read", version ?? ""].join(" ").trim(),
  );
  const room = page.width - columnsOf(report.status) - 1;
  const [first = "", ...others] = wrapText(title, room);
  const gap = " ".repeat(Math.max(1, page.width - columnsOf(first) - columnsOf(report.status)));
  const size = [
    archiveBytes === null ? undefined : `${bytesText(archiveBytes)} packed`,
    bytes === null || files === null
      ? undefined
      : `${bytesText(bytes)} in ${counted(files, "file")}`,
  ].filter((part) => part !== undefined);
  return [
    page.style.bold(first) + gap + statusMark(report.status, page.style)(report.status),
    ...others.map((line) => page.style.bold(line)),
    ...(description === null ? [] : indented(description, 2, page)),
    ...fact("ref", ref ?? `a ${source} package`, page),
    // On its own line where it does not fit: a digest is there to be copied.
    ...(digest === null ? [] : fact("digest", digest, page)),
    ...(size.length === 0 ? [] : fact("size", size.join(", "), page)),
  ];
}

function runtimeLines(runtime: InspectedRuntime, page: Page): readonly string[] {
  const memories = runtime.memories.map(({ minPages, maxPages }) =>
    range(
      bytesText(minPages * pageBytes),
      maxPages === null ? null : bytesText(maxPages * pageBytes),
    ),
  );
  const tables = runtime.tables.map(({ minElements, maxElements }) =>
    range(String(minElements), maxElements === null ? null : String(maxElements)),
  );
  return [
    ...indented(runtime.status, 2, page),
    ...fact("file", `${runtime.artifact}, ${bytesText(runtime.bytes)}`, page),
    ...fact("needs", someOf(runtime.imports), page),
    ...fact("gives", someOf(runtime.exports), page),
    ...fact("memory", someOf(memories), page),
    ...fact("tables", someOf(tables), page),
    ...fact("uses", someOf(runtime.features), page),
    ...(runtime.diagnostic === null ? [] : indented(runtime.diagnostic, 2, page)),
  ];
}

function askedLines(report: Inspection, page: Page): readonly string[] {
  const labels = report.permissions.map((permission) => inert(permissionLabel(permission)));
  return labels.length === 0 ? [] : indented(someOf(labels), 2, page);
}

function itemLines(
  item: Inspected & { readonly enabled?: boolean },
  title: string,
  description: string,
  page: Page,
): readonly string[] {
  const [word, mark] = itemState(item, page.style);
  const place = { indent: 2, labelColumns: 13, width: page.width };
  return [
    ...labelled(word, inert(title), place, mark),
    ...(description.trim() === "" ? [] : beside(description, place)),
    ...(item.diagnostic === null ? [] : beside(item.diagnostic, place)),
  ];
}

function itemState(
  item: Inspected & { readonly enabled?: boolean },
  style: TextStyle,
): readonly [string, (text: string) => string] {
  if (item.enabled === false) return ["not enabled", style.dim];
  if (item.eligible) return item.granted ? ["granted", style.green] : ["usable", style.green];
  if (!item.requested) return ["not asked", style.red];
  return item.granted ? ["unusable", style.red] : ["not granted", style.yellow];
}

function statusMark(status: InspectionStatus, style: TextStyle): (text: string) => string {
  const marks = {
    active: style.green,
    partial: style.yellow,
    rejected: style.red,
    disabled: style.dim,
  };
  return marks[status];
}

function section(title: string, lines: readonly string[], page: Page): readonly string[] {
  return lines.length === 0 ? [] : [page.style.bold(title), ...lines];
}

function fact(label: string, text: string, page: Page): readonly string[] {
  return text === ""
    ? []
    : labelled(
        label,
        inert(text),
        { indent: 2, labelColumns: 7, width: page.width },
        page.style.dim,
      );
}

function indented(text: string, indent: number, page: Page): readonly string[] {
  return wrapText(inert(text), page.width - indent).map((line) => " ".repeat(indent) + line);
}

function beside(
  text: string,
  place: { readonly indent: number; readonly labelColumns: number; readonly width: number },
) {
  const indent = place.indent + place.labelColumns;
  return wrapText(inert(text), place.width - indent).map((line) => " ".repeat(indent) + line);
}

/** The first of many, and how many more there are. */
function someOf(texts: readonly string[]): string {
  const most = inspectionLimits.listedItems.default;
  const shown = texts
    .slice(0, most)
    .map((text) => boundedText(text, 160))
    .join(", ");
  return texts.length > most ? `${shown}, and ${texts.length - most} more` : shown;
}

function inert(text: string): string {
  return boundedText(inertText(text.slice(0, 4 * paragraphBytes)), paragraphBytes);
}

const paragraphBytes = inspectionLimits.paragraphBytes.default;
const pageBytes = 65_536;

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function range(least: string, most: string | null): string {
  return most === least ? least : `${least} to ${most ?? "no maximum"}`;
}

function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}
