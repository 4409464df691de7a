import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = (entry: string) => `${root}dist/${entry}.js`;

// Tests of one room import it from src; tests of the public surface import the built package by its
// own name, workers and bindings generator included, exactly as a user gets it.
export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^yoi-plugin-sdk$/, replacement: built("index") },
      { find: /^yoi-plugin-sdk\/(.+)$/, replacement: built("$1") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // These have configurations of their own: they need a browser, a Redis, or files from elsewhere.
    exclude: ["test/browser/**", "test/corpora/**", "test/queue/redis/**"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: "forks",
    // Guests wait for threads of their own more than they compute: two files at a time even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Loaded by Node itself, which resolves what the package's own conditions choose.
    server: { deps: { external: [/\/dist\//] } },
  },
});
