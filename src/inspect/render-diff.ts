import { boundedText } from "../diagnostic.ts";
import { inspectionLimits } from "../limits.ts";
import type { InspectionDiff, ItemChanges, ListChange } from "./diff.ts";
import {
  labelled,
  type ParagraphPlace,
  pageWidth,
  plainStyle,
  type RenderOptions,
  type TextStyle,
  wrapText,
} from "./text-layout.ts";

/**
 * Renders the difference of two inspections for people, what is new first.
 *
 * @param diff The difference.
 * @param options Style and width.
 * @returns Lines, each ended by a line feed; inert like those of a report.
 */
export function renderDiff(diff: InspectionDiff, options: RenderOptions = {}): string {
  const style = options.style ?? plainStyle;
  const width = pageWidth(options.width);
  const place: ParagraphPlace = { indent: 2, labelColumns: 2, width };
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ["Permissions", listLines(diff.permissions, place, style)],
    ["Targets", listLines(diff.targets, place, style)],
    ["Imports", listLines(diff.imports, place, style)],
    ["Surfaces", listLines(diff.surfaces, place, style)],
    [
      "Tools",
      [
        ...itemLines(diff.tools, place, style),
        ...diff.tools.nowWriting.flatMap((name) =>
          line("!", `${name} now writes outside`, place, style.red),
        ),
      ],
    ],
    ["Services", itemLines(diff.services, place, style)],
    ["Ingresses", itemLines(diff.ingresses, place, style)],
    [
      "Runtime",
      diff.runtime === null
        ? []
        : line("~", `${diff.runtime.from} -> ${diff.runtime.to}`, place, style.yellow),
    ],
  ];
  const sections = parts
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [style.bold(title), ...lines].join("\n"));
  const sides = [diff.from, diff.to].map(
    ({ ref, version }) => `${ref ?? "an unreadable package"} ${version ?? ""}`,
  );
  const heading = wrapText(inert(sides.join(" -> ")), width).map(style.bold);
  return `${[heading.join("\n"), wrapText(verdict(diff), width).join("\n"), ...sections].join("\n\n")}\n`;
}

function verdict(diff: InspectionDiff): string {
  if (diff.isSame) return "The two are the same package.";
  return diff.asksForMore
    ? "The new version asks for more. Look at it before you grant it."
    : "The new version asks for nothing that the old one did not ask for.";
}

function listLines({ added, removed }: ListChange, place: ParagraphPlace, style: TextStyle) {
  return [
    ...some(added).flatMap((each) => line("+", each, place, style.red)),
    ...some(removed).flatMap((each) => line("-", each, place, style.green)),
  ];
}

function itemLines(items: ItemChanges, place: ParagraphPlace, style: TextStyle) {
  return [
    ...listLines(items, place, style),
    ...items.changed.flatMap(({ name, fields }) =>
      line("~", `${name}: ${fields.join(", ")} changed`, place, style.yellow),
    ),
  ];
}

function line(sign: string, text: string, place: ParagraphPlace, mark: (text: string) => string) {
  return labelled(sign, inert(text), place, mark);
}

function some(texts: readonly string[]): readonly string[] {
  const most = inspectionLimits.listedItems.default;
  if (texts.length <= most) return texts;
  return [...texts.slice(0, most), `and ${texts.length - most} more`];
}

function inert(text: string): string {
  return boundedText(text, inspectionLimits.paragraphBytes.default);
}
