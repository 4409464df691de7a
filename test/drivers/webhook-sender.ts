import { createHmac } from "node:crypto";
import {
  createWebhookDriver,
  type WebhookDriverOptions,
  type WebhookRule,
} from "../../src/drivers/webhook-driver.ts";
import { githubSignature } from "../../src/drivers/webhook-signature.ts";
import { type DriverHost, driverHost, type Take } from "./driver-host.ts";

/** The secret that senders sign with. */
export const secret = "a secret of a good length";

/** @returns The signature as Node's own crypto makes it, so that ours is not checked against itself. */
export function hmac(signed: string | Uint8Array, key: string | Uint8Array = secret) {
  return createHmac("sha256", key).update(signed);
}

/** @returns A request as GitHub sends it, signed unless headers say otherwise. */
export function githubRequest(
  body: string | Uint8Array = '{"action":"opened"}',
  headers: Readonly<Record<string, string>> = {},
  init: RequestInit = {},
): Request {
  return new Request("https://host.example/hooks/project%3Aexample.echo/github", {
    method: "POST",
    body: typeof body === "string" ? body : new Uint8Array(body),
    ...init,
    headers: {
      "content-type": "application/json",
      "x-hub-signature-256": `sha256=${hmac(body).digest("hex")}`,
      ...headers,
    },
  });
}

/** Opens a webhook of a plugin, GitHub's unless the rule says otherwise. */
export async function openWebhook({
  rule = {},
  take,
  source = "webhook:github",
  ...options
}: Partial<Omit<WebhookDriverOptions, "rule">> & {
  readonly rule?: Partial<WebhookRule>;
  readonly take?: Take;
  readonly source?: string;
} = {}): Promise<
  DriverHost & {
    readonly driver: ReturnType<typeof createWebhookDriver>;
    readonly session: Awaited<ReturnType<ReturnType<typeof createWebhookDriver>["open"]>>;
    readonly send: (request: Request) => Promise<{ status: number; text: string }>;
  }
> {
  const host = driverHost(source, take === undefined ? {} : { take });
  const driver = createWebhookDriver({
    rule: { signature: githubSignature(), secrets: ["github"], ...rule },
    secrets: () => secret,
    ...options,
  });
  const session = await driver.open(host.context);
  return {
    ...host,
    driver,
    session,
    async send(request) {
      const response = await driver.handle(request);
      return { status: response.status, text: await response.text() };
    },
  };
}
