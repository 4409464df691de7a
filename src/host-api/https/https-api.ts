import type { HostApi } from "../host-api.ts";
import { createHttpApi, type HttpApiOptions } from "../http/create-http-api.ts";

/**
 * Makes the strict HTTP host API, `yoi:host/https@1.0.0`: `https:` URLs at public addresses only.
 *
 * @param options The platform's network, and the host's secrets.
 * @returns The API; where a plugin may reach is in its grants' `https` targets (reference §5.1).
 */
export function createHttpsApi(options: HttpApiOptions): HostApi {
  return createHttpApi({ name: "https", schemes: ["https"] }, options);
}
