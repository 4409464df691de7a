import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const built = (entry: string) => `${root}dist/${entry}.js`;

// Against a real Redis: `npm run test:redis`, which needs Debian's redis-server and the built package.
export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^yoi-plugin-sdk$/, replacement: built("index") },
      { find: /^yoi-plugin-sdk\/(.+)$/, replacement: built("$1") },
    ],
  },
  test: {
    include: ["test/queue/redis/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    server: { deps: { external: [/\/dist\//] } },
  },
});
