import { describe, expect, it } from "vitest";
import { startDeadline } from "../../src/deadline.ts";
import { artifactLimits, defaultLimits, guestLimits } from "../../src/limits.ts";
import type { Artifact } from "../../src/runtime/backend.ts";
import type { GuestImage } from "../../src/runtime/isolation/guest-image.ts";
import type { WorkerPort } from "../../src/runtime/isolation/worker-port.ts";
import { createPrepareImage } from "../../src/runtime/preparation/prepare-image.ts";
import { createPrepareGuest } from "../../src/runtime/preparation/prepared-images.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";

const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const facts = readArtifact(emptyModule);
const limits = defaultLimits(guestLimits);
const artifact = (key: string): Artifact => ({
  key,
  bytes: emptyModule,
  facts,
  runtime: { kind: "wasm", entry: "a", abi: "yoi-plugin-wasm-1" },
});

/** Prepares nothing, and counts how often it was asked. */
function counting(prepare: () => Promise<GuestImage> = async () => ({}) as GuestImage) {
  const asked = { times: 0 };
  const prepareGuest = createPrepareGuest("core", {
    enableFeature: () => {},
    prepareImage: () => {
      asked.times += 1;
      return prepare();
    },
  });
  return { asked, prepareGuest };
}

describe("a guest is prepared", () => {
  it("once for equal bytes under equal limits, also by callers at the same time", async () => {
    const { asked, prepareGuest } = counting();
    await Promise.all([
      prepareGuest(artifact("a"), { limits }),
      prepareGuest(artifact("a"), { limits }),
    ]);
    await prepareGuest(artifact("a"), { limits });
    expect(asked.times).toBe(1);
    await prepareGuest(artifact("a"), { limits: { ...limits, memoryBytes: 65_536 } });
    expect(asked.times).toBe(2);
  });

  it("again when it failed, as that may have been the machine's fault", async () => {
    let isBroken = true;
    const { asked, prepareGuest } = counting(async () => {
      if (isBroken) throw new Error("broken");
      return {} as GuestImage;
    });
    await expect(prepareGuest(artifact("a"), { limits })).rejects.toThrow("broken");
    isBroken = false;
    await prepareGuest(artifact("a"), { limits });
    expect(asked.times).toBe(2);
  });

  it("and kept, until keptImages newer ones are", async () => {
    const { asked, prepareGuest } = counting();
    const most = artifactLimits.keptImages.default;
    for (let index = 0; index < most; index += 1) {
      await prepareGuest(artifact(`guest ${index}`), { limits });
    }
    await prepareGuest(artifact("guest 0"), { limits });
    expect(asked.times).toBe(most);
    await prepareGuest(artifact("one more"), { limits });
    await prepareGuest(artifact("guest 0"), { limits });
    expect(asked.times).toBe(most + 2);
  });

  it("for the others, when one caller gives up waiting", async () => {
    let finish: (image: GuestImage) => void = () => {};
    const { prepareGuest } = counting(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const impatient = new AbortController();
    const first = prepareGuest(artifact("a"), { limits, signal: impatient.signal });
    const second = prepareGuest(artifact("a"), { limits });
    impatient.abort();
    await expect(first).rejects.toMatchObject({ code: "runtime/aborted" });
    finish({} as GuestImage);
    await expect(second).resolves.toBeDefined();
  });
});

/** A worker that never answers. */
function silentWorker(): { readonly worker: WorkerPort; readonly terminated: Promise<void> } {
  let terminate: () => void = () => {};
  const terminated = new Promise<void>((resolve) => {
    terminate = resolve;
  });
  const worker: WorkerPort = {
    post() {},
    onMessage() {},
    onEnd() {},
    terminate,
    ref() {},
    unref() {},
  };
  return { worker, terminated };
}

it("preparing that takes longer than its deadline (preparationMs) ends with its worker", async () => {
  const { worker, terminated } = silentWorker();
  const prepareImage = createPrepareImage(
    () => worker,
    async () => new Map(),
  );
  using deadline = startDeadline({ budgetMs: 5 });
  const source = {
    format: "core",
    bytes: emptyModule,
    declared: { pages: 0, elements: 0 },
    hostImports: [],
    exports: [],
    isSuspending: false,
    features: [],
  } as const;
  await expect(prepareImage(source, deadline)).rejects.toMatchObject({ code: "artifact/limit" });
  await terminated;
  expect(artifactLimits.preparationMs.default).toBeGreaterThan(1_000);
});
