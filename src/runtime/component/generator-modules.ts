/** The bindings generator's own core modules, as its glue names them. */
export const generatorFiles = [
  "js-component-bindgen-component.core.wasm",
  "js-component-bindgen-component.core2.wasm",
] as const;

// The generator's glue asks for its modules while it is being loaded, before a message could bring
// them; so it waits here. This lives in a disposable worker that transpiles one component.
const { promise, resolve } = deferred<ReadonlyMap<string, WebAssembly.Module>>();

/** Gives the generator's glue one of its modules, once they are here. The build calls it in place of a fetch. */
export async function generatorModule(file: string): Promise<WebAssembly.Module> {
  const module = (await promise).get(file);
  if (module === undefined) throw new Error("the bindings generator lacks a module");
  return module;
}

/** Hands over the generator's modules. */
export const provideGenerator = resolve;

function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let settle: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((fulfil) => {
    settle = fulfil;
  });
  return { promise, resolve: settle };
}
