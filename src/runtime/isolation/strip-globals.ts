/**
 * What a worker's global object keeps, by name: the language, WebAssembly, text coding, and what the
 * worker's own loading of checked glue needs (`Blob`, `URL`, timers stay in closures that took them).
 */
const keptGlobals: ReadonlySet<string> = new Set([
  "AggregateError",
  "Array",
  "ArrayBuffer",
  "Atomics",
  "BigInt",
  "BigInt64Array",
  "BigUint64Array",
  "Boolean",
  "DataView",
  "Date",
  "Error",
  "EvalError",
  "FinalizationRegistry",
  "Float32Array",
  "Float64Array",
  "Function",
  "Infinity",
  "Int16Array",
  "Int32Array",
  "Int8Array",
  "Iterator",
  "JSON",
  "Map",
  "Math",
  "NaN",
  "Number",
  "Object",
  "Promise",
  "Proxy",
  "RangeError",
  "ReferenceError",
  "Reflect",
  "RegExp",
  "Set",
  "SharedArrayBuffer",
  "String",
  "Symbol",
  "SyntaxError",
  "TypeError",
  "URIError",
  "Uint16Array",
  "Uint32Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "WeakMap",
  "WeakRef",
  "WeakSet",
  "WebAssembly",
  "globalThis",
  "undefined",
  "isFinite",
  "isNaN",
  "parseFloat",
  "parseInt",
  "TextDecoder",
  "TextEncoder",
  "Blob",
  "URL",
  "performance",
  "crypto",
]);

/**
 * Removes everything else from the global object and its prototypes, so that code which somehow got
 * out of the guest's realm finds no process, no network and no further worker.
 */
export function stripGlobals(): void {
  let object: object | null = globalThis;
  while (object !== null && object !== Object.prototype) {
    for (const key of Reflect.ownKeys(object)) {
      if (typeof key === "string" && keptGlobals.has(key)) continue;
      // What can't be deleted (a few browser attributes) is shadowed instead.
      if (!Reflect.deleteProperty(object, key) && typeof key === "string") {
        Reflect.defineProperty(globalThis, key, { value: undefined });
      }
    }
    object = Object.getPrototypeOf(object);
  }
}
