import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import v8 from "node:v8";
import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";

type Call = (toolName: string, inputJson: string) => string;

/** Runs a component that we built ourselves right here, with jco and without any sandbox. */
export async function runComponent(
  component: Uint8Array,
  imports: Record<string, object> = {},
): Promise<Call> {
  await $init;
  v8.setFlagsFromString("--experimental-wasm-extended-const");
  const { files } = generate(component, {
    name: "guest",
    instantiation: { tag: "sync" },
    noTypescript: true,
    noNodejsCompat: true,
    tlaCompat: false,
    base64Cutoff: 0,
  });
  const modules = new Map(files);
  const directory = await mkdtemp(join(tmpdir(), "yoi-run-"));
  try {
    const glue = join(directory, "guest.mjs");
    await writeFile(glue, modules.get("guest.js") ?? "");
    const { instantiate } = (await import(/* @vite-ignore */ pathToFileURL(glue).href)) as {
      instantiate(
        load: (path: string) => WebAssembly.Module,
        imports: Record<string, object>,
      ): { call: Call };
    };
    const load = (path: string) =>
      new WebAssembly.Module(new Uint8Array(modules.get(path) ?? new Uint8Array()));
    return instantiate(load, imports).call;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The imports and exports of a component, as wasm-tools prints them. */
export async function worldOf(component: Uint8Array): Promise<readonly string[]> {
  const wit = await componentWit(component);
  return wit.split("\n").flatMap((line) => /^ +((?:import|export) .*);$/.exec(line)?.[1] ?? []);
}
