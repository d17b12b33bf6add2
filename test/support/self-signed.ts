import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

/** A certificate that nobody vouches for, made anew for each test: no key lies about in the project. */

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size =
    length < 128
      ? Buffer.from([length])
      : length < 256
        ? Buffer.from([0x81, length])
        : Buffer.from([0x82, length >> 8, length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), size, body]);
};

const SEQUENCE = 0x30;
/** 1.2.840.113549.1.1.11, sha256WithRSAEncryption, with its NULL parameters. */
const ALGORITHM = der(
  SEQUENCE,
  der(0x06, Buffer.from([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b])),
  der(0x05),
);

/** A distinguished name of one common name (2.5.4.3). */
const name = (common: string): Buffer =>
  der(
    SEQUENCE,
    der(
      0x31,
      der(SEQUENCE, der(0x06, Buffer.from([0x55, 0x04, 0x03])), der(0x0c, Buffer.from(common, 'utf8'))),
    ),
  );

const utcTime = (date: Date): Buffer =>
  der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

/** Key and certificate (PEM) for a host name, valid for a day. X.509 v1, RFC 5280. */
export function selfSigned(host: string): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const now = Date.now();
  const body = der(
    SEQUENCE,
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ALGORITHM,
    name(host),
    der(SEQUENCE, utcTime(new Date(now - 86_400_000)), utcTime(new Date(now + 86_400_000))),
    name(host),
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('sha256').update(body).sign(privateKey);
  const whole = der(SEQUENCE, body, ALGORITHM, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}
