import { quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";

/** WIT packages that a host defined, as a guest's world needs them. */
export interface OwnWit {
  /** The interfaces by the names that guests import: `acme:crm/contacts@1.0.0`. */
  readonly interfaces: ReadonlySet<string>;
  /** All packages, each in braces, so that they can stand in one text with others. */
  readonly text: string;
}

const packagePattern = /^\s*package\s+([^\s;{@]+)@([^\s;{]+)\s*;/u;
const interfacePattern = /\binterface\s+(%?[a-z][0-9a-z-]*)\s*\{/gu;

/**
 * Reads the WIT of a host's own interfaces, as far as building a guest needs it: which interfaces of
 * which packages there are. The toolchain reads it in full.
 *
 * @param texts Files of WIT, each of which begins with `package namespace:name@version;`.
 * @returns The packages.
 * @throws PluginError `build/failed` for a text without such a beginning, or of a package that is ours.
 */
export function readOwnWit(texts: readonly string[]): OwnWit {
  const interfaces = new Set<string>();
  const packages = new Map<string, string>();
  for (const [index, written] of texts.entries()) {
    const text = withoutComments(written);
    const [declaration, name, version] = packagePattern.exec(text) ?? [];
    const place = `The WIT text ${index + 1} of ${texts.length}`;
    if (declaration === undefined || name === undefined || version === undefined) {
      refuse(
        `${place} does not begin with a package and its version, such as "package acme:crm@1.0.0;".`,
      );
    }
    if (/^%?(?:yoi|wasi):/u.test(name)) {
      refuse(`${place} defines ${quoteName(name)}, whose namespace is not a host's own.`);
    }
    const body = text.slice(declaration.length);
    for (const [, label = ""] of body.matchAll(interfacePattern)) {
      interfaces.add(`${name}/${label}@${version}`.replaceAll("%", ""));
    }
    // One package may be written in several files.
    const named = `${name}@${version}`;
    packages.set(named, `${packages.get(named) ?? ""}${body}`);
  }
  const all = Array.from(packages, ([named, body]) => `\npackage ${named} {${body}}\n`);
  return { interfaces, text: all.join("") };
}

function refuse(message: string): never {
  throw new PluginError({ code: "build/failed", phase: "build", message });
}

/** WIT has no texts in quotes, so that what looks like a comment is one. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\//gu, " ");
}
