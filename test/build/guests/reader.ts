import { defineTools, toolOutput } from "yoi-plugin-sdk/pdk";
import { readFile } from "./host-calls.ts";

export const { call } = defineTools({
  read: (input: { path: string }) => toolOutput("read", readFile(input.path)),
});
