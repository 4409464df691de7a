import { mergeConfig } from "vitest/config";
import suite from "./vitest.config.ts";

// What may come out differently on another version of Node. The rest is about the source itself, about
// what only our own code decides, or an example of what other tests hold in parts.
export default mergeConfig(suite, {
  test: {
    exclude: [
      "test/structure/**",
      "test/build/**",
      "test/docs.test.ts",
      "test/requirements.test.ts",
      "test/archive/**",
      "test/manifest/**",
      "test/testing/broken-backends.test.ts",
      "test/e2e/custom-backend.test.ts",
      "test/e2e/custom-host.test.ts",
      "test/e2e/instance-grants.test.ts",
      "test/e2e/reach-race.test.ts",
    ],
  },
});
