import type { WasmFeature } from "../../src/wasm/artifact.types.ts";
import { deviations } from "./not-run.ts";
import type { Form } from "./wast-forms.ts";
import type { Ending } from "./wast-world.ts";

/** What came of one script. */
export interface Outcome {
  /** Assertions that ran in both worlds and came out as the suite says. */
  passed: number;
  /** Modules that ran in both worlds. */
  modules: number;
  /** Modules and assertions that could not run, by the reason. */
  readonly notRun: Map<string, number>;
  /** What differs, and where. */
  readonly failures: string[];
}

/** What the engine lacks, and the module that scripts import. */
export interface Engine {
  readonly lacks: ReadonlySet<WasmFeature>;
  readonly spectest: WebAssembly.Module;
}

/** How something came out in one world. */
export interface Result {
  readonly ending: Ending;
  readonly words: string;
  readonly isRight: boolean;
}

function describe({ ending, words, isRight }: Result): string {
  return `${ending}${words === "" ? "" : ` (${words})`}, ${isRight ? "as it should be" : "wrong"}`;
}

/** Keeps what came of one script. */
export class ScriptReport {
  readonly outcome: Outcome = { passed: 0, modules: 0, notRun: new Map(), failures: [] };
  readonly #name: string;
  readonly #script: string;
  readonly #engine: Engine;

  constructor(name: string, script: string, engine: Engine) {
    this.#name = name;
    this.#script = script;
    this.#engine = engine;
  }

  /** Compares how something came out in the worlds; only clamping may change what a script sees. */
  compare(form: Form, results: readonly Result[]): void {
    const [plain, metered, clamped] = results;
    if (plain === undefined || metered === undefined || clamped === undefined) return;
    const reason = this.deviation(form);
    if (describe(plain) !== describe(metered)) {
      this.fail(form, `plain: ${describe(plain)}; metered: ${describe(metered)}`);
    } else if (reason !== undefined) {
      this.skip(reason);
    } else if (describe(plain) !== describe(clamped)) {
      this.fail(form, `plain: ${describe(plain)}; clamped: ${describe(clamped)}`);
    } else if (!plain.isRight) {
      this.fail(form, `in every world: ${describe(plain)}`);
    } else {
      this.outcome.passed += 1;
    }
  }

  /** Why an assertion may come out otherwise. */
  deviation(form: Form): string | undefined {
    const text = this.#textOf(form);
    return deviations.find(
      ({ script, form: start, lacking }) =>
        script === this.#name &&
        text.startsWith(start) &&
        (lacking === undefined || this.#engine.lacks.has(lacking)),
    )?.reason;
  }

  skip(reason: string): void {
    this.outcome.notRun.set(reason, (this.outcome.notRun.get(reason) ?? 0) + 1);
  }

  fail(form: Form, what: string): void {
    this.outcome.failures.push(`${this.#textOf(form).slice(0, 160)}: ${what}`);
  }

  #textOf(form: Form): string {
    return this.#script.slice(form.start, form.end).replace(/\s+/gu, " ");
  }
}
