import { boundedText, quoteName } from "../diagnostic.ts";
import type { Refuse, ResolvedRequest } from "./admission.types.ts";
import type { ComponentFacts, ComponentItem, CoreModuleFacts } from "./artifact.types.ts";
import { customShape, rawCustomSignature } from "./custom-interface.ts";
import { covers, interfaceName } from "./interface-name.ts";
import {
  hostInterfaces,
  rawModuleInterface,
  rawModules,
  type Signature,
  shapeOf,
} from "./worlds.ts";

/** The types that a host lifts from a guest or lowers into one: strings, and what has a fixed size. */
const plainTypes = /^func\((?:PLAIN(?:, PLAIN)*)?\)(?: -> PLAIN)?$/u.source.replaceAll(
  "PLAIN",
  "(?:string|bool|char|[su](?:8|16|32|64)|f32|f64)",
);
const plainFunction = new RegExp(plainTypes, "u");

/** Refuses imports that no known interface covers, or that have another type than it has. */
export function checkImports(
  facts: ComponentFacts,
  request: ResolvedRequest,
  refuse: Refuse,
): void {
  const known = new Map<string, readonly string[]>();
  for (const name of [...request.interfaces, ...request.customInterfaces.keys()]) {
    const { unversioned } = interfaceName(name);
    known.set(unversioned, [...(known.get(unversioned) ?? []), name]);
  }
  const seen = new Map<string, string>();
  for (const item of facts.imports) {
    // A type that stands for another one needs nothing from a host.
    if (item.kind === "type" && item.shape !== "resource") continue;
    const { unversioned } = interfaceName(item.name);
    const versions = known.get(unversioned) ?? [];
    const available = versions.find((each) => covers(each, item.name));
    if (available === undefined || item.kind !== "instance") {
      refuse(...unknownImport(item, versions));
    } else if (request.customInterfaces.has(item.name)) {
      checkCustomFunctions(item, request.customInterfaces.get(item.name), refuse);
    } else if (!available.startsWith("wasi:")) {
      checkFunctions(item, hostInterfaces.get(item.name), refuse);
    }
    const other = seen.get(unversioned);
    if (other === undefined) seen.set(unversioned, item.name);
    else if (available === undefined || !covers(available, other)) {
      // The generator drops versions. Releases that one stand-in covers may share it.
      refuse(
        "artifact/unknown-import",
        `The imports ${quoteName(other)} and ${quoteName(item.name)} differ only in their version. Import one of them.`,
      );
    }
  }
}

type Reason = readonly [code: "artifact/unknown-import", message: string];

function unknownImport({ name, kind }: ComponentItem, available: readonly string[]): Reason {
  const { version } = interfaceName(name);
  const expected = available.map((each) => interfaceName(each).version).join(" or ");
  const code = "artifact/unknown-import";
  if (available.length === 0) {
    const what = kind === "instance" ? "interface" : kind;
    return [
      code,
      `The artifact imports the ${what} ${quoteName(name)}, which no host interface provides. Guests may import the host's own interfaces (yoi:host/…@1.0.0) and inert parts of WASI 0.2; there are no sockets and no HTTP in it.`,
    ];
  }
  if (version === undefined) {
    return [
      code,
      `The artifact imports ${quoteName(name)} without a version; it is ${expected} here.`,
    ];
  }
  if (kind !== "instance") {
    return [code, `The artifact imports ${quoteName(name)} as a ${kind}; it is an interface.`];
  }
  return [
    code,
    `The artifact imports ${quoteName(name)}; the version here is ${expected}. Build it against that.`,
  ];
}

/** A host's own interface: strings and `u32` in, a string out, whatever else is known of it. */
function checkCustomFunctions(
  item: ComponentItem,
  expected: ReadonlyMap<string, Signature> | undefined,
  refuse: Refuse,
): void {
  for (const [name, shape] of item.shapes) {
    if (customShape.test(shape)) continue;
    const signature = boundedText(item.functions.get(name) ?? shape, 120);
    refuse(
      "artifact/unsupported",
      `The artifact imports the function ${quoteName(name)} of ${quoteName(item.name)} as ${signature}. Functions of a host's own interface take strings and u32 and give a string.`,
    );
  }
  if (expected !== undefined) checkFunctions(item, expected, refuse);
}

function checkFunctions(
  item: ComponentItem,
  expected: ReadonlyMap<string, Signature> | undefined,
  refuse: Refuse,
): void {
  for (const [name, shape] of item.shapes) {
    const is = expected?.get(name);
    if (is !== undefined && shape === shapeOf(is)) continue;
    const signature = boundedText(item.functions.get(name) ?? shape, 120);
    const of = `${quoteName(name)} of ${quoteName(item.name)}`;
    if (!plainFunction.test(shape)) {
      refuse(
        "artifact/unsupported",
        `The artifact imports the function ${of} as ${signature}. Guests and hosts exchange only strings and numbers.`,
      );
    } else if (expected !== undefined && is === undefined) {
      refuse(
        "artifact/unknown-import",
        `The artifact imports the function ${of}, which is not in it.`,
      );
    } else if (is !== undefined) {
      refuse(
        "artifact/unknown-import",
        `The artifact imports the function ${of} as ${signature}; it is ${is}.`,
      );
    }
  }
}

/** Refuses imports of a raw guest but for functions of known modules with their exact types. */
export function checkRawImports(
  module: CoreModuleFacts,
  { interfaces, customInterfaces }: ResolvedRequest,
  refuse: Refuse,
): void {
  const known = new Set(["yoi:tool", ...interfaces]);
  checkRawVersions(module, refuse);
  for (const item of module.imports) {
    const expected = known.has(item.module)
      ? rawModules.get(item.module)?.get(item.field)
      : rawCustomSignature(customInterfaces, item);
    const what = `the ${item.kind} ${quoteName(item.field)} of ${quoteName(item.module)}`;
    if (expected === undefined || item.kind !== "function") {
      refuse(
        "artifact/unknown-import",
        `The artifact imports ${what}, which the host does not provide. Raw guests may import functions of yoi:tool, of the host modules (${hostModuleNames}), and of interfaces that the host passes in hostApis.`,
      );
    } else if (item.signature !== expected) {
      const signature = boundedText(item.signature ?? "another type", 120);
      refuse(
        "artifact/unknown-import",
        `The artifact imports ${what} as ${signature}; it is ${expected}.`,
      );
    }
  }
}

/** One version of an interface for each guest, as for components: its bounds are those of an instance. */
function checkRawVersions({ imports }: CoreModuleFacts, refuse: Refuse): void {
  const seen = new Map<string, string>();
  for (const module of new Set(imports.map((item) => item.module))) {
    const { unversioned } = interfaceName(rawModuleInterface(module));
    const other = seen.get(unversioned);
    if (other === undefined) seen.set(unversioned, module);
    else {
      refuse(
        "artifact/unknown-import",
        `The modules ${quoteName(other)} and ${quoteName(module)} are versions of one interface. Import one of them.`,
      );
    }
  }
}

const hostModuleNames = [...rawModules.keys()].filter((name) => name !== "yoi:tool").join(", ");
