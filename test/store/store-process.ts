import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./store-process-main.ts", import.meta.url));

/**
 * Does something with stores in a process of its own.
 *
 * @returns What it wrote.
 */
export function runStoreProcess(...argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", program, ...argv], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    let problem = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      problem += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`the process ended with ${code}: ${problem.slice(0, 500)}`));
    });
  });
}
