import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Against a real Redis: `npm run test:redis`, which needs Debian's redis-server.
export default defineConfig({
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  test: {
    include: ["test/queue/redis/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
  },
});
