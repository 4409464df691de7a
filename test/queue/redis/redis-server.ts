import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Redis of the tests' own. */
export interface RedisServer extends AsyncDisposable {
  /** How BullMQ reaches it. */
  readonly connection: { readonly path: string };
  readonly socket: string;
  /** Ends it without warning. */
  kill(): Promise<void>;
}

/**
 * Starts a Redis that listens on a socket in an empty folder and writes nothing to disk.
 *
 * It fails when there is no `redis-server`, and so do the tests: `apt-get install redis-server`.
 */
export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "yoi-redis-"));
  const socket = join(folder, "redis.sock");
  const child = spawn(
    "redis-server",
    ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "no"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("ready to accept connections")) resolve();
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`redis-server ended: ${said}`)));
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return {
    connection: { path: socket },
    socket,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
