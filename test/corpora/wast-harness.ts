import { readArtifact } from "../../src/wasm/artifact.ts";
import { atomAt, type Form, stringText } from "./wast-forms.ts";

/** One action of a script that calls or reads something, and what it should give. */
export interface Check {
  readonly form: Form;
  /** The instance that it goes to. */
  readonly instance: number;
  readonly action: "invoke" | "get";
  readonly name: Form;
  readonly arguments: readonly Form[];
  /** Alternatives for each result; `undefined` when the results do not matter. */
  readonly expected: readonly (readonly Form[])[] | undefined;
}

/** A result type, and in how many bytes the harness lays it down. */
type ResultType = "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref";

/** What a check's function takes and gives, from the module's own bytes. */
export interface Signature {
  readonly parameters: readonly string[];
  readonly results: readonly string[];
}

/** What a module's exported functions take and give. */
export function signaturesOf(bytes: Uint8Array): ReadonlyMap<string, Signature> {
  const facts = readArtifact(bytes);
  if (facts.kind !== "module") throw new Error("a component");
  const signatures = new Map<string, Signature>();
  for (const { name, kind, signature } of facts.module.exports) {
    if (kind !== "function" || signature === undefined) continue;
    const [parameters = "", results = ""] = signature.split(" -> ");
    signatures.set(name, { parameters: typesOf(parameters), results: typesOf(results) });
  }
  return signatures;
}

function typesOf(list: string): string[] {
  return list
    .slice(1, -1)
    .split(",")
    .map((type) => type.trim())
    .filter((type) => type !== "");
}

const slotBytes = 16;
const slots = 16;
/** Where the expected results of one alternative stand after the actual ones. */
const expectedAt = slotBytes * slots;

/**
 * Writes a module with one exported function for each check, named by its number. It calls what the
 * check calls, and lays results and expectations down in its memory bit for bit; JavaScript never
 * sees the values, which would change a NaN's bits and can't hold a v128.
 *
 * @returns The text, or what about a check can't be written, as a reason.
 */
export function harnessText(
  checks: readonly { readonly check: Check; readonly signature: Signature }[],
): string {
  const imports: string[] = [];
  const functions = checks.map(({ check, signature }, number) => {
    if (check.action === "get") return "";
    const { parameters, results } = signature;
    imports.push(
      `(import "instance ${check.instance}" ${check.name.text} (func $f${number} (param ${parameters.join(" ")}) (result ${results.join(" ")})))`,
    );
    const locals = results.map((type, index) => `(local $r${index} ${type})`).join(" ");
    const sets = results.map((_, index) => `(local.set $r${results.length - 1 - index})`).join(" ");
    const stores = results.map((type, index) =>
      store(type as ResultType, index * slotBytes, `(local.get $r${index})`),
    );
    return `(func (export "${number}") ${locals} (call $f${number} ${check.arguments.map(argumentText).join(" ")}) ${sets} ${stores.join(" ")})`;
  });
  return `(module ${imports.join("\n")} ${fixed} ${functions.join("\n")})`;
}

const fixed = `(import "host" "extern" (func $extern (param i32) (result externref)))
(import "host" "number" (func $number (param externref) (result i32)))
(memory (export "memory") 1)`;

/** Writes a module whose functions lay down what checks expect: `<number>:<alternative>`. */
export function expectationText(checks: readonly Check[]): string {
  const functions = checks.flatMap(({ expected, action }, number) => {
    if (expected === undefined || action === "get") return [];
    const alternatives = Math.max(1, ...expected.map((choices) => choices.length));
    return Array.from({ length: alternatives }, (_, alternative) => {
      const stores = expected.map((choices, index) => {
        const form = choices[Math.min(alternative, choices.length - 1)] as Form;
        return store(typeOf(form), expectedAt + index * slotBytes, constantText(form));
      });
      return `(func (export "${number}:${alternative}") ${stores.join(" ")})`;
    });
  });
  return `(module ${fixed} ${functions.join("\n")})`;
}

function store(type: ResultType, at: number, value: string): string {
  switch (type) {
    case "externref":
      return `(i32.store (i32.const ${at}) (call $number ${value}))`;
    case "funcref":
      return `(i32.store (i32.const ${at}) (ref.is_null ${value}))`;
    default:
      return `(${type}.store (i32.const ${at}) ${value})`;
  }
}

function typeOf(form: Form): ResultType {
  const head = atomAt(form, 0);
  if (head === "ref.extern") return "externref";
  if (head === "ref.null" && /extern/u.test(atomAt(form, 1))) return "externref";
  if (head.startsWith("ref.")) return "funcref";
  return head.slice(0, head.indexOf(".")) as ResultType;
}

function argumentText(form: Form): string {
  const head = atomAt(form, 0);
  if (head === "ref.extern") return `(call $extern (i32.const ${atomAt(form, 1)}))`;
  return textOf(form);
}

/** A constant with any class of NaNs as some NaN; the comparison knows better. */
function constantText(form: Form): string {
  const head = atomAt(form, 0);
  if (head === "ref.extern") return `(call $extern (i32.const ${atomAt(form, 1) || 0}))`;
  if (head === "ref.null" && form.items.length === 1) return "(ref.null func)";
  if (head === "ref.func") return "(ref.null func)";
  return textOf(form);
}

function textOf(form: Form): string {
  if (form.kind !== "list")
    return form.text.startsWith("nan:") && !form.text.startsWith("nan:0x") ? "nan" : form.text;
  return `(${form.items.map(textOf).join(" ")})`;
}

/** How many lanes of how many bytes a constant has, and which of them are a class of NaNs. */
function lanesOf(form: Form): { readonly bytes: number; readonly values: readonly string[] } {
  const head = atomAt(form, 0);
  if (head === "v128.const") {
    const [, bits, count] = /^[if](\d+)x(\d+)$/u.exec(atomAt(form, 1)) as RegExpExecArray;
    return {
      bytes: Number(bits) / 8,
      values: Array.from({ length: Number(count) }, (_, lane) => atomAt(form, 2 + lane)),
    };
  }
  const bytes = head.startsWith("ref.") || head.includes("32") ? 4 : 8;
  return { bytes, values: [atomAt(form, 1)] };
}

/** Says whether the bits in a harness's memory are those that one alternative of a check expects. */
export function isExpected(
  check: Check,
  alternative: number,
  actual: DataView,
  wanted: DataView,
): boolean {
  return (check.expected ?? []).every((choices, index) => {
    const form = choices[Math.min(alternative, choices.length - 1)] as Form;
    const head = atomAt(form, 0);
    const at = index * slotBytes;
    if (head === "ref.func") return actual.getUint32(at, true) === 0;
    if (head === "ref.extern" && form.items.length === 1) return actual.getInt32(at, true) !== -1;
    const { bytes, values } = lanesOf(form);
    return values.every((value, lane) => {
      const from = at + lane * bytes;
      if (value === "nan:canonical" || value === "nan:arithmetic") {
        return isNaNOfClass(actual, from, bytes, value === "nan:canonical");
      }
      for (let byte = 0; byte < bytes; byte += 1) {
        if (actual.getUint8(from + byte) !== wanted.getUint8(expectedAt + from + byte))
          return false;
      }
      return true;
    });
  });
}

function isNaNOfClass(view: DataView, at: number, bytes: number, isCanonical: boolean): boolean {
  const bits = bytes === 4 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
  const quiet = bytes === 4 ? 0x7fc00000n : 0x7ff8000000000000n;
  const magnitude = bits & (bytes === 4 ? 0x7fffffffn : 0x7fffffffffffffffn);
  return isCanonical ? magnitude === quiet : (magnitude & quiet) === quiet;
}

/** What the function of a check is called. */
export function checkName(check: Check): string {
  return stringText(check.name);
}
