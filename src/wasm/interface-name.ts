/** An interface name in its parts: `wasi:io/streams@0.2.6`. */
export interface InterfaceName {
  /** `wasi:io/streams`, which is all that a bindings generator keeps of it. */
  readonly unversioned: string;
  /** `0.2.6`; `undefined` without one. */
  readonly version: string | undefined;
}

// Component model, Explainer.md "Import and Export Definitions".
const label = "(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)(?:-(?:[0-9a-z]+|[0-9A-Z]+))*";
const words = "[a-z][0-9a-z]*(?:-[0-9a-z]+)*";
const externNamePattern = new RegExp(
  `^(?:${label}|\\[constructor\\]${label}|\\[(?:method|static)\\]${label}\\.${label}` +
    `|(?:${words}:)+${words}(?:/${label})+(?:@[0-9A-Za-z.+-]+)?)$`,
  "u",
);

/**
 * Says whether a name has one of the two forms that imports and exports of components have today: a plain
 * name or an interface name. Older forms, such as `url=<…>`, trap the bindings generator.
 */
export function isExternName(name: string): boolean {
  return externNamePattern.test(name);
}

/** Splits a name at its version. */
export function interfaceName(name: string): InterfaceName {
  const at = name.indexOf("@");
  if (at === -1) return { unversioned: name, version: undefined };
  return { unversioned: name.slice(0, at), version: name.slice(at + 1) };
}

/**
 * Says whether a known name covers an imported one.
 *
 * @param known A name with its version, or with a canonical version (`@0.2`), which covers every release
 *   compatible with it, but no pre-release.
 * @param imported The name as the bytes have it.
 */
export function covers(known: string, imported: string): boolean {
  if (known === imported) return true;
  const { unversioned, version } = interfaceName(known);
  const other = interfaceName(imported);
  if (unversioned !== other.unversioned || version === undefined) return false;
  if (other.version === undefined || !isCanonical(version)) return false;
  const rest = other.version.slice(version.length);
  return other.version.startsWith(version) && /^(?:\.\d{1,9}){1,2}$/u.test(rest);
}

function isCanonical(version: string): boolean {
  return /^(?:[1-9]\d*|0\.[1-9]\d*)$/u.test(version);
}
