import { ByteWriter } from "../../src/wasm/byte-writer.ts";
import {
  extraLocals,
  functionTypes,
  i32,
  i64,
  importedFunctions,
  isListed,
  plainGlobal,
  stepsGlobal,
  tag,
  types,
  type Value,
} from "./generated-shape.ts";
import { ValueGenerator } from "./value-generator.ts";

/** Writes function bodies, chosen by a stream of choices. */
export class BodyGenerator extends ValueGenerator {
  /** How many functions the module has. */
  readonly functions: number;
  readonly #countsSteps: boolean;
  #results: readonly Value[] = [];

  constructor(choices: Uint8Array, countsSteps: boolean) {
    super(choices);
    this.#countsSteps = countsSteps;
    this.functions = 2 + this.choose(functionTypes.length - 1);
  }

  /** A number below a bound, for the module around the bodies. */
  choice(below: number): number {
    return this.choose(below);
  }

  /** Writes the body of a function of a type: its locals and instructions. */
  body(type: number): Uint8Array {
    const signature = types[type] as (typeof types)[number];
    const out = new ByteWriter();
    this.out = out;
    this.locals = [...signature.parameters, ...extraLocals];
    this.#results = signature.results;
    this.labels = [{ carries: signature.results }];
    this.budget = 30;
    out.u8(2);
    for (const [count, local] of [
      [2, i32],
      [1, i64],
    ] as const) {
      out.u8(count);
      out.u8(local);
    }
    this.useStep();
    this.statements(4);
    this.values(signature.results, 3);
    out.u8(0x0b);
    return out.finish();
  }

  /** Uses up a step, and returns when none is left. */
  protected useStep(): void {
    if (!this.#countsSteps) return;
    this.op(0x23, stepsGlobal);
    this.op(0x41, 1);
    this.op(0x6b);
    this.op(0x24, stepsGlobal);
    this.op(0x23, stepsGlobal);
    this.op(0x41, 0);
    this.op(0x48); // i32.lt_s
    this.op(0x04, 0x40);
    for (const result of this.#results) this.constant(result);
    this.op(0x0f);
    this.op(0x0b);
  }

  protected override statements(depth: number): void {
    for (let left = this.choose(5); left > 0 && this.budget > 0; left -= 1) this.statement(depth);
  }

  protected statement(depth: number): void {
    this.budget -= 1;
    const simple = [
      () => this.assign(),
      () => this.store(),
      () => this.assignGlobal(),
      () => this.op(0x01),
      () => {
        this.value(this.choose(2) === 0 ? i32 : i64, 2);
        this.op(0x1a);
      },
      () => this.bulk(),
      () => this.callAndDrop(),
      () => this.branchIf(),
      () => this.branchIf(),
    ];
    const nested = [
      () => this.block(depth),
      () => this.block(depth),
      () => this.if(depth),
      () => this.if(depth),
      () => this.loop(depth),
      () => this.loop(depth),
      () => this.try(depth),
      () => this.leave(),
      () => this.switch(depth),
    ];
    const all = depth > 0 ? [...simple, ...nested] : simple;
    all[this.choose(all.length)]?.();
  }

  protected assign(): void {
    const index = this.choose(this.locals.length);
    this.value(this.locals[index] as Value, 3);
    this.op(0x21, index);
  }

  protected assignGlobal(): void {
    this.value(i32, 3);
    this.op(0x24, plainGlobal);
  }

  protected store(): void {
    this.address();
    this.value(i32, 2);
    this.op(0x36, 2, this.choose(64));
  }

  protected bulk(): void {
    const which = this.choose(4);
    const length = this.choose(9);
    this.address();
    if (which === 0) this.value(i32, 1);
    else if (which === 1) this.address();
    else this.op(0x41, 0);
    // The last operand is a constant, so that a reader of the bytes knows the length.
    this.op(0x41, length);
    if (which === 0) this.op(0xfc, 0x0b, 0);
    else if (which === 1) this.op(0xfc, 0x0a, 0, 0);
    else this.op(0xfc, 0x08, 0, 0);
  }

  protected callAndDrop(): void {
    if (this.choose(4) === 0) {
      this.value(i32, 1);
      this.op(0x10, 0);
      this.op(0x1a);
      return;
    }
    const callee = this.choose(this.functions);
    const type = functionTypes[callee] as number;
    const signature = types[type] as (typeof types)[number];
    this.values(signature.parameters, 1);
    if (isListed(callee) && this.choose(2) === 0) {
      this.op(0x41, callee / 2);
      this.op(0x11, type, 0);
    } else {
      this.op(0x10, importedFunctions + callee);
    }
    for (const _ of signature.results) this.op(0x1a);
  }

  /** Drops and branches; what comes after in the same block can't be reached, and is there. */
  protected leave(): void {
    if (this.choose(4) === 0) {
      this.values(this.#results, 2);
      this.op(0x0f);
      return;
    }
    const label = this.choose(this.labels.length);
    this.values(this.label(label).carries, 2);
    this.op(0x0c, label);
  }

  protected branchIf(): void {
    const label = this.choose(this.labels.length);
    const { carries } = this.label(label);
    this.values(carries, 1);
    this.condition();
    this.op(0x0d, label);
    for (const _ of carries) this.op(0x1a);
  }

  protected block(depth: number): void {
    this.op(0x02, 0x40);
    this.nested([], () => this.statements(depth - 1));
  }

  protected if(depth: number): void {
    this.condition();
    this.op(0x04, 0x40);
    this.nested([], () => {
      this.statements(depth - 1);
      if (this.choose(2) === 0) return;
      this.op(0x05);
      this.statements(depth - 1);
    });
  }

  protected loop(depth: number): void {
    const hasParameter = this.choose(4) === 0;
    if (hasParameter) this.value(i32, 1);
    this.op(0x03, hasParameter ? 4 : 0x40);
    this.nested(hasParameter ? [i32] : [], () => {
      if (hasParameter) this.op(0x21, this.locals.indexOf(i32));
      this.useStep();
      this.statements(depth - 1);
      if (this.choose(3) === 0) return;
      if (hasParameter) this.value(i32, 1);
      if (this.choose(3) === 0) {
        this.op(0x0c, 0);
        return;
      }
      this.condition();
      this.op(0x0d, 0);
      if (hasParameter) this.op(0x1a);
    });
  }

  protected try(depth: number): void {
    this.op(0x06, 0x40);
    this.nested([], () => {
      this.statements(depth - 1);
      if (this.choose(2) === 0) {
        this.value(i32, 1);
        this.op(0x08, tag);
      }
      this.op(0x07, tag);
      this.op(0x21, this.locals.indexOf(i32));
      this.statements(depth - 1);
      if (this.choose(2) === 0) return;
      this.op(0x19);
      this.statements(depth - 1);
    });
  }

  protected switch(depth: number): void {
    const blocks = 1 + this.choose(3);
    const nest = (left: number) => {
      if (left === 0) {
        this.value(i32, 1);
        this.op(0x41, 3);
        this.op(0x71);
        // Only labels that carry nothing, loops among them.
        const empty = [...this.labels.keys()].filter(
          (label) => this.label(label).carries.length === 0,
        );
        const pick = () => empty[this.choose(empty.length)] as number;
        this.op(0x0e, 2, pick(), pick(), pick());
        return;
      }
      this.op(0x02, 0x40);
      this.nested([], () => nest(left - 1));
      this.statements(Math.min(depth - 1, 1));
    };
    nest(blocks);
  }
}
