import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLocalName, readAddress } from "../../../src/host-api/http/address.ts";

describe("an address", () => {
  test.each([
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "[::1]",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::FFFF:10.0.0.1",
    "0:0:0:0:0:ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:10.0.0.1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2606:4700:4700::1111%eth0",
  ])("%s is private", (text) => {
    expect(readAddress(text)).toMatchObject({ kind: "private" });
  });

  test.each([
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "[2606:4700:4700::1111]",
    "3ffe::1",
  ])("%s is public", (text) => {
    expect(readAddress(text)).toMatchObject({ kind: "public" });
  });

  test.each([
    "",
    "localhost",
    "api.example.com",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "0x7f.0.0.1",
    "2130706433",
    "1.2.3.4 ",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
    "12345::",
    "g::",
    "::1.2.3",
    "1.2.3.4::",
    "::1.2.3.4:5",
    `${"0:".repeat(1000)}1`,
  ])("%j is none", (text) => {
    expect(readAddress(text)).toBeUndefined();
  });

  test("whatever the URL parser makes of a notation of 127.0.0.1 is private", () => {
    for (const host of [
      "127.1",
      "127.0.1",
      "2130706433",
      "0x7f000001",
      "0x7f.0.0.0x1",
      "017700000001",
      "0177.0.0.01",
      "１２７.0.0.1",
      "127。0。0。1",
      "①②⑦.⓪.⓪.①",
      "[::ffff:127.0.0.1]",
      "[0:0:0:0:0:ffff:7f00:0001]",
    ]) {
      expect(readAddress(new URL(`http://${host}/`).hostname), host).toMatchObject({
        kind: "private",
      });
    }
  });

  test("reading agrees with the URL parser about every IPv6 address, and its spelling is read again", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const parsed = new URL(`http://[${text}]/`).hostname;
        const read = readAddress(text);
        expect(read).toEqual(readAddress(parsed));
        expect(new URL(`http://[${read?.text}]/`).hostname).toBe(parsed);
      }),
      { numRuns: 500 },
    );
  });

  test("any text at all is read or refused", () => {
    const near = fc.string({ unit: fc.constantFrom(..."0123456789abcdef:.%[]") });
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        const read = readAddress(text);
        if (read !== undefined) expect(readAddress(read.text)?.text).toBe(read.text);
      }),
      { numRuns: 1000 },
    );
  });
});

test("localhost and everything below it mean the own machine", () => {
  expect(["localhost", "a.localhost", "a.b.localhost"].every(isLocalName)).toBe(true);
  expect(["localhost.example.com", "notlocalhost", "local"].some(isLocalName)).toBe(false);
});
