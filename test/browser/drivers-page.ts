/** What the browser test of drivers runs inside its page, bundled as a user's own program would be. */
import {
  createInstance,
  createWebhookDriver,
  githubSignature,
  grantRequested,
  type IngressReport,
  loadPackage,
} from "yoi-plugin-sdk";

/** What the guest was given, and what senders and peers saw, as plain data. */
export interface Driven {
  readonly events: readonly unknown[];
  readonly answers: readonly number[];
  readonly sources: readonly string[];
  readonly sourcesAfterStop: readonly string[];
}

const secret = "a secret of a good length";

async function signed(body: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), algorithm, false, [
    "sign",
  ]);
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm, key, bytes.encode(body)));
  return Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function drive(files: Readonly<Record<string, string>>, port: number): Promise<Driven> {
  const contents = await Promise.all(
    Object.entries(files).map(async ([path, url]) => {
      const response = await fetch(url);
      return [path, new Uint8Array(await response.arrayBuffer())] as const;
    }),
  );
  const pkg = await loadPackage(Object.fromEntries(contents));
  const target = { scheme: "ws", host: "127.0.0.1", port, path_prefixes: ["/room"] };
  const webhooks = createWebhookDriver({
    rule: { signature: githubSignature(), secrets: ["github"] },
    secrets: () => secret,
  });
  const reports: IngressReport[] = [];
  let onReport = () => {};
  const instance = await createInstance(pkg, {
    grants: grantRequested(pkg, { websocket: [{ ...target, allow_private: true }] }),
    drivers: [webhooks],
    onEvent(seen) {
      if (seen.type !== "ingress") return;
      reports.push(seen);
      onReport();
    },
  });
  const heard = (count: number) =>
    new Promise<void>((resolve) => {
      onReport = () => reports.length >= count && resolve();
      onReport();
    });
  await heard(1);
  const post = async (body: string, signature: string) => {
    const request = new Request(`https://host.example/${pkg.identity.ref}/github`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", "x-hub-signature-256": signature },
    });
    return (await webhooks.handle(request)).status;
  };
  const answers = [
    await post('{"a":1}', `sha256=${await signed('{"a":1}')}`),
    await post('{"a":2}', `sha256=${await signed('{"a":1}')}`),
  ];
  await heard(2);
  const states = () => instance.status().sources.map(({ driver, state }) => `${driver} ${state}`);
  const sources = states();
  await instance.stop();
  answers.push(await post('{"a":1}', `sha256=${await signed('{"a":1}')}`));
  const events = reports.map(({ output }) => (output as { event: unknown } | undefined)?.event);
  return { events, answers, sources, sourcesAfterStop: states() };
}

Object.assign(window, { drive });
