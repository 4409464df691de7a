import { inertText, utf8Length } from "../diagnostic.ts";
import { callLimits } from "../limits.ts";
import { toolSchemaProblem } from "../manifest/manifest.ts";
import type { ToolDeclaration } from "../manifest/manifest.types.ts";

/**
 * Says why tools can't be registered as they are declared (reference §4.2).
 *
 * @param tools All declared tools, in the manifest's order.
 * @returns For each the first problem, or `undefined` for a good one.
 */
export function toolProblems(tools: readonly ToolDeclaration[]): readonly (string | undefined)[] {
  const counts = new Map<string, number>();
  for (const { name } of tools) counts.set(name, (counts.get(name) ?? 0) + 1);
  return tools.map((tool) => {
    const nameProblem = toolNameProblem(tool.name);
    if (nameProblem !== undefined) return `The tool's name ${nameProblem}.`;
    if ((counts.get(tool.name) ?? 0) > 1) return "Another tool of the package has the same name.";
    const problem = toolSchemaProblem(tool.input_schema);
    return problem === undefined
      ? undefined
      : `The tool's input_schema is not usable: ${problem.path} ${problem.reason}.`;
  });
}

function toolNameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  const most = callLimits.toolNameBytes.default;
  if (utf8Length(name) > most) return `has more than ${most} bytes`;
  if (/\s/u.test(name) || inertText(name) !== name) {
    return "has a space, a control character or an invisible one";
  }
  return undefined;
}
