import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { repository } from "./source-tree.ts";

const manifest = JSON.parse(readFileSync(`${repository}package.json`, "utf8")) as {
  readonly exports: Readonly<Record<string, string | { types: string; default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
};

/** Every name that is there at run time, by subpath. Adding or removing one is a deliberate act. */
const surface: Readonly<Record<string, readonly string[]>> = {
  ".": [
    "PluginError",
    "PluginInstanceRegistry",
    "ToolRegistry",
    "all",
    "any",
    "ask",
    "componentBackend",
    "coreWasmBackend",
    "createAuthority",
    "createFsApi",
    "createHttpsApi",
    "createInstance",
    "createLogApi",
    "createMemoryFileSystem",
    "createRequestApi",
    "createTimerDriver",
    "createWebSocketApi",
    "createWebSocketDriver",
    "createWebhookDriver",
    "defineHostApi",
    "diffInspections",
    "errorCodes",
    "githubSignature",
    "grantRequested",
    "hmacSignature",
    "hostApiWit",
    "inspect",
    "inspectionSchema",
    "isPluginError",
    "loadPackage",
    "memoryIngressQueue",
    "packPackage",
    "packageDigest",
    "readGrantRecord",
    "record",
    "renderDiff",
    "renderInspection",
    "revocable",
    "slackSignature",
    "standardWebhookSignature",
    "stripeSignature",
    "timestampedSignature",
  ],
  "./node": [
    "cacheFolder",
    "createNodeListener",
    "createNodeNetwork",
    "createPackageCache",
    "decisionChannelName",
    "defaultStores",
    "disablePlugin",
    "discoverPackages",
    "enablePlugin",
    "enablementFile",
    "nodeFileSystem",
    "openPlugins",
    "planText",
    "projectStore",
    "readEnablement",
    "readEnablementFile",
    "readPlan",
    "resolvePlugins",
    "userStore",
  ],
  "./browser": ["createBrowserNetwork"],
  "./testing": ["backendConformance", "conformanceRules"],
  "./pdk": [
    "RetryableError",
    "ToolError",
    "accepted",
    "definePlugin",
    "defineTools",
    "diagnosticStatusUpdate",
    "hostRequestDispatch",
    "jsonOutput",
    "maxCommandIdBytes",
    "maxCommandPayloadBytes",
    "maxCommands",
    "maxContentBytes",
    "maxErrorMessageBytes",
    "maxOutputBytes",
    "maxSummaryBytes",
    "pluginStatus",
    "rejected",
    "requestResult",
    "timerTick",
    "toolOutput",
    "webhookCall",
    "websocketSend",
    "websocketText",
  ],
  "./build": ["buildComponent", "buildPackage"],
  "./bullmq": ["bullmqIngressQueue"],
};

describe("[package/surface] what the package exports", () => {
  test("is these subpaths, each with types and code of its own name", () => {
    const files = ["./wit/*", "./package.json"];
    expect(Object.keys(manifest.exports)).toEqual([...Object.keys(surface), ...files]);
    for (const path of Object.keys(surface)) {
      const name = path === "." ? "index" : path.slice(2);
      expect(manifest.exports[path]).toEqual({
        types: `./dist/${name}.d.ts`,
        default: `./dist/${name}.js`,
      });
    }
  });

  test.each(Object.entries(surface))("%s has these names", async (path, names) => {
    const name = path === "." ? "index" : path.slice(2);
    const module = await import(`${repository}dist/${name}.js`);
    expect(Object.keys(module).sort()).toEqual(names);
  });
});

describe("[package/light] what the package needs", () => {
  test("is these packages, each with a line in the decisions", () => {
    const decision = readFileSync(`${repository}docs/decisions/0008-dependencies.md`, "utf8");
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      expect(decision).toContain(`| \`${name}\` |`);
      // Pinned: what users get is what was tested.
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/u);
    }
  });

  test("is installed without running a script", () => {
    const hooks = ["preinstall", "install", "postinstall", "prepare"];
    expect(Object.keys(manifest.scripts).filter((name) => hooks.includes(name))).toEqual([]);
  });
});
