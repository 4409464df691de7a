import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// In a real browser, over the built package: `npm run test:browser`, which needs Chromium.
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["test/browser/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
  },
});
