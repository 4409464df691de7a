import { read } from "yoi:host/fs@1.0.0";
import { request } from "yoi:host/request@1.0.0";

export function readFile(path: string): string {
  return read(JSON.stringify({ path }));
}

/** No guest uses it, so that none may import what it needs. */
export function get(url: string): string {
  return request(JSON.stringify({ method: "GET", url }));
}
