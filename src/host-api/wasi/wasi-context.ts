/** What the stand-ins need of the guest instance around them. */
export interface WasiContext {
  /** Takes text that the guest wrote; the context bounds it. */
  log(stream: "stdout" | "stderr", text: string): void;
  /** Ends the guest; the first reason stays. */
  stop(reason: WasiStop): never;
}

/** Why a stand-in ends the guest. */
export interface WasiStop {
  readonly code: "runtime/trap" | "runtime/limit";
  readonly message: string;
}

/**
 * The error value of a WASI function's result, thrown in the form that the generated glue reads.
 *
 * @param payload The error as the interface types it.
 */
export function wasiError(payload: unknown): never {
  throw { payload };
}
