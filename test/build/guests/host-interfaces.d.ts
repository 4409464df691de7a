declare module "yoi:host/fs@1.0.0" {
  export function read(requestJson: string): string;
}
declare module "yoi:host/request@1.0.0" {
  export function request(requestJson: string): string;
}
