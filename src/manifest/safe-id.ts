/** What {@link isSafeId} asks for, as the end of a sentence. */
export const safeIdRule =
  "must be 1 to 128 of the characters A-Z a-z 0-9 . _ - and may not start or end with a dot";

/**
 * Says whether text is a safe id (reference §1): short, ASCII, harmless in paths and references.
 *
 * @param text A package id, or the name of a service, ingress or hook.
 * @returns Whether it keeps {@link safeIdRule}.
 */
export function isSafeId(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,128}$/u.test(text) && !text.startsWith(".") && !text.endsWith(".");
}
