// The host interfaces as TypeScript guests import them, by the WIT files beside this one. A guest's
// tsconfig.json names it: "types": ["yoi-plugin-sdk/wit/host-interfaces.d.ts"]

/** HTTPS requests to public hosts that the host granted; see `deps/yoi-host-v1/https-v1.wit`. */
declare module "yoi:host/https@1.0.0" {
  /** Takes `{method, url, headers?, body?}`, gives `{status, headers, body, truncated}` or `{error}`. */
  export function request(requestJson: string): string;
}

/** HTTP requests to targets that the manifest names; see `deps/yoi-host-v1/request-v1.wit`. */
declare module "yoi:host/request@1.0.0" {
  /** Takes `{method, url, headers?, body?}`, gives `{status, headers, body, truncated}` or `{error}`. */
  export function request(requestJson: string): string;
}

/** Files below folders that the host granted; see `deps/yoi-host-v1/fs-v1.wit`. */
declare module "yoi:host/fs@1.0.0" {
  /** Takes `{path}`, gives `{path, content, truncated}` or `{error}`. */
  export function read(requestJson: string): string;
  /** Takes `{path}`, gives `{path, entries: [{name, kind}], truncated}` or `{error}`. */
  export function list(requestJson: string): string;
  /** Takes `{path, content}`, gives `{path, bytes_written}` or `{error}`. */
  export function write(requestJson: string): string;
}

/** Lines for whoever runs the host; see `deps/yoi-host-v1/log-v1.wit`. */
declare module "yoi:host/log@1.0.0" {
  /** Levels: `trace`, `debug`, `info`, `warn`, `error`. Gives `{logged}` or `{error}`. */
  export function log(level: string, message: string): string;
}

/** WebSocket connections, text only; see `deps/yoi-host-v1/websocket-v1.wit`. */
declare module "yoi:host/websocket@1.0.0" {
  /** Takes `{url}`, gives `{handle, url}` or `{error}`. */
  export function open(requestJson: string): string;
  /** Gives `{sent, bytes}` or `{error}`. */
  export function sendText(handle: number, text: string): string;
  /** Waits; 0 is the host's default. Gives `{type: "text", text}`, `{type: "closed"}` or `{error}`. */
  export function recv(handle: number, timeoutMs: number): string;
  /** Gives `{closed}`: whether it was open. */
  export function close(handle: number): string;
}

/** WebSocket connections, text and bytes; see `deps/yoi-host-v1.1/websocket-v1.1.wit`. */
declare module "yoi:host/websocket@1.1.0" {
  /** Takes `{url}`, gives `{handle, url}` or `{error}`. */
  export function open(requestJson: string): string;
  /** Gives `{sent, bytes}` or `{error}`. */
  export function sendText(handle: number, text: string): string;
  /** Bytes in base64 with padding. Gives `{sent, bytes}` or `{error}`. */
  export function sendBinary(handle: number, base64: string): string;
  /** Gives `{type: "text", text}`, `{type: "binary", base64}`, `{type: "closed"}` or `{error}`. */
  export function recv(handle: number, timeoutMs: number): string;
  /** Gives `{closed}`: whether it was open. */
  export function close(handle: number): string;
}
