import type { CustomHostApiName } from "./manifest.types.ts";

// Component model, Explainer.md "Import and Export Definitions": lower-case words, and a version in full.
const word = "[a-z][0-9a-z]*(?:-[a-z][0-9a-z]*)*";
const number = "(?:0|[1-9]\\d{0,8})";
const pattern = new RegExp(
  `^${word}:${word}/${word}@${number}\\.${number}\\.${number}(?:-[0-9a-z]+(?:[.-][0-9a-z]+)*)?$`,
  "u",
);

/** The longest name, in bytes; names of packages and interfaces have a few dozen. */
const maxBytes = 128;

/** What such a name looks like, as the end of a sentence. */
export const customHostApiRule =
  "the name of a host's own interface with its version, such as acme:crm/contacts@1.0.0";

/**
 * Says whether a name is one of a host API that some host defines: an interface with its version.
 *
 * The namespaces `yoi` and `wasi` are nobody's to define.
 *
 * @param name The name in a permission or a definition, at most 128 bytes.
 * @returns Whether it is.
 */
export function isCustomHostApiName(name: string): name is CustomHostApiName {
  return name.length <= maxBytes && pattern.test(name) && !/^(?:yoi|wasi):/u.test(name);
}
