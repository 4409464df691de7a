import { readFile } from "node:fs/promises";
import { createPackageCache, enablePlugin, readEnablement } from "../../src/store/store.ts";

/** What a test has done in a process of its own. */
const works: Readonly<Record<string, (...argv: readonly string[]) => Promise<void>>> = {
  /** Enables some ids in a file. */
  async enable(file = "", ...ids) {
    for (const id of ids) {
      for (const record of readEnablement({ enabled: [{ id }] }).enabled) {
        await enablePlugin(file, record);
      }
    }
  },

  /** Adds archives to a cache again and again, and opens each after it was added. */
  async race(folder = "", times = "", ...archives) {
    const cache = createPackageCache({ folder });
    for (let round = 0; round < Number(times); round += 1) {
      for (const path of archives) {
        const { digest } = await cache.add(await readFile(path));
        const { state } = await cache.open(digest);
        if (state !== "found") throw new Error(`a package just added is ${state}`);
      }
    }
    await cache.close();
  },

  /** Opens a package and keeps it until standard output is closed. */
  async hold(folder = "", archive = "") {
    const cache = createPackageCache({ folder });
    await cache.add(await readFile(archive));
    process.stdout.write("held\n");
    setInterval(() => {}, 1000);
  },
};

const [name = "", ...argv] = process.argv.slice(2);
await works[name]?.(...argv);
