import { readFileSync } from "node:fs";
import ts from "typescript";
import * as limits from "../../src/limits.ts";
import { repository } from "./source-tree.ts";

/** One exported table of src/limits.ts. */
export interface LimitTable {
  readonly name: string;
  /** The doc comment that stands above it. */
  readonly about: string;
  readonly limits: ReadonlyMap<string, limits.Limit>;
}

/** Every table of limits, in the order of the source. */
export function limitTables(): readonly LimitTable[] {
  const comments = tableComments();
  return Object.entries(limits)
    .flatMap(([name, table]) => {
      const entries = typeof table === "object" ? Object.entries(table as object) : [];
      const found = entries.filter((entry): entry is [string, limits.Limit] => isLimit(entry[1]));
      return found.length === 0
        ? []
        : [{ name, about: comments.get(name) ?? "", limits: new Map(found) }];
    })
    .sort((left, right) => position(comments, left.name) - position(comments, right.name));
}

/** Renders a table as Markdown. */
export function limitRows(table: LimitTable): string {
  const rows = [...table.limits].map(([name, limit]) => {
    const beyond = limit.doesNotBound === "nothing beyond its name" ? "" : limit.doesNotBound;
    return `| \`${name}\` | ${quantity(limit)} | ${readableReason(limit.reason)} | ${beyond} |`;
  });
  return ["| Limit | Default | Why | Does not bound |", "|---|--:|---|---|", ...rows, ""].join(
    "\n",
  );
}

/** Reasons cite the specification that the source follows; a reader of the page does not have it. */
function readableReason(reason: string): string {
  return reason
    .replaceAll(/reference §[\d.]+( and §[\d.]+)?/gu, "the reference implementation's number")
    .replace(/^decisions: /u, "");
}

/** Writes a default the way a person says it: `64 MiB`, `10 s`, `100:1`. */
export function quantity({ unit, default: value }: Pick<limits.Limit, "unit" | "default">): string {
  const KiB = 1024;
  const MiB = 1024 * KiB;
  if (value === Number.MAX_SAFE_INTEGER) return "none";
  if (unit === "bytes" && value >= MiB && value % MiB === 0) return `${value / MiB} MiB`;
  if (unit === "bytes" && value >= KiB && value % KiB === 0) return `${value / KiB} KiB`;
  if (unit === "bytes") return `${grouped(value)} bytes`;
  if (unit === "ms") return duration(value);
  if (unit === "ratio") return `${value}:1`;
  if (unit === "instructions") return `${grouped(value)} instructions`;
  return unit === "levels" ? `${grouped(value)} levels` : grouped(value);
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

function isLimit(value: unknown): value is limits.Limit {
  return typeof value === "object" && value !== null && "unit" in value && "reason" in value;
}

function position(comments: ReadonlyMap<string, string>, name: string): number {
  return [...comments.keys()].indexOf(name);
}

/** The doc comment of every exported constant, by its name, in the order of the source. */
function tableComments(): ReadonlyMap<string, string> {
  const text = readFileSync(`${repository}src/limits.ts`, "utf8");
  const syntax = ts.createSourceFile("limits.ts", text, ts.ScriptTarget.ES2022, true);
  const comments = new Map<string, string>();
  for (const statement of syntax.statements.filter(ts.isVariableStatement)) {
    const name = statement.declarationList.declarations[0]?.name.getText(syntax) ?? "";
    const comment = ts.getJSDocCommentsAndTags(statement)[0];
    comments.set(name, ts.getTextOfJSDocComment(comment?.comment) ?? "");
  }
  return comments;
}

/** Milliseconds in the largest unit that leaves no fraction; one day is 24 hours. */
function duration(value: number): string {
  const units = [
    ["days", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ] as const;
  const fitting = units.find(
    ([name, size]) => value % size === 0 && value >= (name === "days" ? 2 * size : size),
  );
  if (fitting === undefined) return value > 1000 ? `${value / 1000} s` : `${value} ms`;
  const [name, size] = fitting;
  return `${value / size} ${name}`;
}
