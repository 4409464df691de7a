import { wasiLimits } from "../../limits.ts";
import { type WasiContext, wasiError } from "./wasi-context.ts";

/** `wasi:io/{error,poll,streams}`: closed input, output into the bounded log, everything ready at once. */
export interface WasiIo {
  readonly error: object;
  readonly poll: object;
  readonly streams: object;
  /** An input stream at its end. */
  closedInput(): object;
  /** An output stream into the log. */
  logOutput(stream: "stdout" | "stderr"): object;
  /** Something to wait for that is ready; `onBlock` runs when the guest waits for it. */
  pollable(onBlock?: () => void): object;
}

const chunkBytes = wasiLimits.streamChunkBytes.default;

/** @returns The interfaces for one guest instance. */
export function createIo(context: WasiContext): WasiIo {
  class IoError {
    toDebugString(): string {
      return "closed";
    }
  }

  class Pollable {
    readonly #onBlock: () => void;
    constructor(onBlock: () => void = () => undefined) {
      this.#onBlock = onBlock;
    }
    ready(): boolean {
      return true;
    }
    block(): void {
      this.#onBlock();
    }
  }

  const closed = (): never => wasiError({ tag: "closed" });

  class InputStream {
    read = closed;
    blockingRead = closed;
    skip = closed;
    blockingSkip = closed;
    subscribe(): Pollable {
      return new Pollable();
    }
  }

  class OutputStream {
    readonly #write: (bytes: Uint8Array) => void;
    constructor(write: (bytes: Uint8Array) => void = closed) {
      this.#write = write;
    }
    checkWrite(): bigint {
      return BigInt(chunkBytes);
    }
    write(bytes: Uint8Array): void {
      if (bytes.length > chunkBytes) tooMuch(context);
      this.#write(bytes);
    }
    blockingWriteAndFlush(bytes: Uint8Array): void {
      this.write(bytes);
    }
    flush(): void {}
    blockingFlush(): void {}
    writeZeroes(length: bigint): void {
      if (length > BigInt(chunkBytes)) tooMuch(context);
      this.#write(new Uint8Array(Number(length)));
    }
    blockingWriteZeroesAndFlush(length: bigint): void {
      this.writeZeroes(length);
    }
    splice = closed;
    blockingSplice = closed;
    subscribe(): Pollable {
      return new Pollable();
    }
  }

  const poll = (pollables: readonly Pollable[]): Uint32Array => {
    if (pollables.length === 0 || pollables.length > wasiLimits.pollables.default) {
      context.stop({
        code: "runtime/trap",
        message: "The guest polled none or too many pollables.",
      });
    }
    // Waiting for several is waiting for the first: each is ready once its wait was skipped.
    pollables[0]?.block();
    return Uint32Array.of(0);
  };

  return {
    error: { Error: IoError },
    poll: { Pollable, poll },
    streams: { InputStream, OutputStream },
    closedInput: () => new InputStream(),
    logOutput(stream) {
      const decoder = new TextDecoder();
      return new OutputStream((bytes) =>
        context.log(stream, decoder.decode(bytes, { stream: true })),
      );
    },
    pollable: (onBlock) => new Pollable(onBlock),
  };
}

function tooMuch(context: WasiContext): never {
  context.stop({
    code: "runtime/trap",
    message: "The guest wrote more at once than it was allowed.",
  });
}
