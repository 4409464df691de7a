import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { all, ask, type GrantRequest, type TargetsInput } from "yoi-plugin-sdk";
import { httpLimits } from "../../src/limits.ts";
import { type RelayOptions, relayGuest } from "./reach-guest.ts";
import {
  type LocalServers,
  publicNetwork,
  startNameServer,
  startServers,
} from "./reach-servers.ts";

let servers: LocalServers;
beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers[Symbol.asyncDispose]());

type Bytes = readonly number[];
const good: Bytes = [93, 184, 215, 14];
const loopback: Bytes = [127, 0, 0, 1];
const url = "https://api.example.com/";
const methods = ["GET"];
const targets: TargetsInput = {
  https: [{ host: "api.example.com", methods, path_prefixes: [] }],
  request: [{ scheme: "https", host: "*", methods, path_prefixes: [] }],
};

/** IPv6 bytes from eight groups. */
const v6 = (...groups: readonly number[]): Bytes =>
  groups.flatMap((group) => [group >> 8, group & 0xff]);

/** A guest whose names are answered by a real name server. */
async function guestWithNames(
  answer: Parameters<typeof startNameServer>[0],
  options: Partial<RelayOptions> = {},
) {
  const names = await startNameServer(answer);
  const network = publicNetwork(servers, [names.address]);
  const relay = await relayGuest({
    kind: "raw",
    asks: "https.request",
    network,
    targets,
    ...options,
  });
  return {
    ...relay,
    names,
    pinned: network.pinned,
    get: (to = url, api: "https" | "request" = "https") =>
      relay.ask([api, { method: "GET", url: to }]),
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await names[Symbol.asyncDispose]();
    },
  };
}

describe("[https/names] a name that leads", () => {
  const privateAnswers: readonly (readonly [string, "A" | "AAAA", readonly Bytes[]])[] = [
    ["to loopback", "A", [loopback]],
    ["to 0.0.0.0", "A", [[0, 0, 0, 0]]],
    ["to a cloud's metadata", "A", [[169, 254, 169, 254]]],
    ["to 10/8", "A", [[10, 1, 2, 3]]],
    ["to 172.16/12", "A", [[172, 31, 0, 1]]],
    ["to 192.168/16", "A", [[192, 168, 1, 1]]],
    ["to carrier-grade NAT", "A", [[100, 64, 0, 1]]],
    ["to a public and a private address", "A", [good, [10, 0, 0, 1]]],
    ["to a private and a public address", "A", [[10, 0, 0, 1], good]],
    ["to ::1", "AAAA", [v6(0, 0, 0, 0, 0, 0, 0, 1)]],
    ["to ::", "AAAA", [v6(0, 0, 0, 0, 0, 0, 0, 0)]],
    ["to a mapped loopback", "AAAA", [v6(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1)]],
    ["to a compatible loopback", "AAAA", [v6(0, 0, 0, 0, 0, 0, 0x7f00, 1)]],
    ["to a translated loopback", "AAAA", [v6(0, 0, 0, 0, 0xffff, 0, 0x7f00, 1)]],
    ["to loopback behind NAT64", "AAAA", [v6(0x64, 0xff9b, 0, 0, 0, 0, 0x7f00, 1)]],
    ["to loopback behind a local NAT64", "AAAA", [v6(0x64, 0xff9b, 1, 0, 0, 0, 0x7f00, 1)]],
    ["to loopback behind 6to4", "AAAA", [v6(0x2002, 0x7f00, 1, 0, 0, 0, 0, 0)]],
    ["to loopback behind Teredo", "AAAA", [v6(0x2001, 0, 0x7f00, 1, 0, 0, 0, 0)]],
    ["to a unique local address", "AAAA", [v6(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)]],
    ["to a link-local address", "AAAA", [v6(0xfe80, 0, 0, 0, 0, 0, 0, 1)]],
    [
      "to a public IPv6 and a private one",
      "AAAA",
      [v6(0x2606, 0x4700, 0, 0, 0, 0, 0, 1), v6(0xfc00, 0, 0, 0, 0, 0, 0, 1)],
    ],
  ];

  it.each(privateAnswers)("%s is not connected to", async (_, type, addresses) => {
    await using guest = await guestWithNames((_name, asked) => (asked === type ? addresses : []));
    const before = servers.connections.count;
    expect((await guest.get()).error?.code).toBe("grant/denied");
    expect(guest.pinned).toEqual([]);
    expect(servers.connections.count).toBe(before);
  });

  it("to a private IPv6 address beside a public IPv4 one is not connected to", async () => {
    await using guest = await guestWithNames((_, type) =>
      type === "A" ? [good] : [v6(0, 0, 0, 0, 0, 0, 0, 1)],
    );
    expect((await guest.get()).error?.code).toBe("grant/denied");
  });

  it.each([
    ["nowhere", () => []],
    [
      "to too many addresses",
      () => Array.from({ length: httpLimits.resolvedAddresses.default + 1 }, () => good),
    ],
  ] as const)("%s is an error of its own", async (_, answer) => {
    await using guest = await guestWithNames((_name, type) => (type === "A" ? answer() : []));
    expect((await guest.get()).error?.code).toBe("host/resolve");
    expect(guest.pinned).toEqual([]);
  });

  it("nowhere because nobody answers ends with the guest's deadline", async () => {
    await using guest = await guestWithNames(() => undefined);
    const result = await guest.run([["https", { method: "GET", url }]], { timeoutMs: 200 });
    expect(result.error?.code).toBe("runtime/timeout");
  });
});

describe("[https/names] a name that changes its mind between two answers", () => {
  it("is asked about once for an exchange, and connected to where that answer said", async () => {
    let isRebound = false;
    await using guest = await guestWithNames((_, type) => {
      if (type === "AAAA") return [];
      const answer = isRebound ? loopback : good;
      isRebound = !isRebound;
      return [answer];
    });
    expect(await guest.get()).toMatchObject({ status: 200 });
    expect((await guest.get()).error?.code).toBe("grant/denied");
    expect(await guest.get()).toMatchObject({ status: 200 });
    expect(guest.names.asked.filter((question) => question.endsWith(" A"))).toEqual(
      new Array(3).fill("api.example.com A"),
    );
    expect(guest.pinned).toEqual([["93.184.215.14"], ["93.184.215.14"]]);
  });

  it("is refused through request as well, where any host is granted", async () => {
    await using guest = await guestWithNames((_, type) => (type === "A" ? [loopback] : []), {
      asks: "request.request",
    });
    expect((await guest.get("https://inside.example/", "request")).error?.code).toBe(
      "grant/denied",
    );
  });
});

describe("[https/names] a private host that both sides name", () => {
  const nas = () => ({
    scheme: "http",
    host: "nas.example",
    port: servers.httpPort,
    methods,
    path_prefixes: [],
    allow_private: true,
  });

  it("is reached after otherAddressesMs though only one kind of address is answered, and one of two addresses is dead", async () => {
    // Some name servers never answer the question for IPv6; nothing listens at the first address.
    const dead: Bytes = [127, 0, 0, 2];
    await using guest = await guestWithNames(
      (_, type) => (type === "A" ? [dead, loopback] : undefined),
      { asks: "request.request", targets: { request: [nas()] } },
    );
    const at = `http://nas.example:${servers.httpPort}/`;
    expect(await guest.get(at, "request")).toMatchObject({ status: 200 });
  });

  it("is reached though the first question is lost, asked again after nameServerMs", async () => {
    let lost = 0;
    await using guest = await guestWithNames(
      (_, type) => {
        if (type === "AAAA") return [];
        lost += 1;
        return lost === 1 ? undefined : [loopback];
      },
      { asks: "request.request", targets: { request: [nas()] } },
    );
    const at = `http://nas.example:${servers.httpPort}/`;
    expect(await guest.get(at, "request")).toMatchObject({ status: 200 });
  });

  it("is reached by its name, and by that name only", async () => {
    await using guest = await guestWithNames((_, type) => (type === "A" ? [loopback] : []), {
      asks: "request.request",
      targets: { request: [nas()] },
    });
    const at = (host: string) => `http://${host}:${servers.httpPort}/`;
    expect(await guest.get(at("nas.example"), "request")).toMatchObject({ status: 200 });
    expect(await guest.get(at("NAS.example."), "request")).toMatchObject({ status: 200 });
    for (const host of ["other.example", "x.nas.example", "127.0.0.1", "localhost"]) {
      expect((await guest.get(at(host), "request")).error?.code, host).toBe("grant/denied");
    }
    expect(guest.names.asked).not.toContain("other.example A");
  });

  it("[policies/one-question] is one question to a person, who is told that it is private", async () => {
    const asked: GrantRequest[] = [];
    await using guest = await guestWithNames((_, type) => (type === "A" ? [loopback] : []), {
      asks: "request.request",
      targets: { request: [nas()] },
      grants: (record) =>
        all(
          record,
          ask((question) => asked.push(question) > 0),
        ),
    });
    asked.length = 0;
    // Asked at each call: whether the tool may run, then what it reaches.
    expect(await guest.get(`http://nas.example:${servers.httpPort}/`, "request")).toMatchObject({
      status: 200,
    });
    expect(asked.filter(({ at }) => at === "host-call")).toMatchObject([
      { action: { target: { kind: "url", method: "GET", isPrivate: true } } },
    ]);
    expect(guest.heard.decisions.filter(({ at }) => at === "host-call")).toHaveLength(1);
  });

  it("is not looked up for a person who has yet to agree to any host", async () => {
    await using guest = await guestWithNames((_, type) => (type === "A" ? [loopback] : []), {
      asks: "request.request",
      grants: (record) =>
        all(
          record,
          ask(({ at }) => at !== "host-call"),
        ),
    });
    const secret = "https://c2VjcmV0.evil.example/";
    expect((await guest.get(secret, "request")).error?.code).toBe("grant/denied");
    expect(guest.names.asked).toEqual([]);
  });
});
