import { createSocket } from "node:dgram";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Network } from "yoi-plugin-sdk";
import { createNodeNetwork } from "yoi-plugin-sdk/node";
import { makeCertificates } from "../host-api/http/certificates.ts";

/** What a server saw of a request. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** An HTTPS and an HTTP server on this machine, with an authority of their own. */
export interface LocalServers extends AsyncDisposable {
  readonly ca: string;
  readonly httpsPort: number;
  readonly httpPort: number;
  readonly seen: SeenRequest[];
  /** How many connections there have been, and which of them are open. */
  readonly connections: { count: number; readonly open: Set<Socket> };
  /** What a path answers; `plain` unless set. */
  readonly paths: Map<string, RequestListener>;
  /** Resolves when no connection is open any more. */
  allClosed(): Promise<void>;
}

/** Starts the servers; the certificate is for `api.example.com`, `localhost`, 127.0.0.1 and ::1. */
export async function startServers(): Promise<LocalServers> {
  const { ca, key, cert } = makeCertificates();
  const seen: SeenRequest[] = [];
  const paths = new Map<string, RequestListener>();
  const connections = { count: 0, open: new Set<Socket>() };
  const respond: RequestListener = (request, response) => {
    const parts: Uint8Array[] = [];
    request.on("data", (part: Uint8Array) => parts.push(part));
    request.on("end", () => {
      const { method = "", url = "/", rawHeaders } = request;
      seen.push({ method, url, rawHeaders, body: Buffer.concat(parts).toString() });
      const handler = paths.get(url.split("?", 1)[0] ?? "");
      if (handler === undefined) response.end("plain");
      else handler(request, response);
    });
  };
  const servers: readonly Server[] = [
    createHttpsServer({ key, cert }, respond),
    createHttpServer(respond),
  ];
  const ports: number[] = [];
  for (const server of servers) {
    server.on("connection", (socket: Socket) => {
      connections.count += 1;
      connections.open.add(socket);
      socket.on("close", () => connections.open.delete(socket));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    ports.push((server.address() as AddressInfo).port);
  }
  const [httpsPort = 0, httpPort = 0] = ports;
  const allClosed = async () => {
    const gone = [...connections.open].map(
      (socket) => new Promise<void>((done) => socket.once("close", () => done())),
    );
    await Promise.all(gone);
  };
  return {
    ca,
    httpsPort,
    httpPort,
    seen,
    connections,
    paths,
    allClosed,
    async [Symbol.asyncDispose]() {
      for (const socket of connections.open) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    },
  };
}

/**
 * Node's own network, which finds the local servers behind public addresses and their ordinary ports.
 *
 * Everything up to the socket is the real thing; a connection to the address `93.184.215.14` alone is
 * sent to the local machine, so that the rules about addresses need not be loosened for a test.
 */
export function publicNetwork(
  { ca, httpsPort, httpPort }: LocalServers,
  nameServers?: readonly string[],
): Network & { readonly pinned: (readonly string[])[] } {
  const real = createNodeNetwork({ ca, nameServers });
  const pinned: (readonly string[])[] = [];
  return {
    pinned,
    resolve: nameServers === undefined ? async () => [publicAddress] : real.resolve,
    http: {
      pinsAddresses: true,
      exchange(request) {
        const { addresses = [] } = request;
        pinned.push(addresses);
        if (!addresses.includes(publicAddress)) return real.http.exchange(request);
        const url = new URL(request.url);
        url.port = String(url.protocol === "https:" ? httpsPort : httpPort);
        return real.http.exchange({ ...request, url, addresses: ["127.0.0.1"] });
      },
    },
  };
}

/** The one public address that leads to the local servers. */
export const publicAddress = "93.184.215.14";

/** A name server on this machine. */
export interface NameServer extends AsyncDisposable {
  /** As the option `nameServers` takes it. */
  readonly address: string;
  /** What was asked, in order: a name and its type. */
  readonly asked: string[];
}

/**
 * Starts a name server.
 *
 * @param answer The addresses of a name, 4 or 16 bytes each, asked for with every question; nothing for silence.
 */
export async function startNameServer(
  answer: (name: string, type: "A" | "AAAA") => readonly (readonly number[])[] | undefined,
): Promise<NameServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, { port, address }) => {
    const end = query.indexOf(0, 12) + 5;
    const type = query.readUInt16BE(end - 4) === 1 ? "A" : "AAAA";
    const name = nameOf(query);
    asked.push(`${name} ${type}`);
    const records = answer(name, type);
    if (records === undefined) return;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(records.length, 6);
    header.writeUInt32BE(0, 8);
    const answers = records.map((bytes) =>
      // A pointer to the question's name, the type, the class, no time to live, the address.
      Buffer.from([
        0xc0,
        12,
        0,
        type === "A" ? 1 : 28,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        bytes.length,
        ...bytes,
      ]),
    );
    socket.send(Buffer.concat([header, query.subarray(12, end), ...answers]), port, address);
  });
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: () => new Promise((done) => socket.close(() => done())),
  };
}

function nameOf(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; (query[at] ?? 0) !== 0; at += (query[at] ?? 0) + 1) {
    labels.push(query.subarray(at + 1, at + 1 + (query[at] ?? 0)).toString("latin1"));
  }
  return labels.join(".");
}
