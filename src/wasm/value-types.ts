import type { ByteCursor } from "../bytes.ts";
import type { ResourceType, Scope, ValueType } from "./component-entities.ts";
import type { ComponentReading } from "./component-reading.ts";
import { saturatingAdd } from "./saturating.ts";
import { TypeText, witName } from "./type-text.ts";

const errorContext = 0x64;

const primitives: ReadonlyMap<number, ValueType> = new Map(
  (
    [
      [0x7f, "bool"],
      [0x7e, "s8"],
      [0x7d, "u8"],
      [0x7c, "s16"],
      [0x7b, "u16"],
      [0x7a, "s32"],
      [0x79, "u32"],
      [0x78, "s64"],
      [0x77, "u64"],
      [0x76, "f32"],
      [0x75, "f64"],
      [0x74, "char"],
      [0x73, "string"],
      [errorContext, "error-context"],
    ] as const
  ).map(([byte, text]) => [
    byte,
    Object.freeze({ sort: "value", text, shape: text, nodes: 1, levels: 1 }),
  ]),
);

/** A type while its parts are read: its texts, and how large it is. */
export class TypeBuilder {
  readonly #component: ComponentReading;
  readonly #text: TypeText;
  readonly #shape: TypeText;
  #nodes = 1;
  #levels = 0;

  constructor(component: ComponentReading) {
    this.#component = component;
    const most = component.reading.limits.signatureCharacters;
    this.#text = new TypeText(most);
    this.#shape = new TypeText(most);
  }

  add(text: string, shape = text): this {
    this.#text.add(text);
    this.#shape.add(shape);
    return this;
  }

  addType(type: ValueType): this {
    this.#nodes = saturatingAdd(this.#nodes, type.nodes);
    this.#levels = Math.max(this.#levels, type.levels);
    return this.add(type.text, type.shape);
  }

  /** Counts a part that is no type, such as a label. */
  addNode(): this {
    this.#nodes = saturatingAdd(this.#nodes, 1);
    return this;
  }

  build<Sort extends "value" | "function">(sort: Sort): ValueType & { readonly sort: Sort };
  build(sort: "value" | "function"): unknown {
    const { reading } = this.#component;
    const levels = this.#levels + 1;
    if (levels > reading.limits.typeLevels) {
      reading.overLimit("typeLevels", "levels of types inside one another");
    }
    const text = this.#text.toString();
    const shape = this.#shape.toString();
    reading.addText(text.length + shape.length);
    return { sort, text, shape, nodes: this.#nodes, levels };
  }
}

/** Reads a reference to a value type: a primitive one, or an index. */
export function readValueTypeUse(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
): ValueType {
  const start = cursor.offset;
  const byte = cursor.peek();
  const primitive = readPrimitive(component, byte);
  if (primitive !== undefined) {
    cursor.skip(1);
    return primitive;
  }
  const type = scope.types[Number(cursor.signedLeb(33))];
  return type?.sort === "value" ? type : cursor.fail("a value type does not exist", start);
}

function readPrimitive(component: ComponentReading, byte: number): ValueType | undefined {
  if (byte === errorContext) component.features.add("component-async");
  return primitives.get(byte);
}

/**
 * Reads the definition of a value type (component model, Binary.md `defvaltype`).
 *
 * @param byte Its first byte, which the cursor is past.
 */
export function readValueType(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
  byte: number,
): ValueType {
  const primitive = readPrimitive(component, byte);
  if (primitive !== undefined) return primitive;
  const { reading, features } = component;
  const use = (): ValueType => readValueTypeUse(component, scope, cursor);
  const builder = new TypeBuilder(component);
  switch (byte) {
    case 0x72:
      readFields(component, scope, cursor, builder);
      break;
    case 0x71:
      readCases(component, scope, cursor, builder);
      break;
    case 0x70:
      builder.add("list<").addType(use()).add(">");
      break;
    case 0x67:
      features.add("component-fixed-length-list");
      builder.add("list<").addType(use()).add(`, ${cursor.leb32()}>`);
      break;
    case 0x6f:
      builder.add("tuple<");
      for (let left = reading.countComponentItems(cursor), first = true; left > 0; left -= 1) {
        builder.add(first ? "" : ", ").addType(use());
        first = false;
      }
      builder.add(">");
      break;
    case 0x6e:
      readLabels(component, cursor, builder, "flags", "flag");
      break;
    case 0x6d:
      readLabels(component, cursor, builder, "enum", "enum case");
      break;
    case 0x6b:
      builder.add("option<").addType(use()).add(">");
      break;
    case 0x6a:
      readResult(component, scope, cursor, builder);
      break;
    case 0x69: {
      const { text } = readResourceUse(scope, cursor);
      builder.add(text, `own<${text}>`);
      break;
    }
    case 0x68:
      builder.add(`borrow<${readResourceUse(scope, cursor).text}>`);
      break;
    case 0x66:
    case 0x65: {
      features.add("component-async");
      builder.add(byte === 0x66 ? "stream" : "future");
      const element = readOptionalUse(component, scope, cursor);
      if (element !== undefined) builder.add("<").addType(element).add(">");
      break;
    }
    case 0x63:
      features.add("component-map");
      builder.add("map<").addType(use()).add(", ").addType(use()).add(">");
      break;
    default:
      reading.unsupported(`the type 0x${byte.toString(16)} is unknown`, cursor.offset - 1);
  }
  return builder.build("value");
}

/** Reads labelled types, as records and parameters have them. */
export function readLabelled(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
  place: string,
  take: (label: string, type: ValueType, isFirst: boolean) => void,
): void {
  const { reading } = component;
  for (let left = reading.countComponentItems(cursor), first = true; left > 0; left -= 1) {
    const label = reading.readName(place, cursor);
    take(label, readValueTypeUse(component, scope, cursor), first);
    first = false;
  }
}

function readFields(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
  builder: TypeBuilder,
): void {
  builder.add("record { ");
  readLabelled(component, scope, cursor, "record field", (label, type, isFirst) => {
    builder.add(`${isFirst ? "" : ", "}${witName(label)}: `).addType(type);
  });
  builder.add(" }");
}

function readCases(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
  builder: TypeBuilder,
): void {
  const { reading } = component;
  builder.add("variant { ");
  for (let left = reading.countComponentItems(cursor), first = true; left > 0; left -= 1) {
    const label = reading.readName("variant case", cursor);
    builder.add(`${first ? "" : ", "}${witName(label)}`).addNode();
    first = false;
    const payload = readOptionalUse(component, scope, cursor);
    if (payload !== undefined) builder.add("(").addType(payload).add(")");
    if (cursor.u8() !== 0) cursor.fail("a variant case has bytes left over", cursor.offset - 1);
  }
  builder.add(" }");
}

function readLabels(
  { reading }: ComponentReading,
  cursor: ByteCursor,
  builder: TypeBuilder,
  keyword: string,
  place: string,
): void {
  builder.add(`${keyword} { `);
  for (let left = reading.countComponentItems(cursor), first = true; left > 0; left -= 1) {
    const label = reading.readName(place, cursor);
    builder.add(`${first ? "" : ", "}${witName(label)}`).addNode();
    first = false;
  }
  builder.add(" }");
}

function readResult(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
  builder: TypeBuilder,
): void {
  const ok = readOptionalUse(component, scope, cursor);
  const error = readOptionalUse(component, scope, cursor);
  builder.add("result");
  if (ok === undefined && error === undefined) return;
  builder.add("<");
  if (ok === undefined) builder.add("_");
  else builder.addType(ok);
  if (error !== undefined) builder.add(", ").addType(error);
  builder.add(">");
}

function readOptionalUse(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
): ValueType | undefined {
  const byte = cursor.u8();
  if (byte > 1) cursor.fail("an option is neither absent nor present", cursor.offset - 1);
  return byte === 0 ? undefined : readValueTypeUse(component, scope, cursor);
}

function readResourceUse(scope: Scope, cursor: ByteCursor): ResourceType {
  const start = cursor.offset;
  const type = scope.types[cursor.leb32()];
  return type?.sort === "resource" ? type : cursor.fail("a resource type does not exist", start);
}
