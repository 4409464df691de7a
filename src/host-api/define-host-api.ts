import { boundedText, quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import { customApiLimits } from "../limits.ts";
import { customHostApiRule, isCustomHostApiName } from "../manifest/manifest.ts";
import type { CustomFunction, HostApiDefinition, Parameters } from "./custom-api.types.ts";
import { callCustomFunction } from "./custom-call.ts";
import type { HostApi, HostApiContext } from "./host-api.ts";

/**
 * Makes a host's own API, which guests import as a WIT interface and which a manifest must ask for
 * and the host grant, as ours.
 *
 * Every call is authorised anew. Arguments are checked before a handler sees them, an answer is JSON
 * of at most 64 KiB, and a failure is an answer `{"error":{"code","message"}}`: `host/invalid-request`,
 * `host/too-large`, `host/failed`, or what the handler chose.
 *
 * @param definition The interface, its functions and their handlers.
 * @returns The API, for `createInstance`'s `hostApis`.
 * @throws PluginError `options/invalid` when a name, a parameter or a number of them is not valid.
 */
export function defineHostApi<const Params extends Readonly<Record<string, Parameters>>>(
  definition: HostApiDefinition<{ readonly [Name in keyof Params]: CustomFunction<Params[Name]> }>,
): HostApi {
  const { interface: name, permission = name, validate } = definition;
  for (const each of [name, permission]) {
    if (typeof each !== "string" || !isCustomHostApiName(each)) {
      refuse(`${quoteName(String(each))} is not ${customHostApiRule}`);
    }
  }
  const functions = readFunctions(definition.functions as Readonly<Record<string, CustomFunction>>);
  return Object.freeze({
    name: permission,
    asksAuthority: true,
    interface: name,
    signatures: new Map(
      Array.from(functions, ([each, { params }]) => [each, signatureOf(params)] as const),
    ),
    open: (context: HostApiContext) => ({
      functions: new Map(
        Array.from(functions, ([each, definedFunction]) => [
          each,
          callCustomFunction(
            { ...definedFunction, name: each, permission, all: validate },
            context,
          ),
        ]),
      ),
      // What a handler keeps for a plugin is the host's to let go of.
      [Symbol.asyncDispose]: async () => {},
    }),
  });
}

const wordPattern = /^[a-z][0-9a-z]*(?:-[a-z][0-9a-z]*)*$/u;

function readFunctions(
  functions: Readonly<Record<string, CustomFunction>>,
): ReadonlyMap<string, CustomFunction> {
  const read = new Map<string, CustomFunction>();
  for (const [name, definedFunction] of Object.entries(functions)) {
    checkName("function", name);
    if (takenNames.test(name)) {
      refuse(`the name of the function ${quoteName(name)} is taken by what calls it in a guest`);
    }
    if (typeof definedFunction?.handler !== "function") {
      refuse(`the function ${quoteName(name)} has no handler`);
    }
    const { params, handler, validate } = definedFunction;
    checkParameters(name, params);
    // Bound here, so that changing the definition later changes nothing.
    read.set(name, {
      params: Object.freeze({ ...params }),
      handler: handler.bind(definedFunction),
      ...(validate === undefined ? {} : { validate: validate.bind(definedFunction) }),
    });
  }
  const most = customApiLimits.customFunctions.default;
  if (read.size === 0 || read.size > most) refuse(`it needs 1 to ${most} functions`);
  return read;
}

function checkParameters(name: string, params: Parameters): void {
  if (typeof params !== "object" || params === null) {
    refuse(`the function ${quoteName(name)} has no params; a function without any says params: {}`);
  }
  const entries = Object.entries(params);
  const most = customApiLimits.parameters.default;
  if (entries.length > most) {
    refuse(`the function ${quoteName(name)} has more than ${most} parameters`);
  }
  for (const [parameter, type] of entries) {
    checkName("parameter", parameter);
    if (!["string", "u32", "json"].includes(type)) {
      refuse(`the type of the parameter ${quoteName(parameter)} is not string, u32 or json`);
    }
  }
}

/**
 * What raw guests read answers with (reference §4.4), and what the bindings of components call things
 * of their own: such a function could be defined, and no guest that imports it would run.
 */
const takenNames = new RegExp(
  "^(?:response-(?:len|read)|arguments|undefined|global-this|get-core-module" +
    "|(?:module|exports|memory|table|realloc|post-return|callback|lowering|trampoline)[0-9]+)$",
  "u",
);

/** Names are WIT's, and no longer than anybody writes them. */
function checkName(what: string, name: string): void {
  if (name.length > 64 || !wordPattern.test(name)) {
    refuse(`the name of the ${what} ${quoteName(name)} is not lower-case words joined by -`);
  }
}

function signatureOf(params: Parameters): string {
  const written = Object.entries(params).map(
    ([name, type]) => `${name}: ${type === "u32" ? "u32" : "string"}`,
  );
  return `func(${written.join(", ")}) -> string`;
}

function refuse(problem: string): never {
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `The host API can't be defined: ${boundedText(problem, 400)}.`,
  });
}
