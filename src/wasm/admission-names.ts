import { quoteName, utf8Length } from "../diagnostic.ts";
import type { Refuse, ResolvedRequest } from "./admission.types.ts";
import type { ArtifactFacts } from "./artifact.types.ts";
import { isExternName } from "./interface-name.ts";

/**
 * The characters that names may have (decisions.md "jco"): none of them ends a string, an expression, a
 * statement or a line in JavaScript, wherever the generator writes the name.
 */
const safeCharacters = /^[A-Za-z0-9 _\-.$#/:@[\]<>()*|=+!?&%^~]*$/u;

/** Core names that are safe as text and do something else in the code that is generated around them. */
const hazardousCoreNames: ReadonlyMap<string, string> = new Map([
  ["__proto__", "would set an object's prototype"],
  ["*", "would stand for all exports at once"],
]);

/** Places where a name must be a plain name or an interface name. */
const externPlaces: ReadonlySet<string> = new Set([
  "component import",
  "component export",
  "instance export",
  "component type import",
  "component type export",
]);

/** How many unsafe names are told; one is enough to refuse, and other reasons need room. */
const mostReasons = 16;

/** Refuses names that could become code, break it, or change what it means. */
export function checkNames(
  facts: ArtifactFacts,
  { artifactLimits }: ResolvedRequest,
  refuse: Refuse,
): void {
  let unsafe = 0;
  for (const { name, place } of facts.names) {
    const problem = nameProblem(name, place, artifactLimits.nameBytes);
    if (problem === undefined) continue;
    unsafe += 1;
    if (unsafe <= mostReasons) {
      refuse("artifact/unsafe-name", `The ${place} ${quoteName(name)} ${problem}. Rename it.`);
    }
  }
  if (unsafe > mostReasons) {
    refuse("artifact/unsafe-name", `${unsafe - mostReasons} more names are unsafe. Rename them.`);
  }
}

function nameProblem(name: string, place: string, nameBytes: number): string | undefined {
  if (name.length > nameBytes || utf8Length(name) > nameBytes) {
    return `is longer than ${nameBytes} bytes`;
  }
  if (!safeCharacters.test(name)) {
    return "has a character other than letters, digits, spaces and _-.$#/:@[]<>()*|=+!?&%^~";
  }
  if (externPlaces.has(place)) {
    return isExternName(name) ? undefined : "is neither a plain name nor an interface name";
  }
  if (place === "core export" && name === "") return "is empty";
  const hazard = hazardousCoreNames.get(name);
  return hazard;
}
