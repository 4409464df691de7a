declare module "yoi:host/log@1.0.0" {
  export function log(level: string, message: string): string;
}
declare module "yoi:host/websocket@1.1.0" {
  export function open(requestJson: string): string;
  export function sendText(handle: number, text: string): string;
  export function sendBinary(handle: number, base64: string): string;
  export function recv(handle: number, timeoutMs: number): string;
  export function close(handle: number): string;
}
