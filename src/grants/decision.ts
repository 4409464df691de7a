import { boundedText } from "../diagnostic.ts";
import { type ErrorCode, errorCodes } from "../errors.ts";
import { grantLimits, textLimits } from "../limits.ts";
import type { Permission } from "../manifest/manifest.types.ts";
import type { Action, Decision, HostApiTarget } from "./grants.types.ts";
import { permissionLabel } from "./permission.ts";
import { isUrlApi, urlPoint } from "./url-target.ts";

/** The decision that allows. */
export const allowed: Decision = Object.freeze({ allowed: true });

/**
 * Makes the decision that refuses.
 *
 * @param message Why; it is bounded and made inert.
 * @param code `grant/denied` unless said otherwise.
 * @returns The decision.
 */
export function denied(message: string, code: ErrorCode = "grant/denied"): Decision {
  return Object.freeze({
    allowed: false,
    code,
    message: boundedText(message, textLimits.messageBytes.default),
  });
}

/**
 * Reads what a policy answered; everything but a well-formed decision is a refusal.
 *
 * @param answer Anything.
 * @returns A decision made of nothing but its known fields.
 */
export function readDecision(answer: unknown): Decision {
  if (typeof answer !== "object" || answer === null) return unreadable;
  // Each field is read once: an answer may be a proxy that changes its mind.
  const { allowed: isAllowed, code, message } = answer as Record<string, unknown>;
  if (isAllowed === true) return allowed;
  if (isAllowed !== false) return unreadable;
  return denied(
    typeof message === "string" && message.trim() !== "" ? message : "The grant policy refused.",
    isErrorCode(code) ? code : "grant/denied",
  );
}

const unreadable = denied("The grant policy gave no decision, which counts as a refusal.");

function isErrorCode(code: unknown): code is ErrorCode {
  if (typeof code !== "string") return false;
  return Object.hasOwn(errorCodes, code) || /^host\/[a-z][a-z0-9-]{0,63}$/u.test(code);
}

/**
 * Names an action as messages and audit events do: its permission, and the target without its query.
 *
 * @param action The action.
 * @returns Such as `tool.echo` or `host_api.https GET https://api.example.com/v1/x`; inert, bounded.
 */
export function actionSubject(action: Action): string {
  const label = permissionLabel(actionPermission(action));
  const target = action.kind === "host_api" ? action.target : undefined;
  const shown = boundedText(label, grantLimits.labelBytes.default);
  return target === undefined ? shown : `${shown} ${targetSubject(action, target)}`;
}

/** The permission that an action needs by its own name. */
function actionPermission(action: Action): Permission {
  switch (action.kind) {
    case "tool":
      return { kind: "tool", name: action.name };
    case "host_api":
      return { kind: "host_api", api: action.api } as Permission;
    default:
      return action;
  }
}

function targetSubject(action: Action, target: HostApiTarget): string {
  if (target.kind === "folder") {
    const place = target.path === undefined ? target.root : `${target.path} in ${target.root}`;
    return boundedText(`${target.operation} ${place}`, grantLimits.labelBytes.default);
  }
  const api = action.kind === "host_api" ? action.api : "";
  const read = isUrlApi(api) ? urlPoint(api, target.url, target.method) : undefined;
  return read?.ok === true ? read.point.display : "<not a usable URL>";
}
