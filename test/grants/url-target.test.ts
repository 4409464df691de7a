import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Length } from "../../src/diagnostic.ts";
import {
  isUnderPrefix,
  mayClimb,
  normaliseHost,
  normalisePrefix,
} from "../../src/grants/url-parts.ts";
import {
  coverRange,
  holdsPoint,
  isBroadTarget,
  rangesIntersect,
  targetLabel,
  type UrlApi,
  type UrlRange,
  urlPoint,
  urlRange,
} from "../../src/grants/url-target.ts";
import { grantLimits } from "../../src/limits.ts";

const target = {
  scheme: "https",
  host: "api.example.com",
  methods: ["GET"],
  path_prefixes: ["/v1"],
};

function matches(api: UrlApi, parts: object, url: string, method = "GET"): boolean {
  const range = urlRange(api, parts);
  const read = urlPoint(api, url, method);
  return range !== undefined && read.ok && holdsPoint(range, read.point);
}

describe("hosts", () => {
  test.each([
    ["API.Example.COM", "api.example.com"],
    [" api.example.com ", "api.example.com"],
    ["api.example.com.", "api.example.com"],
    ["api.example.com...", "api.example.com"],
    ["BÜCHER.example", "xn--bcher-kva.example"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["ａｐｉ.example", "api.example"],
    ["api。example", "api.example"],
    ["127.1", "127.0.0.1"],
    ["0x7f000001", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["0177.0.0.1", "127.0.0.1"],
    ["127.0.0.1.", "127.0.0.1"],
    ["[::1]", "::1"],
    ["::1", "::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["[::ffff:127.0.0.1]", "::ffff:7f00:1"],
  ])("%s is spelled %s", (host, spelling) => {
    expect(normaliseHost(host)).toBe(spelling);
  });

  test.each([
    "",
    " ",
    ".",
    "*",
    "*.example.com/",
    "a b",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "user@host",
    "host:8080",
    "%61pi.example",
    "[::1]:80",
    "fe80::1%eth0",
    "256.256.256.256",
    "a\u0000b",
    "a\tb",
  ])("%j is no host", (host) => {
    expect(normaliseHost(host)).toBeUndefined();
  });

  test("what only looks like Punycode is no host, or nothing but itself on newer engines", () => {
    expect([undefined, "xn--a"]).toContain(normaliseHost("xn--a"));
  });

  test("spelling is idempotent", () => {
    const anything = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV4Extended(), fc.ipV6(), fc.string());
    fc.assert(
      fc.property(anything, (host) => {
        const spelled = normaliseHost(host);
        if (spelled !== undefined) expect(normaliseHost(spelled)).toBe(spelled);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Path text made of the pieces with which prefixes are got around. */
const trickyPath = fc
  .array(
    fc.constantFrom(
      ..."/ . .. v1 v1evil admin %2e %2E %2f %5c %5C %252e %252f %25252e ; ..; .;x // a%20b é %C3%A9 \\ % %2".split(
        " ",
      ),
    ),
    { maxLength: 10 },
  )
  .map((pieces) => `/${pieces.join("")}`);

describe("paths", () => {
  test.each([
    "/v1/%2e%2e%2fadmin",
    "/v1/..%2fadmin",
    "/v1/..%5cadmin",
    "/v1/..\\admin",
    "/v1/%252e%252e/admin",
    "/v1/%25252e.%2fadmin",
    "/v1/..;/admin",
    "/v1/..;x=1/admin",
    "/v1/x%2f..",
    "/..",
  ])("%s may climb", (path) => {
    expect(mayClimb(path)).toBe(true);
  });

  test.each([
    "/",
    "/v1",
    "/v1/a%2fb",
    "/v1//x",
    "/v1/...",
    "/v1/..x",
    "/v1/x..",
    "/v1/.;/x",
    "/v1/%2e",
  ])("%s may not", (path) => {
    expect(mayClimb(path)).toBe(false);
  });

  test("a path of any length is read in a moment", () => {
    for (const piece of ["%25", "%2525", "/..", "/", ";", "%2e%2f", "\\"]) {
      const started = performance.now();
      mayClimb(`/${piece.repeat(100_000)}2e`);
      expect(performance.now() - started).toBeLessThan(1_000);
    }
  });

  test.each([
    "",
    "v1",
    "*",
    "/v1?x",
    "/v1#x",
    "/v 1",
    "/v1\n",
    "/v1//x",
    "/a/../b/..%2f",
    "\\v1",
    "/a%2fb",
  ])("%j is no prefix and matches nothing", (prefix) => {
    expect(normalisePrefix(prefix)).toBeUndefined();
    expect(urlRange("request", { ...target, path_prefixes: [prefix] })).toBeUndefined();
  });

  test("one bad prefix does not spoil the others, nor widen them", () => {
    const range = urlRange("request", { ...target, path_prefixes: ["v1", "/v2"] });
    expect(range?.prefixes).toEqual(["/v2"]);
  });

  test("a prefix ends at a segment boundary", () => {
    expect(isUnderPrefix("/v1", "/v1")).toBe(true);
    expect(isUnderPrefix("/v1/", "/v1")).toBe(true);
    expect(isUnderPrefix("/v1/x", "/v1/")).toBe(true);
    expect(isUnderPrefix("/v1evil", "/v1")).toBe(false);
    expect(isUnderPrefix("/v1", "/v1/")).toBe(false);
    expect(isUnderPrefix("/anything", "/")).toBe(true);
  });

  test("prefixes in other letters and escapes mean the same path", () => {
    const bücher = { ...target, path_prefixes: ["/bücher"] };
    expect(matches("request", bücher, "https://api.example.com/b%c3%bccher/1")).toBe(true);
    expect(matches("request", bücher, "https://api.example.com/bücher")).toBe(true);
    expect(matches("request", bücher, "https://api.example.com/BÜCHER")).toBe(false);
  });

  /** Servers as they are: each decodes, splits, strips and climbs in its own way. */
  const servers = [0, 1, 2, 5].flatMap((rounds) =>
    [true, false].flatMap((dropsEmpty) =>
      [true, false].map((stripsParameters) => (path: string): readonly string[] => {
        let decoded = path;
        for (let round = 0; round < rounds; round += 1) {
          decoded = decoded.replace(/%(25|2e|2f|5c)/giu, (octet) => decodeURIComponent(octet));
        }
        const walked: string[] = [];
        for (const part of decoded.slice(1).split(/[/\\]/u)) {
          const segment = stripsParameters ? part.replace(/;.*$/u, "") : part;
          if (segment === "..") walked.pop();
          else if (segment !== "." && !(dropsEmpty && segment === "")) walked.push(segment);
        }
        return walked;
      }),
    ),
  );

  test("no path that a server could read outside a prefix is held by it", () => {
    const range = urlRange("request", target) as UrlRange;
    fc.assert(
      fc.property(trickyPath, (path) => {
        const read = urlPoint("request", `https://api.example.com/v1${path}`, "GET");
        if (!read.ok || !holdsPoint(range, read.point)) return;
        for (const server of servers) {
          expect(server(new URL(read.point.href).pathname)[0]).toBe("v1");
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("ports and schemes", () => {
  test("an unset port is the scheme's default port", () => {
    const anyPath = { ...target, path_prefixes: [] };
    expect(matches("request", anyPath, "https://api.example.com/")).toBe(true);
    expect(matches("request", anyPath, "https://api.example.com:443/")).toBe(true);
    expect(matches("request", anyPath, "https://api.example.com:444/")).toBe(false);
    expect(matches("request", { ...anyPath, port: 444 }, "https://api.example.com:444/")).toBe(
      true,
    );
    expect(matches("request", { ...anyPath, port: 444 }, "https://api.example.com/")).toBe(false);
  });

  test("any scheme means the schemes of the API, each with its own default port", () => {
    const open = { ...target, scheme: "*", path_prefixes: [] };
    expect(matches("request", open, "http://api.example.com/")).toBe(true);
    expect(matches("request", open, "http://api.example.com:443/")).toBe(false);
    expect(matches("request", open, "wss://api.example.com/")).toBe(false);
    expect(matches("websocket", open, "ws://api.example.com/", "")).toBe(true);
    expect(matches("websocket", open, "https://api.example.com/", "")).toBe(false);
    expect(matches("https", { ...open, host: "api.example.com" }, "http://api.example.com/")).toBe(
      false,
    );
  });

  test("scheme, methods and host are compared without case and outer spaces", () => {
    const loose = {
      scheme: " HTTPS ",
      host: " API.example.com. ",
      methods: [" get "],
      path_prefixes: [],
    };
    expect(matches("request", loose, "https://api.EXAMPLE.com/")).toBe(true);
  });

  test.each([
    { ...target, scheme: "" },
    { ...target, scheme: "ws" },
    { ...target, scheme: "ftp" },
    { ...target, host: "" },
    { ...target, host: "*.example.com/" },
    { ...target, methods: [] },
    { ...target, methods: ["*"] },
    { ...target, methods: ["TRACE", "CONNECT", "OPTIONS", "HEAD"] },
    {},
  ])("%j is not usable", (parts) => {
    expect(urlRange("request", parts)).toBeUndefined();
  });
});

describe("relations", () => {
  const hosts = fc.constantFrom("*", "a.example", "A.example.", "b.example", "127.1", "");
  const prefixes = fc.array(
    fc.constantFrom("/", "/v1", "/v1/", "/v1/x", "/v2", "/v1evil", "", "/a%2fb"),
    { maxLength: 3 },
  );
  const targets = fc
    .record({
      scheme: fc.constantFrom("https", "*", "wss", "HTTPS", "ws", "*", ""),
      host: hosts,
      port: fc.constantFrom(0, 0, 80, 443, 8080),
      methods: fc.subarray(["GET", "post", "DELETE", "TRACE"]),
      path_prefixes: prefixes,
    })
    .map(({ port, ...rest }) => (port === 0 ? rest : { ...rest, port }));
  const apis = fc.constantFrom<UrlApi[]>("https", "request", "websocket");
  const tails = fc.oneof(fc.constantFrom("", "/", "/x", "/x/y", "evil"), trickyPath);
  const pairs = fc.record({
    api: apis,
    left: targets,
    right: targets,
    tail: tails,
    pick: fc.nat(7),
  });

  /** A URL at or near the edge of a range. */
  function pointNear(api: UrlApi, range: UrlRange, tail: string, pick: number) {
    const [scheme, port] = (range.doors[pick % range.doors.length] ?? "").split(":");
    const host = range.host === "*" ? "c.example" : range.host;
    const prefix = range.prefixes?.[pick % range.prefixes.length] ?? "/v1";
    const method = range.methods[pick % range.methods.length];
    const read = urlPoint(api, `${scheme}://${host}:${port}${prefix}${tail}`, method);
    return read.ok ? read.point : undefined;
  }

  function rangesOf({ api, left, right }: { api: UrlApi; left: object; right: object }) {
    return [urlRange(api, left), urlRange(api, right)] as const;
  }

  test("what covers a range holds every URL of it", () => {
    let hits = 0;
    fc.assert(
      fc.property(pairs, (pair) => {
        const [left, right] = rangesOf(pair);
        if (left === undefined || right === undefined) return;
        const point = pointNear(pair.api, right, pair.tail, pair.pick);
        if (point === undefined || !coverRange([left], right) || !holdsPoint(right, point)) return;
        hits += 1;
        expect(holdsPoint(left, point)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
    expect(hits).toBeGreaterThan(10);
  });

  test("two ranges that hold one URL intersect, and covering implies intersecting", () => {
    let hits = 0;
    fc.assert(
      fc.property(pairs, (pair) => {
        const [left, right] = rangesOf(pair);
        if (left === undefined || right === undefined) return;
        const point = pointNear(pair.api, right, pair.tail, pair.pick);
        expect(rangesIntersect(left, right)).toBe(rangesIntersect(right, left));
        if (coverRange([left], right)) expect(rangesIntersect(left, right)).toBe(true);
        if (point === undefined || !holdsPoint(left, point) || !holdsPoint(right, point)) return;
        hits += 1;
        expect(rangesIntersect(left, right)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
    expect(hits).toBeGreaterThan(10);
  });

  test("a range covers and intersects itself, and nothing covers without ranges", () => {
    fc.assert(
      fc.property(apis, targets, (api, parts) => {
        const range = urlRange(api, parts);
        if (range === undefined) return;
        expect(coverRange([range], range)).toBe(true);
        expect(rangesIntersect(range, range)).toBe(true);
        expect(coverRange([], range)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test("several ranges cover together what none covers alone", () => {
    const whole = urlRange("request", {
      ...target,
      methods: ["GET", "POST"],
      path_prefixes: ["/a", "/b"],
    });
    const parts = (["GET", "POST"] as const).flatMap((method) =>
      ["/a", "/b"].map(
        (prefix) =>
          urlRange("request", {
            ...target,
            methods: [method],
            path_prefixes: [prefix],
          }) as UrlRange,
      ),
    );
    expect(coverRange(parts, whole as UrlRange)).toBe(true);
    expect(coverRange(parts.slice(1), whole as UrlRange)).toBe(false);
  });
});

describe("labels", () => {
  test.each<[UrlApi, object, string]>([
    ["request", target, "https://api.example.com GET /v1"],
    [
      "request",
      { ...target, port: 8443, methods: ["GET", "POST"], path_prefixes: ["/a", "/b"] },
      "https://api.example.com:8443 GET,POST /a,/b",
    ],
    ["request", { ...target, host: "*" }, "https://* GET /v1 [broad-request]"],
    ["request", { ...target, path_prefixes: [] }, "https://api.example.com GET * [broad-request]"],
    ["request", {}, "<no-scheme>://<no-host> <no-methods> * [broad-request]"],
    [
      "websocket",
      { scheme: "wss", host: "a.example", path_prefixes: ["/s"] },
      "wss://a.example /s",
    ],
    [
      "websocket",
      { scheme: "*", host: "a.example", path_prefixes: ["/s"] },
      "*://a.example /s [broad-websocket]",
    ],
    [
      "https",
      { host: "a.example", methods: ["GET"], path_prefixes: ["/v1"] },
      "https://a.example GET /v1",
    ],
    ["request", { ...target, host: "аpi.example.com" }, "https://xn--pi-6kc.example.com GET /v1"],
    ["request", { ...target, host: "::1" }, "https://[::1] GET /v1"],
  ])("%s %j reads %s", (api, parts, label) => {
    expect(targetLabel(api, parts)).toBe(label);
  });

  test("a grant's label names the secrets it binds, by their names, and says that it may be private", () => {
    const headers = {
      Authorization: { secret: "weather-token", prefix: "Bearer " },
      "X-Key": { secret: "other" },
    };
    expect(targetLabel("request", { ...target, headers, allow_private: true })).toBe(
      "https://api.example.com GET /v1 [authorization from the secret weather-token, x-key from the secret other] [private]",
    );
    const broad = { ...target, headers, path_prefixes: [] };
    expect(targetLabel("https", broad)).toMatch(/weather-token.*\] \[broad-https\]$/u);
  });

  test("what a label says of secrets is whole up to boundNoteBytes and cut past it", () => {
    const most = grantLimits.boundNoteBytes.default;
    const noteOf = (length: number) => {
      const secret = "s".repeat(length - "x from the secret ".length);
      return targetLabel("request", { ...target, headers: { x: { secret } } });
    };
    expect(noteOf(most)).toMatch(/ s+\]$/u);
    expect(noteOf(most + 1)).toMatch(/ s+…\]$/u);
    expect(utf8Length(noteOf(most + 1))).toBeLessThanOrEqual(grantLimits.labelBytes.default);
  });

  test("a slash as prefix is as broad as none", () => {
    expect(isBroadTarget("request", { ...target, path_prefixes: ["/v1", "/"] })).toBe(true);
    expect(isBroadTarget("request", target)).toBe(false);
  });

  test("a label is whole up to its bound and cut past it", () => {
    const most = grantLimits.labelBytes.default;
    const labelOf = (length: number) => {
      const rest = targetLabel("request", { ...target, path_prefixes: ["/"] }).indexOf("/ ");
      const path = `/${"x".repeat(length - rest - 1)}`;
      return targetLabel("request", { ...target, path_prefixes: [path] });
    };
    expect(utf8Length(labelOf(most))).toBe(most);
    expect(labelOf(most)).not.toContain("…");
    expect(labelOf(most + 1)).toContain("…");
    expect(utf8Length(labelOf(most + 1))).toBeLessThanOrEqual(most);
  });

  test("labels are bounded and inert whatever the fields hold, and broadness is never cut off", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.constant("\u001b]8;;x\u0007".repeat(90)),
    );
    const texts = fc.array(text, { maxLength: 4 });
    const hostile = fc.record({ scheme: text, host: text, methods: texts, path_prefixes: texts });
    fc.assert(
      fc.property(
        fc.constantFrom<UrlApi[]>("https", "request", "websocket"),
        hostile,
        (api, parts) => {
          const label = targetLabel(api, parts);
          expect(new TextEncoder().encode(label).length).toBeLessThanOrEqual(240);
          expect(label).not.toMatch(/[\p{Cc}\u202a-\u202e\u2028\u2029]/u);
          expect(label.endsWith(`[broad-${api}]`)).toBe(isBroadTarget(api, parts));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("URLs", () => {
  test("are read without throwing, and shown without query, user or control characters", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.webUrl({ withQueryParameters: true }));
    fc.assert(
      fc.property(text, (url) => {
        const read = urlPoint("request", url, "GET");
        if (!read.ok) return;
        expect(read.point.display).not.toMatch(/[?#\p{Cc}]/u);
        expect(new URL(read.point.href).search).toBe("");
      }),
      { numRuns: 1_000 },
    );
  });

  test("a path is shown whole up to its bound and cut past it", () => {
    const most = grantLimits.displayPathBytes.default;
    const shownPath = (length: number) => {
      const read = urlPoint("request", `https://a.example/${"x".repeat(length - 1)}`, "GET");
      return read.ok ? read.point.display.slice("GET https://a.example".length) : "";
    };
    expect(shownPath(most)).toBe(`/${"x".repeat(most - 1)}`);
    expect(shownPath(most + 1)).toMatch(/^\/x+…$/u);
    expect(utf8Length(shownPath(10_000))).toBeLessThanOrEqual(most);
  });
});
