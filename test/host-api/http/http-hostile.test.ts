import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createUndiciHttp } from "../../../src/host-api/http/undici-http.node.ts";
import { httpLimits } from "../../../src/limits.ts";
import { openHttp } from "./http-host.ts";

const ok = "HTTP/1.1 200 OK\r\n";
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
const long = "a".repeat(10_000);

/** What a guest is told by a server that begins with some bytes and, perhaps, goes on with others forever. */
async function exchange(beginning: string, endless = "") {
  const talk = (socket: Socket) => {
    socket.write(beginning);
    const more = () => {
      while (endless !== "" && !socket.destroyed && socket.write(endless));
    };
    socket.on("drain", more);
    more();
  };
  let closed: Promise<number> = Promise.resolve(0);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    closed = new Promise((done) => socket.once("close", () => done(socket.bytesWritten)));
    socket.once("data", () => talk(socket));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const target = { scheme: "http", host: "raw.example", port, methods: ["GET"], path_prefixes: [] };
  await using host = openHttp("request", {
    network: { resolve: async () => ["127.0.0.1"], http: createUndiciHttp() },
    granted: { request: [{ ...target, allow_private: true }] },
  });
  const answer = await host.request({ method: "GET", url: `http://raw.example:${port}/` });
  // The socket is gone as soon as there is an answer, whatever it is.
  const written = await closed;
  await new Promise((done) => server.close(done));
  return { ...answer, written };
}

describe("[https/bounds] a server that never ends", () => {
  test.each([
    ["its early hints", "", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100)],
    ["its status line", "HTTP/1.1 200 ", long],
    ["its empty lines", "", "\r\n".repeat(5_000)],
    ["its header", `${ok}x: `, long],
    ["its header's name", ok, long],
    ["its headers", ok, "a: b\r\n".repeat(1_000)],
    ["the extension of its chunk", `${chunked}1;`, long],
    ["the extensions of its chunks", chunked, `1;${long.repeat(10)}\r\nx\r\n`],
    ["its trailer", `${chunked}1\r\nx\r\n0\r\na: `, long],
    ["its trailers", `${chunked}1\r\nx\r\n0\r\n`, "a: b\r\n".repeat(1_000)],
  ])("%s is cut off within socketBytes", async (_, beginning, endless) => {
    const { error, written } = await exchange(beginning, endless);
    expect(error?.code).toBe("host/too-large");
    // What the system's own socket buffers held comes on top.
    expect(written).toBeLessThan(httpLimits.socketBytes.default + 16 * 1024 * 1024);
  });

  test("its body of tiny chunks is cut at its bound", async () => {
    const answer = await exchange(chunked, "1\r\nx\r\n".repeat(2_000));
    expect(answer).toMatchObject({ status: 200, truncated: true });
  });
});

describe("a server whose answer can be read in two ways", () => {
  test.each([
    ["no HTTP", "hello\r\n\r\n"],
    ["an earlier HTTP", "<html>hello</html>"],
    ["another version", "HTTP/3.0 200 OK\r\n\r\n"],
    ["line feeds alone", "HTTP/1.1 200 OK\nx: a\ncontent-length: 0\n\n"],
    ["a folded header", `${ok}x: a\r\n b\r\ncontent-length: 0\r\n\r\n`],
    ["a NUL in a header", `${ok}x: a\0b\r\ncontent-length: 0\r\n\r\n`],
    ["a space before a colon", `${ok}content-length : 1\r\n\r\nx`],
    ["two lengths", `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nxy`],
    [
      "a length and chunks",
      `${ok}content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    ],
    ["a length that is none", `${ok}content-length: 1x\r\n\r\nx`],
    ["a negative length", `${ok}content-length: -1\r\n\r\nx`],
    ["chunks of no size", `${chunked}z\r\nx\r\n0\r\n\r\n`],
    ["chunks of an endless size", `${chunked}ffffffffffffffffff\r\nx`],
    ["a status below 100", "HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n"],
    [
      "a switch of protocols",
      "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
  ])("%s is a broken protocol", async (_, bytes) => {
    expect((await exchange(bytes)).error?.code).toBe("host/protocol");
  });

  test("a second answer after the first is nobody's", async () => {
    const one = `${ok}content-length: 1\r\n\r\n`;
    expect(await exchange(`${one}x${one}y`)).toMatchObject({ status: 200, body: "x" });
  });
});
