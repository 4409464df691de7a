/**
 * Host untrusted WebAssembly plugins: load a package, inspect it, grant some of what it asks for, use it.
 *
 * @module
 */
import { ports } from "#ports";
import { type CreateAuthority, createAuthorityFactory } from "./grants/plan.ts";
import { createInspect, type Inspect } from "./inspect/inspect.ts";
import { type CreateInstance, createInstanceFactory } from "./instance/create-instance.ts";
import type { InstanceOptions } from "./instance/instance-options.ts";
import { createLoadPackage, createReadPackage, type LoadPackage } from "./package/load-package.ts";
import { createPackPackage, type PackPackage } from "./package/pack-package.ts";
import { InstanceRegistry } from "./registry/instance-registry.ts";
import type { RuntimeBackend } from "./runtime/backend.ts";
import { createComponentBackend } from "./runtime/component/component-backend.ts";
import { createCoreWasmBackend } from "./runtime/raw/core-wasm-backend.ts";

/**
 * Loads a package without running or compiling anything of it: see {@link LoadPackage}.
 *
 * @throws PluginError `archive/…` or `manifest/…` for a package that is not well-formed.
 */
export const loadPackage: LoadPackage = createLoadPackage(ports.readSource);

/** Packs a directory or files into the bytes of a `.yoi-plugin` package, the same on every run and machine. */
export const packPackage: PackPackage = createPackPackage(ports.readSource);

/** Reports what a package is, asks for and may do, without running or compiling anything of it. */
export const inspect: Inspect = createInspect(createReadPackage(ports.readSource));

/** Makes the backend for WebAssembly components; ours is shared by the process, a host may want its own. */
export function componentBackend(): RuntimeBackend {
  return createComponentBackend(ports);
}

/** Makes the backend for raw core modules of the ABI `yoi-plugin-wasm-1`. */
export function coreWasmBackend(): RuntimeBackend {
  return createCoreWasmBackend(ports);
}

/** Lays a host's grants over what a package's manifest asks for: who may do what, asked anew each time. */
export const createAuthority: CreateAuthority = createAuthorityFactory(ports.publishDecision);

/**
 * Makes an instance of a loaded package, whose granted tools can then be called.
 *
 * A guest of the instance world has been started by then, and takes events, too. Of any other guest no
 * code has run; it is entered by the first call.
 *
 * @throws PluginError `options/…` for what the host got wrong, `artifact/…` for a guest that may not
 *   run, and whatever a guest's start ended in, of the phase `lifecycle`.
 */
export const createInstance: CreateInstance = createInstanceFactory({
  isolates: ports.isolates,
  hostApis: ports.hostApis,
  drivers: ports.drivers,
  createAuthority,
  backends: [componentBackend(), coreWasmBackend()],
});

/** A host's instances by their plugins' references, made by {@link createInstance}. */
export class PluginInstanceRegistry extends InstanceRegistry<InstanceOptions> {
  constructor() {
    super(createInstance);
  }
}

export type { Deadline } from "./deadline.ts";
export { createTimerDriver, type TimerDriverOptions } from "./drivers/timer-driver.ts";
export {
  createWebhookDriver,
  type WebhookAddress,
  type WebhookDriver,
  type WebhookDriverOptions,
  type WebhookIdentity,
  type WebhookRule,
} from "./drivers/webhook-driver.ts";
export {
  githubSignature,
  type HmacSignatureOptions,
  hmacSignature,
  type SignatureClaim,
  slackSignature,
  standardWebhookSignature,
  stripeSignature,
  type TimestampedSignatureOptions,
  timestampedSignature,
  type WebhookSignature,
} from "./drivers/webhook-signature.ts";
export { createWebSocketDriver, type WebSocketDriverOptions } from "./drivers/websocket-driver.ts";
export {
  type Diagnostic,
  type ErrorCode,
  type ErrorDetails,
  errorCodes,
  isPluginError,
  type Phase,
  PluginError,
  type PluginErrorInit,
} from "./errors.ts";
export type {
  Action,
  Authority,
  CheckPoint,
  Decision,
  DecisionEvent,
  FsGrant,
  FsOperation,
  GrantPolicy,
  GrantRecord,
  GrantRequest,
  GrantTargets,
  HostApiTarget,
  HttpsGrant,
  PrivateTarget,
  RequestGrant,
  SecretHeader,
  SecretHeaders,
} from "./grants/grants.types.ts";
export {
  type AskOptions,
  type AskPolicy,
  all,
  any,
  ask,
  type Grants,
  grantRequested,
  type RevocablePolicy,
  readGrantRecord,
  record,
  revocable,
  type TargetsInput,
} from "./grants/plan.ts";
export type * from "./host-api/custom-api.types.ts";
export { hostApiWit } from "./host-api/custom-wit.ts";
export { defineHostApi } from "./host-api/define-host-api.ts";
export type * from "./host-api/fs/file-system.types.ts";
export { createFsApi, type FsApiOptions } from "./host-api/fs/fs.ts";
export { createMemoryFileSystem } from "./host-api/fs/memory-file-system.ts";
export type {
  HostApi,
  HostApiContext,
  HostApiSession,
  HostCall,
  HostFunction,
  HostValue,
} from "./host-api/host-api.ts";
export type { HostCalls, HostQuestion } from "./host-api/host-call.ts";
export type { HttpApiOptions } from "./host-api/http/create-http-api.ts";
export type * from "./host-api/http/network.types.ts";
export type { SecretProvider } from "./host-api/http/secrets.ts";
export { createHttpsApi } from "./host-api/https/https-api.ts";
export type * from "./host-api/log/log.types.ts";
export { createLogApi, type LogApiOptions } from "./host-api/log/log-api.ts";
export { createRequestApi } from "./host-api/request/request-api.ts";
export type { WasiOptions } from "./host-api/wasi/wasi.ts";
export type * from "./host-api/websocket/websocket.types.ts";
export {
  createWebSocketApi,
  type WebSocketApiOptions,
} from "./host-api/websocket/websocket-api.ts";
export { diffInspections, type InspectionDiff } from "./inspect/diff.ts";
export { type Inspect, type InspectOptions, inspectionSchema } from "./inspect/inspect.ts";
export type * from "./inspect/known-host-api.types.ts";
export { renderDiff } from "./inspect/render-diff.ts";
export { renderInspection } from "./inspect/render-text.ts";
export type * from "./inspect/report.types.ts";
export type { CreateInstance } from "./instance/create-instance.ts";
export type * from "./instance/ingress.types.ts";
export { memoryIngressQueue } from "./instance/ingress-queue.ts";
export type * from "./instance/instance.types.ts";
export type { InstanceEvent, InstanceOptions } from "./instance/instance-options.ts";
export type { IngressOptions, LifeOptions } from "./instance/life-options.ts";
export type { Timing } from "./instance/timing.ts";
export type { Json, JsonObject } from "./json.ts";
export type { GuestLimits, PackageLimits } from "./limits.ts";
export type * from "./manifest/manifest.types.ts";
export {
  type FileContents,
  type LoadOptions,
  type LoadPackage,
  type PackageInput,
  packageDigest,
} from "./package/load-package.ts";
export type { PackOptions, PackPackage } from "./package/pack-package.ts";
export type {
  Digest,
  PackageFile,
  PackageIdentity,
  PackageSource,
  PluginPackage,
} from "./package/package.types.ts";
export type {
  HostTool,
  HostToolContext,
  HostToolOutput,
  ToolCallRecord,
  ToolDefinition,
} from "./registry/tool.ts";
export {
  type AddedTools,
  type SkippedTool,
  ToolRegistry,
  type ToolRegistryOptions,
  type ToolSnapshot,
} from "./registry/tool-registry.ts";
export type {
  Artifact,
  GuestInstance,
  GuestLogLine,
  GuestReply,
  InstantiateContext,
  PrepareContext,
  PreparedGuest,
  RuntimeBackend,
} from "./runtime/backend.ts";
export type { ComponentImage, CoreImage, GuestImage } from "./runtime/isolation/guest-image.ts";
export type { HostCallBridge, Isolate, IsolateGuarantees } from "./runtime/isolation/isolation.ts";
