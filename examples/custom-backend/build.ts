/** Rebuilds guest.wasm from guest.wat: `npx tsx examples/custom-backend/build.ts`. */
import { readFile, writeFile } from "node:fs/promises";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";

const text = await readFile(new URL("guest.wat", import.meta.url), "utf8");
await writeFile(new URL("guest.wasm", import.meta.url), await parse(text));
