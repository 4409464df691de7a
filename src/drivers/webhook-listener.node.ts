import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Turns a function from a request to a response into a listener of `node:http` and what is made on it.
 *
 * The body is read no faster than it is asked for. A sender that goes on after its answer is cut off.
 *
 * @param handle Such as `(request) => webhooks.handle(request)`.
 * @returns A listener for `createServer`, `server.on("request", …)` or a framework's route.
 */
export function createNodeListener(
  handle: (request: Request) => Promise<Response>,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (incoming, outgoing) => {
    answer(handle, incoming, outgoing).catch(() => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500, { connection: "close" }).end();
    });
  };
}

async function answer(
  handle: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = toRequest(incoming);
  if (request === undefined) {
    outgoing.writeHead(400, { connection: "close" }).end();
    return;
  }
  const response = await handle(request);
  const body = new Uint8Array(await response.arrayBuffer());
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  // Node then closes the connection behind the answer, whatever the sender still has to say.
  if (!incoming.complete) outgoing.setHeader("connection", "close");
  outgoing.writeHead(response.status).end(body);
}

/** @returns The request, or `undefined` for one that no `Request` can be: its URL or method is odd. */
function toRequest(incoming: IncomingMessage): Request | undefined {
  const { method = "GET", url = "", rawHeaders } = incoming;
  if (!url.startsWith("/")) return undefined;
  try {
    const headers = new Headers();
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
    }
    const hasBody = method !== "GET" && method !== "HEAD";
    // `duplex` is what makes Node stream the body; the DOM's types do not know it.
    const init: RequestInit & { readonly duplex: "half" } = { method, headers, duplex: "half" };
    return new Request(`http://localhost${url}`, {
      ...init,
      ...(hasBody && { body: toStream(incoming) }),
    });
  } catch {
    return undefined;
  }
}

/** Giving up the stream leaves the socket open, over which the answer is still to go. */
function toStream(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let isOver = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const end = (finish: () => void) => {
          if (!isOver) finish();
          isOver = true;
        };
        incoming.on("data", (chunk: Uint8Array) => {
          if (isOver) return; // nobody reads on: it is thrown away
          controller.enqueue(new Uint8Array(chunk));
          incoming.pause();
        });
        incoming.once("end", () => end(() => controller.close()));
        incoming.once("close", () => end(() => controller.error(new Error("The sender is gone."))));
        incoming.once("error", () => {}); // `close` follows
        incoming.pause();
      },
      pull: () => void incoming.resume(),
      cancel() {
        isOver = true;
      },
    },
    { highWaterMark: 0 },
  );
}
