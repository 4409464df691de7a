/** What a world's text says it imports and exports: enough of WIT to compare with what was read from bytes. */
export interface WitWorld {
  readonly imports: WitItems;
  readonly exports: WitItems;
}

/** Functions by name with their signatures, and interfaces by name with their functions. */
export interface WitItems {
  readonly functions: ReadonlyMap<string, string>;
  /** `undefined` for an interface of which the text has only the name. */
  readonly interfaces: ReadonlyMap<string, ReadonlyMap<string, string> | undefined>;
}

interface Statement {
  readonly head: string;
  readonly body: readonly Statement[] | undefined;
}

/** Reads the text that `wasm-tools component wit` prints for a component. */
export function readWitWorld(text: string): WitWorld {
  const statements = parseStatements(withoutComments(text));
  const packages = new Map<string, Statement>();
  let world: Statement | undefined;
  for (const statement of statements) {
    if (statement.head.startsWith("package ") && statement.body !== undefined) {
      const [name = "", version] = statement.head.slice("package ".length).split("@");
      for (const child of statement.body) {
        const match = /^interface (\S+)$/u.exec(child.head);
        if (match)
          packages.set(`${name}/${bare(match[1] ?? "")}${version ? `@${version}` : ""}`, child);
      }
    }
    if (statement.head.startsWith("interface ")) {
      packages.set(`root:component/${bare(statement.head.slice("interface ".length))}`, statement);
    }
    if (statement.head.startsWith("world ")) world = statement;
  }
  return {
    imports: worldItems(world?.body ?? [], "import ", packages),
    exports: worldItems(world?.body ?? [], "export ", packages),
  };
}

function worldItems(
  body: readonly Statement[],
  keyword: string,
  packages: ReadonlyMap<string, Statement>,
): WitItems {
  const functions = new Map<string, string>();
  const interfaces = new Map<string, ReadonlyMap<string, string> | undefined>();
  for (const statement of body) {
    if (!statement.head.startsWith(keyword)) continue;
    const rest = statement.head.slice(keyword.length);
    const inline = /^(\S+): interface$/u.exec(rest);
    const labelled = /^([^\s:]+): (\S+:\S+)$/u.exec(rest);
    if (inline) interfaces.set(bare(inline[1] ?? ""), interfaceFunctions(statement.body ?? []));
    else if (labelled) {
      const found = packages.get((labelled[2] ?? "").replaceAll("%", ""));
      interfaces.set(bare(labelled[1] ?? ""), found && interfaceFunctions(found.body ?? []));
    } else if (/^[^\s(]+: (async )?func\(/u.test(rest)) addFunction(functions, rest, "");
    else {
      const name = rest.replaceAll("%", "");
      const found = packages.get(name);
      interfaces.set(name, found && interfaceFunctions(found.body ?? []));
    }
  }
  addResources(functions, keyword === "import " ? body : []);
  return { functions, interfaces };
}

function interfaceFunctions(body: readonly Statement[]): ReadonlyMap<string, string> {
  const functions = new Map<string, string>();
  for (const statement of body) {
    if (/^[^\s(]+: (async )?func\(/u.test(statement.head))
      addFunction(functions, statement.head, "");
  }
  addResources(functions, body);
  return functions;
}

function addResources(functions: Map<string, string>, body: readonly Statement[]): void {
  for (const statement of body) {
    const match = /^resource (\S+)$/u.exec(statement.head);
    for (const member of match ? (statement.body ?? []) : []) {
      addFunction(functions, member.head, match?.[1] ?? "");
    }
  }
}

function addFunction(functions: Map<string, string>, head: string, resource: string): void {
  const constructorMatch = /^constructor\((.*?)\)( -> .*)?$/u.exec(head);
  if (constructorMatch) {
    const [, parameters = "", result = ` -> ${resource}`] = constructorMatch;
    functions.set(`[constructor]${bare(resource)}`, `func(${parameters})${result}`);
    return;
  }
  const colon = head.indexOf(": ");
  const name = bare(head.slice(0, colon));
  let signature = head.slice(colon + 2);
  if (resource === "") functions.set(name, signature);
  else if (signature.startsWith("static ")) {
    functions.set(`[static]${bare(resource)}.${name}`, signature.slice("static ".length));
  } else {
    signature = signature.replace("func(", `func(self: borrow<${resource}>, `).replace(", )", ")");
    functions.set(`[method]${bare(resource)}.${name}`, signature);
  }
}

function bare(name: string): string {
  return name.replace(/^%/u, "");
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//gu, " ")
    .replace(/\/\/[^\n]*/gu, " ")
    .replace(/@(?:since|unstable|deprecated)\([^)]*\)/gu, " ")
    .replace(/@external-id\("[^"]*"\)/gu, " ");
}

function parseStatements(text: string): readonly Statement[] {
  const stack: Statement[][] = [[]];
  let head = "";
  const squeezed = (): string =>
    head
      .trim()
      .replace(/\s+/gu, " ")
      .replace(/,\s*\)/gu, ")");
  for (const character of text) {
    const top = stack.at(-1) as Statement[];
    if (character === ";") {
      if (squeezed() !== "") top.push({ head: squeezed(), body: undefined });
      head = "";
    } else if (character === "{") {
      const body: Statement[] = [];
      top.push({ head: squeezed(), body });
      stack.push(body);
      head = "";
    } else if (character === "}") {
      stack.pop();
      head = "";
    } else head += character;
  }
  return stack[0] ?? [];
}
