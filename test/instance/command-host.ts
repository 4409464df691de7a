import type { Diagnostic } from "../../src/errors.ts";
import { createAuthority, type Grants, grantRequested } from "../../src/grants/plan.ts";
import type { HostApi, HostCall } from "../../src/host-api/host-api.ts";
import type {
  DeliverOptions,
  IngressEvent,
  IngressReport,
  OutputCommandResult,
} from "../../src/instance/ingress.types.ts";
import { createOutputCommands } from "../../src/instance/output-commands.ts";
import type { OutputCommandPorts } from "../../src/instance/output-commands.types.ts";
import type { Json } from "../../src/json.ts";
import type { IngressDeclaration } from "../../src/manifest/manifest.types.ts";
import { permit, stubPackage } from "../grants/stub-package.ts";
import { attempt, envelope } from "./ingress-consumer.ts";

/** The event that is answered. */
export const answered = envelope("event-1");

/** A command in order, with what a test changes. */
export function command(
  kind: string,
  payload: Json,
  parts: { readonly [field: string]: Json } = {},
): Json {
  return {
    correlation_id: "event-1:c1",
    source_event_id: "event-1",
    command_id: "c1",
    kind,
    payload,
    requested_at: "2026-11-20T12:00:00Z",
    ...parts,
  };
}

/** The command that is always allowed. */
export const note = (parts: { readonly [field: string]: Json } = {}) =>
  command("diagnostic_status_update", { status: { state: "running" } }, parts);

/** A request that the package asks for and is granted. */
export const dispatch = (parts: { readonly [field: string]: Json } = {}, payload: object = {}) =>
  command(
    "host_request_dispatch",
    { method: "GET", url: "https://api.example.com/v1/x", ...payload },
    parts,
  );

const url = { scheme: "https", host: "api.example.com", path_prefixes: ["/v1"] };
const socket = { scheme: "wss", host: "chat.example.com", path_prefixes: ["/room"] };

/** Output commands of a package that asks for a request target and a WebSocket target. */
export function commandHost(
  options: Partial<OutputCommandPorts> & {
    readonly grants?: Grants;
    readonly kinds?: readonly string[];
    /** Answers requests; `undefined` leaves the host without a request API. */
    readonly answer?: (text: string, call: HostCall) => Promise<string>;
    readonly tell?: (event: IngressEvent) => Promise<IngressReport>;
  } = {},
) {
  const loopback = { ...url, scheme: "http", host: "127.0.0.1", methods: ["GET"] };
  const targets = {
    request: [{ ...url, methods: ["GET"] }, loopback],
    websocket: [socket, { ...socket, scheme: "ws", host: "localhost" }],
  };
  const pkg = stubPackage({
    permissions: [permit.hostApi("request"), permit.hostApi("websocket")],
    ...targets,
  });
  const authority = createAuthority(pkg, options.grants ?? grantRequested(pkg, targets));
  const { answer } = options;
  const requestApi: HostApi | undefined = answer && {
    name: "request",
    interface: "yoi:host/request@1.0.0",
    open: () => ({
      functions: new Map([["request", ([text], call) => answer(String(text), call)]]),
      async [Symbol.asyncDispose]() {},
    }),
  };
  const clock = { now: Date.UTC(2026, 10, 20) };
  const stop = new AbortController();
  const statuses: Json[] = [];
  const sent: (readonly [string, string])[] = [];
  const events: { readonly event: IngressEvent; readonly options: DeliverOptions }[] = [];
  const diagnostics: Diagnostic[] = [];
  const declaration: IngressDeclaration = {
    name: "inbox",
    description: "Takes text.",
    event_kinds: options.kinds ?? [],
    sources: [],
    side_effects: [],
  };
  const commands = createOutputCommands({
    authority,
    requestApi,
    send: async (to, text) => {
      sent.push([to, text]);
      return { sent: true, message: "The text was sent." };
    },
    setStatus: (status) => void statuses.push(status),
    async deliver(_, event, how) {
      events.push({ event, options: how });
      return options.tell?.(event) ?? { ...attempt(answered), attempts: 1, queueLatencyMs: 0 };
    },
    report: (diagnostic) => void diagnostics.push(diagnostic),
    signal: stop.signal,
    now: () => clock.now,
    ...options,
  });
  return {
    run: (raw: Json | undefined): Promise<readonly OutputCommandResult[]> =>
      commands.run(raw, answered, declaration),
    /** Runs one command and gives its result. */
    async runOne(raw: Json): Promise<OutputCommandResult> {
      const [result] = await commands.run([raw], answered, declaration);
      if (result === undefined) throw new Error("there is no result");
      return result;
    },
    commands,
    pkg,
    targets,
    statuses,
    sent,
    events,
    diagnostics,
    clock,
    stop,
  };
}
