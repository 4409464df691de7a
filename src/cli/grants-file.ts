import { parse, TomlError } from "smol-toml";
import { decodeUtf8 } from "../bytes.ts";
import { boundedText } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import { readGrantRecord } from "../grants/plan.ts";
import { parseJson } from "../json.ts";
import { cliLimits } from "../limits.ts";
import type { CliIo } from "./cli-io.ts";

/**
 * Reads a grant record that the user wrote: JSON when the file begins with a brace, TOML otherwise.
 *
 * @param path The file.
 * @param io Where files are read.
 * @returns The record.
 * @throws PluginError when the file can't be read, is neither, or is no grant record.
 */
export async function readGrantsFile(
  path: string,
  io: Pick<CliIo, "readFile">,
): Promise<GrantRecord> {
  const bytes = await io.readFile(path, cliLimits.grantsFileBytes.default);
  const text = decodeUtf8(bytes);
  if (text === undefined) throw unreadable(path, "it is not valid UTF-8");
  return readGrantRecord(
    text.trimStart().startsWith("{") ? readJson(path, text) : readToml(path, text),
  );
}

function readJson(path: string, text: string): unknown {
  const parsed = parseJson(text, cliLimits.grantsFileBytes.default);
  if (!parsed.ok) throw unreadable(path, parsed.reason);
  return parsed.value;
}

function readToml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const where = error instanceof TomlError ? ` (line ${error.line}, column ${error.column})` : "";
    throw unreadable(path, `it is neither TOML${where} nor JSON`);
  }
}

function unreadable(path: string, reason: string): PluginError {
  return new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `The grants file ${boundedText(path, 200)} can't be used: ${reason}.`,
  });
}
