#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { createProcessIo } from "./cli/process-io.ts";
import { runCli } from "./cli/run-cli.ts";
import { createInstance, inspect, loadPackage, packPackage } from "./index.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

const io = createProcessIo();
const code = await runCli(process.argv.slice(2), io, {
  version,
  loadPackage,
  packPackage,
  inspect,
  createInstance,
});
// As shells report it: 128 and the signal's number.
process.exitCode = io.signal.aborted ? 130 : code;
