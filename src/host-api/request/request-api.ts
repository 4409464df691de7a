import type { HostApi } from "../host-api.ts";
import { createHttpApi, type HttpApiOptions } from "../http/create-http-api.ts";

/**
 * Makes the HTTP host API `yoi:host/request@1.0.0`: `https:` and `http:` URLs that both the manifest
 * and a grant name.
 *
 * A private host is reached only where both name that very host and the grant sets `allow_private`
 * (decisions "Private networks").
 *
 * @param options The platform's network, and the host's secrets.
 * @returns The API.
 */
export function createRequestApi(options: HttpApiOptions): HostApi {
  return createHttpApi({ name: "request", schemes: ["https", "http"] }, options);
}
