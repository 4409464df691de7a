/** What the browser tests run inside the page: bundled by esbuild, as a user's own program would be. */
import {
  createFsApi,
  createInstance,
  createMemoryFileSystem,
  grantRequested,
  type HostApi,
  type HostFunction,
  type InstanceOptions,
  inspect,
  isPluginError,
  loadPackage,
  type PluginInstance,
  ToolRegistry,
} from "yoi-plugin-sdk";

/** One case: files of a package by path, each the URL of its bytes. */
export interface Case {
  readonly files: Readonly<Record<string, string>>;
  readonly tool: string;
  readonly input: Readonly<Record<string, string>>;
  readonly limits?: InstanceOptions["limits"];
  readonly abortAfterMs?: number;
  /** Text files in memory by absolute path; the folder /data is granted for reading. */
  readonly memoryFiles?: Readonly<Record<string, string>>;
  /** How many host calls are never answered, after the first one that is; then `memoryFiles` answer again. */
  readonly unanswered?: number;
  /** How often the tool is called. */
  readonly calls?: number;
}

/** What became of it, as plain data. */
export interface CaseResult {
  readonly status: string;
  readonly tools: readonly string[];
  /** The code that `createInstance` threw. */
  readonly refused?: string;
  /** How the instance says that host calls are answered. */
  readonly hostCalls?: string;
  /** How often the guest's isolate was replaced. */
  readonly replacements?: number;
  /** How many unanswered host calls were told to end. */
  readonly ended?: number;
  readonly results: readonly {
    readonly code?: string;
    readonly summary: string;
    readonly content?: string;
    readonly durationMs: number;
    readonly fuel?: number;
  }[];
  /** The longest pause of the page's own thread, in milliseconds. */
  readonly longestPauseMs: number;
}

async function runCase(given: Case): Promise<CaseResult> {
  const files = await Promise.all(
    Object.entries(given.files).map(async ([path, url]) => {
      const response = await fetch(url);
      return [path, new Uint8Array(await response.arrayBuffer())] as const;
    }),
  );
  const pkg = await loadPackage(Object.fromEntries(files));
  const fs =
    given.memoryFiles === undefined ? [] : [{ root: "/data", operations: ["read" as const] }];
  const grants = grantRequested(pkg, { fs });
  const { status, tools } = await inspect(pkg, { grants });
  const pauses = watchPauses();
  const reported = { status, tools: tools.map(({ name }) => name) };
  const hanging = hangAfterFirst(given.unanswered ?? 0);
  try {
    const instance = await createInstance(pkg, {
      grants,
      ...(given.limits === undefined ? {} : { limits: given.limits }),
      ...(given.memoryFiles === undefined
        ? {}
        : {
            hostApis: [
              hanging.wrap(createFsApi({ fileSystem: createMemoryFileSystem(given.memoryFiles) })),
            ],
          }),
    });
    const results = await callAll(instance, given);
    const { hostCalls, replacements } = instance.status();
    await instance.stop();
    const ended = hanging.ended();
    return { ...reported, results, hostCalls, replacements, ended, longestPauseMs: pauses() };
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return { ...reported, refused: error.code, results: [], longestPauseMs: pauses() };
  }
}

/** Leaves some calls of an API unanswered, after the first one, and counts those whose signal fired. */
function hangAfterFirst(count: number): { wrap(api: HostApi): HostApi; ended(): number } {
  let asked = 0;
  let ended = 0;
  const hang = (signal: AbortSignal): Promise<never> =>
    new Promise(() =>
      signal.addEventListener("abort", () => {
        ended += 1;
      }),
    );
  const slowly =
    (answer: HostFunction): HostFunction =>
    (args, call) => {
      asked += 1;
      return asked > 1 && asked <= 1 + count ? hang(call.signal) : answer(args, call);
    };
  return {
    ended: () => ended,
    wrap: (api) => ({
      ...api,
      open(context) {
        const session = api.open(context);
        const functions = Array.from(
          session.functions,
          ([name, answer]) => [name, slowly(answer)] as const,
        );
        return {
          functions: new Map(functions),
          [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
        };
      },
    }),
  };
}

async function callAll(instance: PluginInstance, given: Case): Promise<CaseResult["results"]> {
  const registry = new ToolRegistry();
  registry.add(instance);
  const results: CaseResult["results"][number][] = [];
  for (let call = 0; call < (given.calls ?? 1); call += 1) {
    const signal =
      given.abortAfterMs === undefined ? {} : { signal: AbortSignal.timeout(given.abortAfterMs) };
    const { error, summary, content, durationMs, usage } = await registry.call(
      given.tool,
      given.input,
      signal,
    );
    results.push({
      summary,
      durationMs,
      ...(usage?.fuel === undefined ? {} : { fuel: usage.fuel }),
      ...(error === undefined ? {} : { code: error.code }),
      ...(content === undefined ? {} : { content }),
    });
  }
  return results;
}

/** Ticks every 10 ms and remembers the longest time between two ticks. */
function watchPauses(): () => number {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 10);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

Object.assign(globalThis, { runCase });
