import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Test data from public suites, beside the project; the ordinary suite does not need it.
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["test/corpora/**/*.corpora.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
  },
});
