import type { GuestLimits } from "yoi-plugin-sdk";
import { GuestFault, trap } from "./guest-fault.ts";
import { operators } from "./operators.ts";
import { type Code, type Import, type Instruction, opcode, type Program } from "./program.ts";

/** What an imported function gives: a value, or the promise of one while the machine waits. */
export type HostFunction = (parameters: readonly number[]) => number | Promise<number>;

interface Frame {
  readonly code: Code;
  readonly locals: Int32Array;
  readonly labels: Label[];
  next: number;
}

interface Label {
  /** Where a branch to it goes on. */
  readonly next: number;
  /** How high the stack was, and how many values a branch takes along. */
  readonly height: number;
  readonly results: number;
}

const pageBytes = 65_536;
const mostFrames = 2_000;
const bytesPerFuel = 8;

/**
 * One instance of a guest. It runs for so much fuel at a time and then comes back, so that whoever drives
 * it keeps deadlines and the event loop; it checks every access, and pays for every instruction.
 */
export class Machine {
  memory: Uint8Array;
  fuel = 0;
  readonly #program: Program;
  readonly #limits: GuestLimits;
  readonly #host: (imported: Import) => HostFunction;
  readonly #globals: Int32Array;
  readonly #stack: number[] = [];
  readonly #frames: Frame[] = [];
  #view: DataView;
  #elements: number;

  constructor(program: Program, limits: GuestLimits, host: (imported: Import) => HostFunction) {
    this.#program = program;
    this.#limits = limits;
    this.#host = host;
    this.memory = new Uint8Array(program.memory.pages * pageBytes);
    this.#view = new DataView(this.memory.buffer);
    this.#elements = program.table.elements;
    this.#globals = Int32Array.from(program.globals);
    for (const { at, bytes } of program.data) {
      this.#check(at, bytes.length);
      this.memory.set(bytes, at);
    }
  }

  /** Enters a function without parameters. */
  enter(index: number): void {
    const code = this.#program.functions[index];
    if (code === undefined || !("body" in code)) trap("it has no such function");
    this.#enter(code);
  }

  /** Gives the value that an imported function promised. */
  resume(value: number): void {
    this.#stack.push(value);
  }

  /** Runs until so much fuel is spent. A promise is one that it waits for. */
  run(fuel: number): "running" | "done" | Promise<number> {
    for (const until = this.fuel + fuel; this.fuel < until; ) {
      const frame = this.#frames.at(-1);
      if (frame === undefined) return "done";
      const instruction = frame.code.body[frame.next];
      if (instruction === undefined) {
        this.#leave(frame);
        continue;
      }
      frame.next += 1;
      this.#pay(1);
      const waiting = this.#step(frame, instruction);
      if (waiting !== undefined) return waiting;
    }
    return "running";
  }

  #step(frame: Frame, { opcode: code, value, ...block }: Instruction): Promise<number> | undefined {
    const stack = this.#stack;
    const local = operators.get(code);
    if (local !== undefined) {
      const right = pop(stack);
      stack.push(local(pop(stack), right) | 0);
      return undefined;
    }
    switch (code) {
      case 0x00:
        return trap("it executed an unreachable instruction");
      case 0x01:
        break;
      case opcode.block:
        this.#label(frame, block.end + 1, block.results);
        break;
      case opcode.loop:
        this.#label(frame, frame.next - 1, 0);
        break;
      case opcode.if:
        if (pop(stack) !== 0) this.#label(frame, block.end + 1, block.results);
        else if (block.otherwise < 0) frame.next = block.end + 1;
        else {
          this.#label(frame, block.end + 1, block.results);
          frame.next = block.otherwise + 1;
        }
        break;
      case opcode.else:
        frame.next = block.end;
        break;
      case opcode.end:
        // The last one is the function's own.
        if (frame.labels.length > 1) frame.labels.pop();
        break;
      case 0x0c:
        this.#branch(frame, value);
        break;
      case 0x0d:
        if (pop(stack) !== 0) this.#branch(frame, value);
        break;
      case 0x0f:
        frame.next = frame.code.body.length;
        break;
      case 0x10:
        return this.#call(value);
      case 0x1a:
        pop(stack);
        break;
      case 0x20:
        stack.push(frame.locals[value] ?? trap("it has no such local"));
        break;
      case 0x21:
        frame.locals[value] = pop(stack);
        break;
      case 0x22:
        frame.locals[value] = stack.at(-1) ?? 0;
        break;
      case 0x23:
        stack.push(this.#globals[value] ?? trap("it has no such global"));
        break;
      case 0x24:
        this.#globals[value] = pop(stack);
        break;
      case 0x28:
        stack.push(this.#view.getInt32(this.#address(value, 4), true));
        break;
      case 0x2d:
        stack.push(this.#view.getUint8(this.#address(value, 1)));
        break;
      case 0x36:
      case 0x3a:
      case 0x3b:
        this.#store(code, pop(stack), value);
        break;
      case 0x3f:
        stack.push(this.memory.length / pageBytes);
        break;
      case 0x40:
        stack.push(this.#growMemory(pop(stack) >>> 0));
        break;
      case 0x41:
        stack.push(value);
        break;
      case 0x45:
        stack.push(pop(stack) === 0 ? 1 : 0);
        break;
      case 0xd0:
        stack.push(0);
        break;
      case 0xfc0a:
      case 0xfc0b:
        this.#bulk(code);
        break;
      case 0xfc0f:
        stack.push(this.#growTable(pop(stack) >>> 0, pop(stack)));
        break;
      case 0xfc10:
        stack.push(this.#elements);
        break;
      default:
        trap("it has an instruction that the machine does not have");
    }
    return undefined;
  }

  #enter(code: Code): void {
    if (this.#frames.length >= mostFrames) {
      throw new GuestFault("runtime/stack-exhausted", "The guest used up its call stack.");
    }
    const locals = new Int32Array(code.locals);
    for (let index = code.parameters - 1; index >= 0; index -= 1) locals[index] = pop(this.#stack);
    const labels = [{ next: code.body.length, height: this.#stack.length, results: code.results }];
    this.#frames.push({ code, locals, labels, next: 0 });
  }

  #leave({ labels: [own] }: Frame): void {
    if (own !== undefined) this.#keep(own.height, own.results);
    this.#frames.pop();
  }

  #call(index: number): Promise<number> | undefined {
    const code = this.#program.functions[index] ?? trap("it has no such function");
    if ("body" in code) {
      this.#enter(code);
      return undefined;
    }
    const parameters = this.#stack.splice(this.#stack.length - code.parameters);
    const result = this.#host(code)(parameters);
    if (typeof result !== "number") return result;
    this.#stack.push(result);
    return undefined;
  }

  #label(frame: Frame, next: number, results: number): void {
    frame.labels.push({ next, height: this.#stack.length, results });
  }

  #branch(frame: Frame, depth: number): void {
    const { labels } = frame;
    const target = labels[labels.length - 1 - depth] ?? trap("it branched out of its function");
    this.#keep(target.height, target.results);
    // The function's own label stays until the function is left.
    labels.length = Math.max(1, labels.length - depth - 1);
    frame.next = target.next;
  }

  /** Lowers the stack, all but its last values. */
  #keep(height: number, results: number): void {
    const kept = results === 0 ? [] : this.#stack.splice(this.#stack.length - results);
    this.#stack.length = height;
    this.#stack.push(...kept);
  }

  #address(offset: number, bytes: number): number {
    const at = (pop(this.#stack) >>> 0) + offset;
    this.#check(at, bytes);
    return at;
  }

  #store(code: number, value: number, offset: number): void {
    if (code === 0x36) this.#view.setInt32(this.#address(offset, 4), value, true);
    else if (code === 0x3b) this.#view.setInt16(this.#address(offset, 2), value, true);
    else this.#view.setInt8(this.#address(offset, 1), value);
  }

  #bulk(code: number): void {
    const length = pop(this.#stack) >>> 0;
    const from = pop(this.#stack);
    const to = pop(this.#stack) >>> 0;
    this.#check(to, length);
    this.#pay(length / bytesPerFuel);
    if (code === 0xfc0b) this.memory.fill(from, to, to + length);
    else {
      this.#check(from >>> 0, length);
      this.memory.copyWithin(to, from >>> 0, (from >>> 0) + length);
    }
  }

  #growMemory(by: number): number {
    const pages = this.memory.length / pageBytes;
    const most = Math.min(this.#program.memory.most, this.#limits.memoryBytes / pageBytes);
    if (pages + by > most) return -1;
    const larger = new Uint8Array((pages + by) * pageBytes);
    larger.set(this.memory);
    this.#pay(larger.length / bytesPerFuel);
    this.memory = larger;
    this.#view = new DataView(larger.buffer);
    return pages;
  }

  /** Nothing can be put into the table here, so that its size is all there is of it. */
  #growTable(by: number, _value: number): number {
    const elements = this.#elements;
    if (elements + by > Math.min(this.#program.table.most, this.#limits.tableElements)) return -1;
    this.#elements += by;
    return elements;
  }

  #check(at: number, bytes: number): void {
    if (at + bytes > this.memory.length) trap("it accessed memory out of bounds");
  }

  #pay(fuel: number): void {
    this.fuel += Math.ceil(fuel);
    if (this.fuel <= this.#limits.fuel) return;
    this.fuel = this.#limits.fuel;
    throw new GuestFault(
      "runtime/out-of-fuel",
      `The guest used up its ${this.fuel} units of fuel.`,
    );
  }
}

function pop(stack: number[]): number {
  return stack.pop() ?? trap("it took a value that is not there");
}
