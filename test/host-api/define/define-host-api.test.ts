import fc from "fast-check";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { PluginError } from "../../../src/errors.ts";
import type { CustomFunction, Parameters } from "../../../src/host-api/custom-api.types.ts";
import { defineHostApi } from "../../../src/host-api/define-host-api.ts";
import { customApiLimits } from "../../../src/limits.ts";
import type { Permission } from "../../../src/manifest/manifest.types.ts";
import { openApi } from "../context.ts";

const name = "acme:crm/contacts@1.0.0";
const permission = { kind: "host_api", api: name } as const satisfies Permission;

function contacts(fn: Partial<CustomFunction> = {}, params: Parameters = { query: "string" }) {
  return defineHostApi({
    interface: name,
    functions: { find: { params, handler: (args) => args, ...fn } },
  });
}

describe("[custom/refusals] a host's own API", () => {
  test.each([
    ["has no params", { handler: () => 1 }],
    ["has no handler", { params: {} }],
    ["has no handler", null],
  ])("is refused in words where a function of it %s", (reason, find) => {
    const define = () =>
      defineHostApi({ interface: name, functions: { find: find as unknown as CustomFunction } });
    expect(define).toThrow(expect.objectContaining({ code: "options/invalid" }));
    expect(define).toThrow(reason);
  });

  test("is refused without a grant, without a request, and after a revocation, and its handler unheard", async () => {
    const handler = vi.fn();
    const api = contacts({ handler });
    for (const options of [{ granted: [] }, { permissions: [], granted: [permission] }]) {
      const opened = openApi(api, options);
      expect((await opened.call("find", "x")).error?.code).toBe("grant/denied");
      expect(opened.decisions).toMatchObject([{ action: permission, at: "host-call" }]);
    }
    let isAllowed = true;
    const grants = {
      decide: () =>
        isAllowed
          ? ({ allowed: true } as const)
          : ({ allowed: false, code: "grant/denied", message: "Revoked." } as const),
    };
    const revoked = openApi(api, { grants });
    await revoked.call("find", "x");
    isAllowed = false;
    expect((await revoked.call("find", "x")).error?.message).toBe("Revoked.");
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test.each<readonly [string, Parameters, readonly (string | number)[]]>([
    ["too few", { query: "string" }, []],
    ["too many", { query: "string" }, ["a", "b"]],
    ["a number for a string", { query: "string" }, [1]],
    ["a string for a u32", { id: "u32" }, ["1"]],
    ["a negative u32", { id: "u32" }, [-1]],
    ["a u32 of 33 bits", { id: "u32" }, [2 ** 32]],
    ["a fraction", { id: "u32" }, [0.5]],
    ["no number", { id: "u32" }, [Number.NaN]],
    ["no JSON", { body: "json" }, ["{"]],
    ["JSON with a prototype", { body: "json" }, ['{"__proto__":{}}']],
    ["JSON too deep", { body: "json" }, ["[".repeat(100) + "]".repeat(100)]],
  ])("refuses arguments that are %s", async (_, params, args) => {
    const handler = vi.fn();
    const { error } = await openApi(contacts({ handler }, params)).call("find", ...args);
    expect(error?.code).toBe("host/invalid-request");
    expect(handler).not.toHaveBeenCalled();
  });

  test("bounds arguments by argumentBytes", async () => {
    const most = customApiLimits.argumentBytes.default;
    const opened = openApi(contacts({ handler: ({ query }) => String(query).length }));
    expect(await opened.call("find", "a".repeat(most))).toBe(most);
    expect((await opened.call("find", "a".repeat(most + 1))).error?.code).toBe("host/too-large");
    expect((await opened.call("find", "ü".repeat(most / 2 + 1))).error?.code).toBe(
      "host/too-large",
    );
  });

  test("bounds answers by customAnswerBytes", async () => {
    const most = customApiLimits.customAnswerBytes.default;
    const opened = openApi(
      contacts({ handler: ({ id }) => "a".repeat(Number(id)) }, { id: "u32" }),
    );
    expect(await opened.call("find", most - 2)).toHaveLength(most - 2);
    expect((await opened.call("find", most - 1)).error?.code).toBe("host/too-large");
  });

  test.each<readonly [string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("password=hunter2 at /srv");
      },
    ],
    ["rejects", () => Promise.reject(new TypeError("hunter2"))],
    [
      "throws what is no error",
      () => {
        throw "hunter2";
      },
    ],
    [
      "throws an error of the library that is not for guests",
      () => {
        throw new PluginError({ code: "store/io", phase: "execution", message: "hunter2" });
      },
    ],
    [
      "throws what throws when looked at",
      () => {
        throw new Proxy(
          {},
          {
            get: () => {
              throw new Error("hunter2");
            },
          },
        );
      },
    ],
    [
      "gives a cycle",
      () => {
        const a: unknown[] = [];
        a.push(a);
        return a;
      },
    ],
    ["gives a bigint", () => 1n],
    ["gives a function", () => () => "hunter2"],
    [
      "gives what throws when written",
      () => ({
        toJSON() {
          throw new Error("hunter2");
        },
      }),
    ],
  ])("says nothing of a handler that %s", async (_, handler) => {
    const { error } = await openApi(contacts({ handler })).call("find", "x");
    expect(error?.code).toBe("host/failed");
    expect(JSON.stringify(error)).not.toMatch(/hunter2|srv/u);
  });

  test("tells what a handler chose to tell, redacted", async () => {
    const handler = () => {
      throw new PluginError({
        code: "host/not-found",
        phase: "execution",
        message: "No contact; token=abc",
      });
    };
    expect((await openApi(contacts({ handler })).call("find", "x")).error).toEqual({
      code: "host/not-found",
      message: "No contact; token=<redacted>",
    });
  });

  test("validates all its functions' calls, then the function's own, before the handler", async () => {
    const handler = vi.fn(() => "found");
    const api = defineHostApi({
      interface: name,
      validate: ({ id }, { function: called }) => (id === 1 ? `${called}: 1 is nobody` : undefined),
      functions: {
        find: {
          params: { id: "u32" },
          validate: ({ id }) => (id === 2 ? "2 is nobody either" : undefined),
          handler,
        },
      },
    });
    const opened = openApi(api);
    const code = "host/invalid-request";
    expect((await opened.call("find", 1)).error).toEqual({ code, message: "find: 1 is nobody" });
    expect((await opened.call("find", 2)).error).toEqual({ code, message: "2 is nobody either" });
    expect(handler).not.toHaveBeenCalled();
    expect(await opened.call("find", 3)).toBe("found");
  });

  test("a validation that fails refuses, and says nothing of why", async () => {
    const handler = vi.fn();
    const validate = () => {
      throw new Error("hunter2");
    };
    const { error } = await openApi(contacts({ handler, validate })).call("find", "x");
    expect(error).toMatchObject({ code: "host/failed" });
    expect(error?.message).not.toContain("hunter2");
    expect(handler).not.toHaveBeenCalled();
  });

  test("does not wait for a handler when the guest's call has ended", async () => {
    const ending = new AbortController();
    let seen: AbortSignal | undefined;
    const handler = (_: unknown, { signal }: { signal: AbortSignal }) => {
      seen = signal;
      ending.abort();
      return new Promise(() => {});
    };
    const opened = openApi(contacts({ handler }));
    expect((await opened.callUntil(ending.signal, "find", "x")).error?.code).toBe(
      "runtime/aborted",
    );
    expect(seen?.aborted).toBe(true);
    const unheard = vi.fn();
    const late = openApi(contacts({ handler: unheard }));
    expect((await late.callUntil(ending.signal, "find", "x")).error?.code).toBe("runtime/aborted");
    expect(unheard).not.toHaveBeenCalled();
  });

  test("whatever a guest passes, it answers", async () => {
    const opened = openApi(contacts({}, { text: "string", id: "u32", body: "json" }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string(), fc.double(), fc.nat(), fc.json()), { maxLength: 5 }),
        async (args) => {
          const answer = await opened.call("find", ...args);
          expect(answer.error === undefined || answer.error.code.startsWith("host/")).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("[custom/works] a granted API of a host's own", () => {
  test("answers with what its handlers give, at once or later, as JSON", async () => {
    const api = defineHostApi({
      interface: name,
      functions: {
        add: { params: { left: "u32", right: "u32" }, handler: ({ left, right }) => left + right },
        echo: { params: { body: "json" }, handler: async ({ body }) => ({ body }) },
        nothing: { params: {}, handler: () => undefined },
        who: {
          params: { greeting: "string" },
          handler: ({ greeting }, { plugin, function: called }) =>
            `${greeting} ${plugin.id} of ${called}`,
        },
      },
    });
    const opened = openApi(api);
    expect(await opened.call("add", 4_294_967_295, 1)).toBe(4_294_967_296);
    expect(await opened.call("echo", '{"constructor":[1]}')).toEqual({
      body: { constructor: [1] },
    });
    expect(await opened.call("nothing")).toBeNull();
    expect(await opened.call("who", "hello")).toBe("hello example.echo of who");
    expect([...(api.signatures ?? [])]).toEqual([
      ["add", "func(left: u32, right: u32) -> string"],
      ["echo", "func(body: string) -> string"],
      ["nothing", "func() -> string"],
      ["who", "func(greeting: string) -> string"],
    ]);
  });

  test("needs the permission of another interface where it says so", async () => {
    const other = "acme:crm/everything@2.1.0";
    const api = defineHostApi({
      interface: name,
      permission: other,
      functions: { find: { params: {}, handler: () => 1 } },
    });
    expect(await openApi(api).call("find")).toBe(1);
    expect((await openApi(api, { permissions: [permission] }).call("find")).error?.code).toBe(
      "grant/denied",
    );
    expect(api.name).toBe(other);
  });

  test("types a handler's arguments by its parameters", () => {
    defineHostApi({
      interface: name,
      functions: {
        find: {
          params: { query: "string", limit: "u32", filter: "json" },
          handler(args) {
            expectTypeOf(args.query).toEqualTypeOf<string>();
            expectTypeOf(args.limit).toEqualTypeOf<number>();
            expectTypeOf(args.filter).toEqualTypeOf<unknown>();
            return null;
          },
        },
      },
    });
  });

  test("changing the definition afterwards changes nothing", async () => {
    const find = { params: { id: "u32" as const }, handler: () => "first" };
    const api = defineHostApi({ interface: name, functions: { find } });
    find.handler = () => "second";
    Object.assign(find.params, { more: "string" });
    expect(await openApi(api).call("find", 1)).toBe("first");
  });
});

describe("[custom/definition] a definition", () => {
  const find: CustomFunction = { params: {}, handler: () => null };

  test.each([
    "",
    "contacts",
    "fs",
    "acme:crm",
    "acme:crm/contacts",
    "acme:crm/contacts@1",
    "acme:crm/contacts@1.0",
    "acme:crm/contacts@01.0.0",
    "acme:crm/contacts@1.0.0 ",
    "Acme:crm/contacts@1.0.0",
    "acme:crm/contacts/more@1.0.0",
    "acme:crm/'+x+'@1.0.0",
    "yoi:host/fs@1.0.0",
    "wasi:http/types@0.2.0",
    `acme:crm/${"a".repeat(128)}@1.0.0`,
  ])("refuses the interface and the permission %j", (each) => {
    expect(() => defineHostApi({ interface: each, functions: { find } })).toThrow(PluginError);
    expect(() => defineHostApi({ interface: name, permission: each, functions: { find } })).toThrow(
      /is not the name of a host's own interface/,
    );
  });

  test.each(["", "Find", "find_it", "1st", "find-", "__proto__ ", "a".repeat(65)])(
    "refuses a function and a parameter named %j",
    (each) => {
      expect(() => defineHostApi({ interface: name, functions: { [each]: find } })).toThrow(
        /name of the function/,
      );
      expect(() => contacts({}, { [each]: "u32" })).toThrow(/name of the parameter/);
    },
  );

  test.each([
    "response-len",
    "response-read",
    "arguments",
    "get-core-module",
    "module0",
    "undefined",
  ])("refuses the function %s, with which no guest would run", (each) => {
    expect(() => defineHostApi({ interface: name, functions: { [each]: find } })).toThrow(
      /is taken/,
    );
  });

  test("has up to four parameters of known types, and a handler", () => {
    const params = (count: number): Parameters =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, "u32"]));
    const most = customApiLimits.parameters.default;
    expect(() => contacts({}, params(most))).not.toThrow();
    expect(() => contacts({}, params(most + 1))).toThrow(/more than 4 parameters/);
    expect(() => contacts({}, { id: "u64" as "u32" })).toThrow(/not string, u32 or json/);
    expect(() => contacts({ handler: null as never })).toThrow(/has no handler/);
  });

  test("has at least one function and customFunctions at the most", () => {
    const functions = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, find]));
    const most = customApiLimits.customFunctions.default;
    expect(() => defineHostApi({ interface: name, functions: functions(most) })).not.toThrow();
    expect(() => defineHostApi({ interface: name, functions: functions(most + 1) })).toThrow(
      /1 to/,
    );
    expect(() => defineHostApi({ interface: name, functions: {} })).toThrow(/1 to/);
  });
});
