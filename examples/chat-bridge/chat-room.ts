import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** A chat room on this machine: whatever a member says, all others hear. */
export interface ChatRoom extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Waits until the room has so many members. */
  members(count: number): Promise<void>;
}

/** Somebody in the room. */
export interface Member extends AsyncDisposable {
  say(text: string): void;
  /** Waits for the next thing that somebody else says. */
  hears(): Promise<string>;
}

/** Opens a chat room on a port that is free. */
export async function openChatRoom(): Promise<ChatRoom> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/room" });
  await once(server, "listening");
  server.on("connection", (member) => {
    member.on("message", (data) => {
      for (const other of server.clients) if (other !== member) other.send(String(data));
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `ws://127.0.0.1:${port}/room`,
    async members(count) {
      while (server.clients.size < count) await once(server, "connection");
    },
    async [Symbol.asyncDispose]() {
      for (const member of server.clients) member.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

/** Enters a room under a name. */
export async function enter(room: ChatRoom, name: string): Promise<Member> {
  const socket = new WebSocket(room.url);
  const heard: string[] = [];
  let wake = () => {};
  socket.on("message", (data) => {
    heard.push(String(data));
    wake();
  });
  await once(socket, "open");
  return {
    say: (text) => socket.send(`${name}: ${text}`),
    async hears() {
      while (heard.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return heard.shift() ?? "";
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, "close");
    },
  };
}
