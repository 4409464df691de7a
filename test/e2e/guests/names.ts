import * as odd from "acme:interface/default@1.0.0-rc.1";

/** Calls every function of the interface that it is told, and says what each answers. */
export function call(_tool: string, input: string): string {
  const { names } = JSON.parse(input) as { readonly names: readonly string[] };
  const functions = odd as Readonly<Record<string, (text: string) => string>>;
  const answers = names.map((name) => JSON.parse(functions[name]?.("x") ?? "null"));
  return JSON.stringify({ summary: "told", content: JSON.stringify(answers) });
}
