import { isPluginError } from "../../src/errors.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";
import { meterModule } from "../../src/wasm/meter.ts";
import { refusedFeatures } from "./not-run.ts";
import { type Engine, type Outcome, ScriptReport } from "./script-report.ts";
import { assemble, isQuoted, moduleText } from "./wast-bytes.ts";
import { type Form, stringText } from "./wast-forms.ts";
import {
  type Check,
  checkName,
  expectationText,
  harnessText,
  isExpected,
  type Signature,
  signaturesOf,
} from "./wast-harness.ts";
import { readScript, type Step } from "./wast-script.ts";
import { clampAndMeter, endingOf, meteredWorld, plainWorld, type World } from "./wast-world.ts";

type CheckStep = Extract<Step, { kind: "check" }>;

/** Runs one script of the suite in all worlds. */
export async function runScript(name: string, script: string, engine: Engine): Promise<Outcome> {
  const run = new ScriptRun(name, script, engine);
  const steps = readScript(script);
  for (let at = 0; at < steps.length; ) {
    const batch: CheckStep[] = [];
    for (let step = steps[at]; step?.kind === "check"; step = steps[at]) {
      batch.push(step);
      at += 1;
    }
    if (batch.length > 0) await run.checks(batch);
    const step = steps[at];
    at += 1;
    if (step !== undefined) await run.step(step as Exclude<Step, CheckStep>);
  }
  return run.report.outcome;
}

/** Of a check that reads a global. */
const readsGlobal: Signature = { parameters: [], results: [] };

class ScriptRun {
  readonly report: ScriptReport;
  readonly #script: string;
  readonly #engine: Engine;
  readonly #worlds: readonly [World, World, World];
  readonly #ids = new Map<string, number>();
  readonly #definitions = new Map<string, Form>();
  readonly #signatures: ReadonlyMap<string, Signature>[] = [];
  /** Why an instance, or a registered module, is not there. */
  readonly #absent = new Map<number, string>();
  readonly #missing = new Map<string, string>();
  #current = -1;

  constructor(name: string, script: string, engine: Engine) {
    this.report = new ScriptReport(name, script, engine);
    this.#script = script;
    this.#engine = engine;
    const { spectest } = engine;
    const [metered, clamped] = [meteredWorld(spectest, false), meteredWorld(spectest, true)];
    this.#worlds = [plainWorld(spectest), metered, clamped];
  }

  async step(step: Exclude<Step, CheckStep>): Promise<void> {
    switch (step.kind) {
      case "module":
        if (step.isOnlyDefined) this.#definitions.set(step.id, step.form);
        else await this.#instantiate(step.form, step.id);
        return;
      case "instance": {
        const form = this.#definitions.get(step.of) ?? [...this.#definitions.values()].at(-1);
        if (form === undefined) throw new Error("an instance of no module");
        await this.#instantiate(form, step.id);
        return;
      }
      case "register": {
        const index = this.#instanceOf(step.id);
        const reason = this.#absent.get(index);
        if (reason !== undefined) this.#missing.set(stringText(step.name), reason);
        for (const world of this.#worlds) {
          const exports = world.instances.get(index);
          if (exports !== undefined) world.registry[stringText(step.name)] = exports;
        }
        return;
      }
      default:
        await this.#refused(step);
    }
  }

  /** Runs checks that follow one another, with one harness. */
  async checks(steps: readonly CheckStep[]): Promise<void> {
    const runnable: {
      readonly step: CheckStep;
      readonly check: Check;
      readonly signature: Signature;
    }[] = [];
    for (const step of steps) {
      const instance = this.#instanceOf(step.id);
      const reason = this.#absent.get(instance);
      const check: Check = { form: step.form, instance, expected: step.expected, ...step.action };
      const signature = this.#signatures[instance]?.get(checkName(check));
      if (reason !== undefined) this.report.skip(reason);
      else if (step.action.action === "get") runnable.push({ step, check, signature: readsGlobal });
      else if (signature === undefined) this.report.fail(step.form, "the export is not there");
      else runnable.push({ step, check, signature });
    }
    if (runnable.length === 0) return;
    const harness = new WebAssembly.Module(await assemble(harnessText(runnable)));
    const wanted = new WebAssembly.Module(
      await assemble(expectationText(runnable.map(({ check }) => check))),
    );
    const views = this.#worlds.map((world) => this.#harness(harness, world));
    const expectation = this.#harness(wanted, this.#worlds[0]);
    for (const [number, { step, check }] of runnable.entries()) {
      if (check.action === "get") {
        this.#readGlobal(step, check);
        continue;
      }
      const results = views.map(({ functions, view }) => {
        const { ending, words } = endingOf(() => functions[String(number)]?.());
        if (ending !== step.outcome) return { ending, words, isRight: false };
        if (ending !== "return" || check.expected === undefined)
          return { ending, words, isRight: true };
        const alternatives = Math.max(1, ...check.expected.map((choices) => choices.length));
        let isRight = false;
        for (let alternative = 0; alternative < alternatives && !isRight; alternative += 1) {
          expectation.functions[`${number}:${alternative}`]?.();
          isRight = isExpected(check, alternative, view, expectation.view);
        }
        return { ending, words, isRight };
      });
      this.report.compare(step.form, results);
    }
  }

  #harness(module: WebAssembly.Module, world: World) {
    const imports: WebAssembly.Imports = {
      host: {
        extern: (number: number) => ({ number }),
        number: (value: { number: number } | null) => value?.number ?? -1,
      },
    };
    for (const [index, exports] of world.instances) imports[`instance ${index}`] = exports;
    const { exports } = new WebAssembly.Instance(module, imports);
    return {
      functions: exports as Record<string, () => void>,
      view: new DataView((exports.memory as WebAssembly.Memory).buffer),
    };
  }

  #readGlobal(step: CheckStep, check: Check): void {
    const name = checkName(check);
    const form = check.expected?.[0]?.[0];
    const [plain, metered, clamped] = this.#worlds.map((world) => {
      const exports = world.instances.get(check.instance) as WebAssembly.Exports;
      const { value } = exports[name] as WebAssembly.Global;
      return typeof value === "bigint" || typeof value === "number"
        ? value
        : Number(value !== null);
    });
    const wanted = form?.items[1]?.text.replaceAll("_", "");
    const isRight =
      wanted === undefined || typeof plain === "undefined" ? false : sameNumber(plain, wanted);
    if (!Object.is(plain, metered) || !Object.is(plain, clamped)) {
      this.report.fail(step.form, `plain: ${plain}; metered: ${metered}; clamped: ${clamped}`);
    } else if (form !== undefined && !isRight) this.report.fail(step.form, `both give ${plain}`);
    else this.report.outcome.passed += 1;
  }

  async #instantiate(form: Form, id: string): Promise<void> {
    this.#current = this.#signatures.length;
    if (id !== "") this.#ids.set(id, this.#current);
    this.#signatures.push(new Map());
    const bytes = await this.#bytesOf(form);
    const reason = bytes instanceof Uint8Array ? this.#reasonNotToRun(bytes) : bytes;
    if (reason !== undefined) {
      this.#absent.set(this.#current, reason);
      this.report.skip(reason);
      return;
    }
    this.#signatures[this.#current] = signaturesOf(bytes as Uint8Array);
    for (const world of this.#worlds) {
      const { ending, words } = endingOf(() =>
        this.#start(bytes as Uint8Array<ArrayBuffer>, world),
      );
      if (ending === "return") continue;
      this.#absent.set(this.#current, "it did not start");
      this.report.fail(form, `${world.name}: ${ending} ${words}`);
      return;
    }
    this.report.outcome.modules += 1;
  }

  #start(bytes: Uint8Array<ArrayBuffer>, world: World): void {
    const module = new WebAssembly.Module(world.prepare(bytes));
    const instance = new WebAssembly.Instance(module, { ...world.registry, ...world.imports });
    world.instances.set(this.#current, instance.exports);
  }

  /** Why a module does not run: guests may not use what it needs, or the engine lacks it. */
  #reasonNotToRun(bytes: Uint8Array<ArrayBuffer>): string | undefined {
    const facts = readArtifact(bytes);
    const { features } = facts;
    for (const feature of features) {
      const why = refusedFeatures[feature];
      if (why === undefined) continue;
      // It must be refused, and not by the engine only.
      const error = errorOf(() => clampAndMeter(bytes));
      if (isPluginError(error) && error.code === "artifact/unsupported")
        return `refused: ${feature}, ${why}`;
    }
    for (const feature of features) {
      if (!this.#engine.lacks.has(feature)) continue;
      clampAndMeter(bytes);
      return `metered, but this engine lacks ${feature}`;
    }
    if (facts.kind !== "module") return undefined;
    for (const { module } of facts.module.imports) {
      const cause = this.#missing.get(module);
      if (cause !== undefined) return `${cause} (in a module that it imports)`;
    }
    return undefined;
  }

  async #refused(step: Extract<Step, { kind: "refused" }>): Promise<void> {
    const bytes = await this.#bytesOf(step.module);
    if (!(bytes instanceof Uint8Array))
      return this.report.skip("the text is malformed, so that there are no bytes");
    if (step.outcome === "malformed" && isQuoted(step.module)) {
      return this.report.skip("the text is malformed, so that there are no bytes");
    }
    if (step.outcome === "invalid" || step.outcome === "malformed") {
      if (WebAssembly.validate(bytes)) {
        const reason = this.report.deviation(step.form) ?? undefined;
        if (reason === undefined)
          this.report.fail(step.form, "the engine takes a module that it should refuse");
        else this.report.skip(reason);
        return;
      }
      const metered = attempt(() => meterModule(bytes));
      if (metered !== undefined && WebAssembly.validate(metered))
        this.report.fail(step.form, "metering made it valid");
      else this.report.outcome.passed += 1;
      return;
    }
    const reason = this.#reasonNotToRun(bytes);
    if (reason !== undefined) return this.report.skip(reason);
    const current = this.#current;
    this.#current = this.#signatures.length;
    this.#signatures.push(new Map());
    const results = this.#worlds.map((world) => {
      const { ending, words } = endingOf(() => this.#start(bytes, world));
      // Numbers of imports differ by the meter's own.
      return {
        ending,
        words: ending === "unlinkable" ? "" : words,
        isRight: ending === step.outcome,
      };
    });
    this.#current = current;
    this.report.compare(step.form, results);
  }

  async #bytesOf(form: Form): Promise<Uint8Array<ArrayBuffer> | string> {
    try {
      return await assemble(moduleText(this.#script, form));
    } catch {
      return "wasm-tools can't parse it";
    }
  }

  #instanceOf(id: string): number {
    return id === "" ? this.#current : (this.#ids.get(id) ?? -1);
  }
}

function sameNumber(value: number | bigint, text: string): boolean {
  return typeof value === "bigint" ? value === BigInt(text) : value === Number(text);
}

function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (isPluginError(error)) return undefined;
    throw error;
  }
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
}
