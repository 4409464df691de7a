import type { ByteCursor } from "../bytes.ts";
import type { StringEncoding } from "./artifact.types.ts";
import type { FunctionType, Scope } from "./component-entities.ts";
import type { ComponentReading } from "./component-reading.ts";
import { hasResult } from "./component-types.ts";
import { readValueType as readCoreValueType } from "./core-types.ts";
import type { ComponentDefinition } from "./instantiation.ts";
import { saturatingAdd } from "./saturating.ts";
import { readValueTypeUse } from "./value-types.ts";

/** What follows the opcode of a canonical built-in. */
type Immediate = "flag" | "index" | "options" | "result" | "coreType";

/**
 * The canonical built-ins but lift and lower (component model, Binary.md `canon`): what follows each
 * opcode. All but the resource ones belong to asynchronous components.
 */
const builtIns: ReadonlyMap<number, readonly Immediate[]> = new Map([
  [0x02, ["index"]], // resource.new
  [0x03, ["index"]], // resource.drop
  [0x04, ["index"]], // resource.rep
  [0x05, []], // task.cancel
  [0x06, ["flag"]], // subtask.cancel
  [0x08, []], // backpressure.set, since removed
  [0x09, ["result", "options"]], // task.return
  [0x0a, ["coreType", "index"]], // context.get
  [0x0b, ["coreType", "index"]], // context.set
  [0x0c, ["flag"]], // thread.yield
  [0x0d, []], // subtask.drop
  [0x0e, ["index"]], // stream.new
  [0x0f, ["index", "options"]], // stream.read
  [0x10, ["index", "options"]], // stream.write
  [0x11, ["index", "flag"]], // stream.cancel-read
  [0x12, ["index", "flag"]], // stream.cancel-write
  [0x13, ["index"]], // stream.drop-readable
  [0x14, ["index"]], // stream.drop-writable
  [0x15, ["index"]], // future.new
  [0x16, ["index", "options"]], // future.read
  [0x17, ["index", "options"]], // future.write
  [0x18, ["index", "flag"]], // future.cancel-read
  [0x19, ["index", "flag"]], // future.cancel-write
  [0x1a, ["index"]], // future.drop-readable
  [0x1b, ["index"]], // future.drop-writable
  [0x1c, ["options"]], // error-context.new
  [0x1d, ["options"]], // error-context.debug-message
  [0x1e, []], // error-context.drop
  [0x1f, []], // waitable-set.new
  [0x20, ["flag", "index"]], // waitable-set.wait
  [0x21, ["flag", "index"]], // waitable-set.poll
  [0x22, []], // waitable-set.drop
  [0x23, []], // waitable.join
  [0x24, []], // backpressure.inc
  [0x25, []], // backpressure.dec
  [0x26, []], // thread.index
  [0x27, ["index", "index"]], // thread.new-indirect
  [0x28, []], // thread.resume-later
  [0x29, ["flag"]], // thread.suspend
  [0x2a, ["flag"]], // thread.suspend-then-resume
  [0x2b, ["flag"]], // thread.yield-then-resume
  [0x2c, ["flag"]], // thread.suspend-then-promote
  [0x2d, ["flag"]], // thread.yield-then-promote
  [0x40, ["index"]], // thread.spawn-ref
  [0x41, ["index", "index"]], // thread.spawn-indirect
  [0x42, []], // thread.available-parallelism
]);

const lastResourceBuiltIn = 0x04;
const firstThreadBuiltIn = 0x40;

const stringEncodings: readonly StringEncoding[] = ["utf8", "utf16", "latin1+utf16"];

/** Reads a section of canonical definitions: what is lifted, lowered and built in. */
export function readCanonicals(
  component: ComponentReading,
  scope: Scope,
  definition: ComponentDefinition,
  cursor: ByteCursor,
): void {
  const { reading, features } = component;
  for (let left = reading.countComponentItems(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const opcode = cursor.u8();
    if (opcode === 0x00) scope.functions.push(readLift(component, scope, definition, cursor));
    else if (opcode === 0x01) readLower(component, scope, definition, cursor);
    else {
      const immediates =
        builtIns.get(opcode) ??
        reading.unsupported(`the canonical built-in 0x${opcode.toString(16)} is unknown`, start);
      if (opcode >= firstThreadBuiltIn) features.add("threads");
      else if (opcode > lastResourceBuiltIn) features.add("component-async");
      for (const immediate of immediates) readImmediate(component, scope, cursor, immediate);
    }
  }
}

function readLift(
  component: ComponentReading,
  scope: Scope,
  definition: ComponentDefinition,
  cursor: ByteCursor,
): FunctionType {
  const start = cursor.offset;
  if (cursor.u8() !== 0) cursor.fail("what is lifted is unknown", start);
  cursor.leb32();
  readOptions(component, cursor);
  const type = scope.types[cursor.leb32()];
  if (type?.sort !== "function") return cursor.fail("a lifted function's type is no type", start);
  definition.typeNodes = saturatingAdd(definition.typeNodes, type.nodes);
  return type;
}

function readLower(
  component: ComponentReading,
  scope: Scope,
  definition: ComponentDefinition,
  cursor: ByteCursor,
): void {
  const start = cursor.offset;
  if (cursor.u8() !== 0) cursor.fail("what is lowered is unknown", start);
  const type = scope.functions[cursor.leb32()];
  if (type === undefined) cursor.fail("a lowered function does not exist", start);
  readOptions(component, cursor);
  definition.typeNodes = saturatingAdd(definition.typeNodes, type.nodes);
}

function readImmediate(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
  immediate: Immediate,
): void {
  switch (immediate) {
    case "flag":
      if (cursor.u8() > 1) cursor.fail("a flag is neither off nor on", cursor.offset - 1);
      break;
    case "index":
      cursor.leb32();
      break;
    case "options":
      readOptions(component, cursor);
      break;
    case "result":
      if (hasResult(cursor)) readValueTypeUse(component, scope, cursor);
      break;
    case "coreType":
      readCoreValueType(component.reading, cursor, component.features);
      break;
  }
}

function readOptions(component: ComponentReading, cursor: ByteCursor): void {
  const { reading, features } = component;
  let encoding = 0;
  for (let left = reading.count(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const option = cursor.u8();
    if (option < 3) encoding = option;
    else if (option === 6) features.add("component-async");
    else if (option === 9) features.add("gc");
    else if (option < 9) {
      cursor.leb32(); // memory, realloc, post-return, callback, core type
      if (option === 7) features.add("component-async");
      if (option === 8) features.add("gc");
    } else reading.unsupported(`the canonical option ${option} is unknown`, start);
  }
  component.stringEncodings.add(stringEncodings[encoding] ?? "utf8");
}
