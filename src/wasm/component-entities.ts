import type { ComponentItem } from "./artifact.types.ts";
import type { CoreSpaces } from "./core-linking.ts";

/** A value type: `string`, `list<u8>`, a record, a handle. */
export interface ValueType {
  readonly sort: "value";
  /** As WIT writes it, by its name if it has one; bounded. */
  readonly text: string;
  /** By its form alone, names of types resolved; bounded. */
  readonly shape: string;
  /** How many types it consists of, every use counted; what a bindings generator writes code for. */
  readonly nodes: number;
  /** How deep types nest in it. */
  readonly levels: number;
}

/** A resource type. */
export interface ResourceType {
  readonly sort: "resource";
  readonly text: string;
}

/** A function type. */
export interface FunctionType {
  readonly sort: "function";
  /** `func(tool-name: string, input-json: string) -> string`; bounded. */
  readonly text: string;
  /** `func(string, string) -> string`, names of types resolved; bounded. */
  readonly shape: string;
  readonly nodes: number;
  readonly levels: number;
}

/** An instance, or the type of one: what it exports, by name. */
export interface InstanceEntry {
  readonly sort: "instance";
  readonly exports: ReadonlyMap<string, Extern>;
}

/** A component, or the type of one. */
export interface ComponentEntry {
  readonly sort: "component";
  readonly exports: ReadonlyMap<string, Extern>;
  /** Which of the artifact's component definitions it is; `undefined` when only its type is known. */
  readonly definition: number | undefined;
}

/** What stands in a type index space. */
export type TypeEntry = ValueType | ResourceType | FunctionType | InstanceEntry | ComponentEntry;

/** Which of the artifact's core modules it is; `undefined` when only its type is known. */
export type ModuleEntry = { readonly module: number | undefined };

/** Something imported or exported, with what is known of it. */
export type Extern =
  | { readonly kind: "function"; readonly entry: FunctionType }
  | { readonly kind: "instance"; readonly entry: InstanceEntry }
  | { readonly kind: "component"; readonly entry: ComponentEntry }
  | { readonly kind: "module"; readonly entry: ModuleEntry }
  | { readonly kind: "type"; readonly entry: TypeEntry }
  | { readonly kind: "value" };

/** A component, component type or instance type while it is read: its index spaces. */
export interface Scope {
  readonly outer: Scope | undefined;
  /** How many scopes lie around it, itself included. */
  readonly levels: number;
  readonly types: TypeEntry[];
  readonly functions: FunctionType[];
  readonly instances: InstanceEntry[];
  readonly components: ComponentEntry[];
  readonly modules: ModuleEntry[];
  readonly core: CoreSpaces;
}

/** An empty scope inside another one. */
export function openScope(outer: Scope | undefined): Scope {
  return {
    outer,
    levels: (outer?.levels ?? 0) + 1,
    types: [],
    functions: [],
    instances: [],
    components: [],
    modules: [],
    core: { instances: [], memory: [], table: [] },
  };
}

/** Adds what was imported, exported or aliased to the index space of its kind. */
export function addExtern(scope: Scope, extern: Extern): void {
  switch (extern.kind) {
    case "function":
      scope.functions.push(extern.entry);
      break;
    case "instance":
      scope.instances.push(extern.entry);
      break;
    case "component":
      scope.components.push(extern.entry);
      break;
    case "module":
      scope.modules.push(extern.entry);
      break;
    case "type":
      scope.types.push(extern.entry);
      break;
    case "value":
      break; // nothing that is read here refers to a value
  }
}

/** The kind of item of an extern, as the facts name it. */
export type ExternSort = ComponentItem["kind"];
