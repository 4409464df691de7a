import { parseArgs } from "node:util";
import { boundedText } from "../diagnostic.ts";
import type { Command, CommandArguments, CommandOption, UsageProblem } from "./command.ts";

/** An option of every command. */
export const helpOption: CommandOption = { type: "boolean", help: "Show this help." };

/**
 * Reads the arguments of one command.
 *
 * @param command The command, whose options are the only ones that are known.
 * @param argv What follows the command's name.
 * @returns The arguments, or what is wrong with them.
 */
export function readArguments(
  command: Pick<Command, "options">,
  argv: readonly string[],
): CommandArguments | UsageProblem {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, help: helpOption }).map(([name, { type }]) => [
      name,
      { type },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      strict: true,
    });
    const given = new Map<string, string | boolean>();
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === "string" || typeof value === "boolean") given.set(name, value);
    }
    return { values: given, positionals };
  } catch (error) {
    // parseArgs throws TypeErrors whose first sentence says which argument is wrong.
    const text = error instanceof Error ? error.message : "The arguments can't be read.";
    const [sentence = text] = text.split(/(?<=\.)\s|\n/u, 1);
    return { usageProblem: boundedText(sentence, 240) };
  }
}

/**
 * Checks how many arguments there are.
 *
 * @param args The arguments.
 * @param names What they are called, in their order.
 * @returns What is missing or too much, or `undefined`.
 */
export function positionalProblem(
  args: CommandArguments,
  names: readonly string[],
): UsageProblem | undefined {
  const missing = names[args.positionals.length];
  if (missing !== undefined) return { usageProblem: `The argument <${missing}> is missing.` };
  const extra = args.positionals[names.length];
  if (extra === undefined) return undefined;
  return {
    usageProblem: `The argument ${JSON.stringify(boundedText(extra, 80))} is one too many.`,
  };
}

/** @returns A string option's value, when it was given. */
export function textOption(args: CommandArguments, name: string): string | undefined {
  const value = args.values.get(name);
  return typeof value === "string" ? value : undefined;
}
