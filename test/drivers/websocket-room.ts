import { createWebSocketDriver } from "../../src/drivers/websocket-driver.ts";
import type { GrantPolicy } from "../../src/grants/grants.types.ts";
import { createAuthority, grantRequested, record, revocable } from "../../src/grants/plan.ts";
import { createNodeNetwork } from "../../src/host-api/network.node.ts";
import type { DriverSession } from "../../src/instance/ingress.types.ts";
import { permit, stubPackage } from "../grants/stub-package.ts";
import { driverHost, type Take, until } from "./driver-host.ts";

/** What differs from a source that is granted and has an eager guest. */
export interface SourceSetting {
  readonly source?: string;
  readonly scheme?: "ws" | "wss";
  readonly take?: Take;
  readonly eventKinds?: readonly string[];
  readonly options?: Partial<Parameters<typeof createWebSocketDriver>[0]>;
  /** A port that is not the server's. */
  readonly at?: number;
  readonly isGranted?: boolean;
  readonly isStopped?: boolean;
  /** A policy that answers questions about what is reached, and nothing else. */
  readonly decide?: () => boolean;
}

/** Opens a source for a plugin that may reach a local server under a name. */
export async function openSourceAt(port: number, ca: string, setting: SourceSetting) {
  const { at = port, scheme = "wss", isGranted = true, take, eventKinds } = setting;
  const target = { scheme, host: "api.example.com", port: at, path_prefixes: ["/room"] };
  const pkg = stubPackage({ permissions: [permit.hostApi("websocket")], websocket: [target] });
  const grants = grantRequested(pkg, { websocket: [{ ...target, allow_private: true }] });
  const revoked = revocable(record(isGranted ? grants : { ...grants, websocket: [] }));
  const url = `${scheme}://api.example.com:${at}/room?token=1`;
  const host = driverHost(setting.source ?? `websocket:${url}`, {
    authority: createAuthority(pkg, policyOf(revoked, setting.decide)),
    ...(take !== undefined && { take }),
    ...(eventKinds !== undefined && { eventKinds }),
  });
  if (setting.isStopped === true) host.stop();
  const driver = createWebSocketDriver({
    network: { ...createNodeNetwork({ ca }), resolve: async () => ["127.0.0.1"] },
    firstReconnectMs: 5,
    lastReconnectMs: 20,
    ...setting.options,
  });
  const session: DriverSession = await driver.open(host.context);
  return {
    ...host,
    url,
    driver,
    session,
    revoke: () => revoked.revoke(),
    is: (state: string) => until(() => session.status().state === state, `state ${state}`),
    kinds: () => host.events.map(({ kind }) => kind),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

function policyOf(granted: GrantPolicy, decide: (() => boolean) | undefined): GrantPolicy {
  if (decide === undefined) return granted;
  return {
    targets: (plugin) =>
      granted.targets?.(plugin) ?? { request: [], websocket: [], fs: [], https: [] },
    decide: async (request) => {
      const { action } = request;
      const isTarget = action.kind === "host_api" && action.target !== undefined;
      if (!isTarget || decide()) return granted.decide(request);
      return { allowed: false, code: "grant/denied", message: "Not any more." };
    },
  };
}
