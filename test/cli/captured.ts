import type { CliIo } from "../../src/cli/cli-io.ts";
import type { CliHost } from "../../src/cli/command.ts";
import { PluginError } from "../../src/errors.ts";
import type { GrantRecord } from "../../src/grants/grants.types.ts";
import { createAuthority } from "../../src/grants/plan.ts";
import type {
  InstanceEvents,
  PluginInstance,
  ToolResult,
} from "../../src/instance/instance.types.ts";
import type { Json } from "../../src/json.ts";
import type { PluginPackage } from "../../src/package/package.types.ts";

/** What a test's machine has. */
interface Machine {
  readonly isTerminal?: boolean;
  readonly environment?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly stdin?: string;
  /** What somebody at the terminal answers; nobody is there without it. */
  readonly answer?: boolean;
}

/** Streams that keep what is written. */
export function captureIo(machine: Machine = {}) {
  const written = { out: "", err: "", asked: [] as string[] };
  const stream = (name: "out" | "err") => ({
    write: (text: string) => {
      written[name] += text;
    },
    isTerminal: machine.isTerminal ?? false,
    columns: machine.isTerminal === true ? 80 : undefined,
  });
  const io: CliIo = {
    stdout: stream("out"),
    stderr: stream("err"),
    environment: machine.environment ?? {},
    readFile: async (path) => {
      const text = new Map(Object.entries(machine.files ?? {})).get(path);
      if (text === undefined) {
        throw new PluginError({
          code: "options/invalid",
          phase: "options",
          message: `The file ${path} can't be read: not found.`,
        });
      }
      return new TextEncoder().encode(text);
    },
    readStdin: async () => new TextEncoder().encode(machine.stdin ?? ""),
    confirm: async (question) => {
      if (machine.answer !== undefined) written.asked.push(question);
      return machine.answer;
    },
    signal: new AbortController().signal,
  };
  return { io, written };
}

/** A package as the loader would give it; nothing is in it but its manifest. */
export function packageOf(part: Partial<PluginPackage["manifest"]> = {}): PluginPackage {
  const digest = `sha256:${"0".repeat(64)}` as const;
  return {
    manifest: {
      schema_version: 1,
      id: "example.echo",
      name: "Echo",
      version: "1.2.3",
      surfaces: [],
      hooks: [],
      tools: [
        {
          name: "echo",
          description: "Says it again.",
          input_schema: { type: "object" },
          external_write: false,
        },
      ],
      services: [],
      ingresses: [],
      permissions: [
        { kind: "surface", surface: "tool" },
        { kind: "tool", name: "echo" },
      ],
      request: [],
      websocket: [],
      ...part,
    },
    digest,
    identity: {
      ref: "project:example.echo",
      source: "project",
      id: "example.echo",
      version: "1.2.3",
      digest,
    },
    surfaces: ["tool"],
    files: new Map(),
    readFile: () => new Uint8Array(),
  };
}

/** What the stand-in for an instance answers, and what it was asked. */
export interface Guest {
  readonly answer?: (input: Json) => Partial<ToolResult>;
  readonly log?: InstanceEvents["log"];
}

/**
 * The library with a stand-in for the sandbox, for what the commands read and write. Grants are
 * decided by the real authority. Real guests are run through the built command.
 */
export function hostOf(pkg: PluginPackage, guest: Guest = {}) {
  const seen: {
    input?: Json;
    timeoutMs?: number;
    grants?: GrantRecord;
    surfaces?: readonly string[];
    stopped: number;
  } = { stopped: 0 };
  const origin = {
    kind: "plugin",
    pluginId: pkg.identity.id,
    pluginRef: pkg.identity.ref,
    source: pkg.identity.source,
    digest: pkg.digest,
    packageVersion: pkg.identity.version,
    packageApiVersion: 1,
    surface: "tool",
  } as const;
  const host: CliHost = {
    version: "9.9.9",
    loadPackage: async (source) => {
      if (source === "missing.yoi-plugin") {
        throw new PluginError({
          code: "archive/io",
          phase: "discovery",
          message: "The package missing.yoi-plugin can't be read: not found.",
        });
      }
      return pkg;
    },
    packPackage: () => Promise.reject(new Error("not asked for")),
    inspect: () => Promise.reject(new Error("not asked for")),
    createInstance: async (_pkg, { grants, limits, surfaces }): Promise<PluginInstance> => {
      seen.surfaces = surfaces;
      if (grants !== undefined) seen.grants = grants;
      if (limits !== undefined) seen.timeoutMs = limits.timeoutMs;
      const authority = createAuthority(pkg, grants);
      const tools: PluginInstance["tools"][number][] = [];
      const denied: PluginInstance["denied"][number][] = [];
      for (const { name, description, input_schema } of pkg.manifest.tools) {
        const decision = await authority.decide(
          { kind: "tool", name, externalWrite: false },
          "registration",
        );
        if (decision.allowed) {
          tools.push({
            name,
            description,
            inputSchema: input_schema,
            externalWrite: false,
            origin,
          });
        } else {
          denied.push({ kind: "tool", name, diagnostic: { ...decision, phase: "registration" } });
        }
      }
      const listeners: ((event: never) => void)[] = [];
      const stop = async () => {
        seen.stopped += 1;
      };
      return {
        identity: pkg.identity,
        state: "ready",
        tools,
        services: [],
        ingresses: [],
        denied,
        callTool: async (tool, input) => {
          seen.input = input;
          if (guest.log !== undefined)
            for (const listener of listeners) listener(guest.log as never);
          return {
            callId: "1",
            tool,
            summary: "done",
            isError: false,
            durationMs: 12.3,
            origin,
            ...guest.answer?.(input),
          };
        },
        deliverIngress: notAskedFor,
        status: notAskedFor,
        refreshStatus: notAskedFor,
        stop,
        on: (name, listener) => {
          if (name === "log") listeners.push(listener as (event: never) => void);
          return () => {};
        },
        [Symbol.asyncDispose]: stop,
      };
    },
  };
  return { host, seen };
}

function notAskedFor(): never {
  throw new Error("not asked for");
}
