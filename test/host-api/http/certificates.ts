import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A server's key and certificate, and the authority that signed it, in PEM. */
export interface Certificates {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

/** Makes an authority and a certificate for `api.example.com`, `localhost`, 127.0.0.1 and ::1. */
export function makeCertificates(): Certificates {
  const authority = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const server = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const names = [
    der(0x82, Buffer.from("api.example.com")),
    der(0x82, Buffer.from("localhost")),
    der(0x87, Buffer.from([127, 0, 0, 1])),
    der(0x87, Buffer.from([...new Array<number>(15).fill(0), 1])),
  ];
  const isAuthority = extension("551d13", der(0x30, der(0x01, Buffer.from([0xff]))));
  const alternativeNames = extension("551d11", der(0x30, ...names));
  const issuer = "Test authority";
  const { privateKey } = authority;
  return {
    ca: certificate(issuer, issuer, authority.publicKey, privateKey, isAuthority),
    cert: certificate("server", issuer, server.publicKey, privateKey, alternativeNames),
    key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** An X.509 certificate (RFC 5280), valid from yesterday until tomorrow. */
function certificate(
  subject: string,
  issuer: string,
  subjectKey: KeyObject,
  issuerKey: KeyObject,
  extensions: Buffer,
): string {
  const day = 24 * 60 * 60 * 1000;
  const ecdsaWithSha256 = der(0x30, der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
  const toSign = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(issuer),
    der(0x30, time(Date.now() - day), time(Date.now() + day)),
    commonName(subject),
    subjectKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, extensions)),
  );
  const signature = sign("sha256", toSign, issuerKey);
  const bits = der(0x03, Buffer.from([0]), signature);
  const body = der(0x30, toSign, ecdsaWithSha256, bits).toString("base64");
  const lines = body.match(/.{1,64}/gu) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function commonName(name: string): Buffer {
  const attribute = der(0x06, Buffer.from("550403", "hex"));
  return der(0x30, der(0x31, der(0x30, attribute, der(0x0c, Buffer.from(name)))));
}

function extension(id: string, value: Buffer): Buffer {
  return der(0x30, der(0x06, Buffer.from(id, "hex")), der(0x04, value));
}

function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/\D/gu, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

/** One DER value: its tag, its length, its contents. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  const size = contents.length;
  if (size < 0x80) return Buffer.concat([Buffer.from([tag, size]), contents]);
  const length = size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), contents]);
}
