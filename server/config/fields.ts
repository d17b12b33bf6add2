import { z } from 'zod';
import { BROKER_API_URL, BROKER_ASSETS_URL, isLoopback, isNetwork } from './addresses.js';
import type { Config, TrustedProxy } from './config.js';

/** An empty variable counts as unset, as `.env` files and compose files write it. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema);

const check = (test: (value: string) => boolean, message: string) => z.string().refine(test, message);

/** One line of printable ASCII without blanks: what an HTTP header can carry. */
const credential = check(
  (value) => /^[\x21-\x7e]{1,4096}$/.test(value),
  'must be one line of printable characters without blanks',
);

function parsedUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}

const isPlainUrl = (url: URL): boolean =>
  url.username === '' && url.password === '' && url.search === '' && url.hash === '';

/** An upstream address. Tokens travel to it, hence https, except to this very machine. */
const upstream = (fallback: string) =>
  optional(
    z
      .string()
      .refine((value) => {
        const url = parsedUrl(value);
        if (url === null || !isPlainUrl(url)) return false;
        return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
      }, 'must be an https address without user, query or fragment (http only for this machine)')
      .transform((value) => value.replace(/(?<!\/)\/+$/, ''))
      .default(fallback),
  );

const redirectUri = check((value) => {
  const url = parsedUrl(value);
  if (url === null || !isPlainUrl(url) || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.pathname.endsWith('/callback');
}, 'must be an http or https address that ends in /callback, exactly as registered with the broker');

const integer = (low: number, high: number, fallback: number) =>
  optional(
    check(
      (value) => /^\d{1,6}$/.test(value) && +value >= low && +value <= high,
      `must be a whole number from ${low} to ${high}`,
    )
      .transform(Number)
      .default(fallback),
  );

/** `sqlite:<file>` or a PostgreSQL address. Its value is never echoed: it may hold a password. */
const databaseUrl = check((value) => {
  const file = /^sqlite:(.+)$/.exec(value)?.[1];
  if (file !== undefined) return file !== ':memory:';
  const url = parsedUrl(value);
  return url !== null && ['postgres:', 'postgresql:'].includes(url.protocol) && url.hostname !== '';
}, 'must be sqlite:<file> or postgres://user:password@host/database').transform(toDatabase);

function toDatabase(value: string): Config['database'] {
  return value.startsWith('sqlite:')
    ? { kind: 'sqlite', file: value.slice('sqlite:'.length) }
    : { kind: 'postgres', url: value };
}

/** ISO time with an offset, or epoch milliseconds; a time without an offset would mean another one on each machine. */
const instant = check(
  (value) => Number.isSafeInteger(toInstant(value)),
  'must be an ISO time with an offset, such as 2026-08-18T11:00:00+05:30, or epoch milliseconds',
).transform(toInstant);

function toInstant(value: string): number {
  if (/^\d{12,14}$/.test(value)) return Number(value);
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;
  return iso.test(value) ? Date.parse(value) : Number.NaN;
}

const hostName = check(
  (value) => /^[A-Za-z0-9.-]{1,253}$/.test(value) || /^[0-9A-Fa-f:]{2,45}$/.test(value),
  'must be a host name or an IP address, without scheme or port',
);

const list = (value: string): string[] =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** A number of proxies in a row, or the addresses and networks that they have. */
const trustedProxy = check(
  (value) => /^[1-9]$/.test(value) || (list(value).length > 0 && list(value).every(isNetwork)),
  'must be the addresses or networks of your proxies, such as 127.0.0.1,10.0.0.0/8, or how many stand in a row (1 to 9)',
).transform((value): TrustedProxy =>
  /^\d$/.test(value) ? { hops: Number(value) } : { networks: list(value) },
);

/** The variables that are read, each with its rule and default; `null` where nothing is the default. */
export const FIELDS = {
  HOST: optional(hostName.default('127.0.0.1')),
  PORT: integer(0, 65_535, 5000),
  TRUSTED_PROXY: optional(trustedProxy.nullable().default(null)),
  CONNECTIONS_PER_ADDRESS: integer(1, 10_000, 500),
  DATABASE_URL: optional(databaseUrl.default({ kind: 'sqlite', file: 'data/tracker.db' })),
  REDIS_URL: optional(
    check(
      (value) => /^rediss?:\/\/[^\s]+$/.test(value) && URL.canParse(value),
      'must be a redis:// or rediss:// address',
    )
      .nullable()
      .default(null),
  ),
  UPSTOX_API_URL: upstream(BROKER_API_URL),
  UPSTOX_LOGIN_URL: optional(upstream('').nullable().default(null)),
  UPSTOX_ASSETS_URL: upstream(BROKER_ASSETS_URL),
  UPSTOX_CLIENT_ID: optional(credential.nullable().default(null)),
  UPSTOX_CLIENT_SECRET: optional(credential.nullable().default(null)),
  UPSTOX_REDIRECT_URI: optional(redirectUri.nullable().default(null)),
  UPSTOX_ACCESS_TOKEN: optional(credential.nullable().default(null)),
  TRACKER_SECRET: optional(
    check((value) => value.length >= 16, 'must have at least 16 characters')
      .nullable()
      .default(null),
  ),
  VIEWER_PASSPHRASE: optional(
    check(
      (value) => value.trim() === value && value.length >= 12 && value.length <= 256,
      'must have 12 to 256 characters and no blank at either end',
    )
      .nullable()
      .default(null),
  ),
  RETENTION_DAYS: integer(0, 36_500, 0),
  /** Set but empty means that nothing is pinned. */
  PINNED: z.string().default('NIFTY,BANKNIFTY,SENSEX').transform(list),
  MARKET_SWEEP: optional(
    z
      .enum(['on', 'off'], { error: 'must be on or off' })
      .default('on')
      .transform((value) => value === 'on'),
  ),
  CLOCK_START: optional(instant.nullable().default(null)),
  CLOCK_SINCE: optional(instant.nullable().default(null)),
  CLOCK_RATE: optional(
    check(
      (value) => /^\d{1,5}(\.\d{1,3})?$/.test(value) && +value > 0 && +value <= 10_000,
      'must be a number above 0, at most 10000',
    )
      .transform(Number)
      .default(1),
  ),
  NODE_TLS_REJECT_UNAUTHORIZED: check(
    (value) => value !== '0',
    'must not be 0: broker tokens would travel over connections that anyone can read',
  ).optional(),
} as const;

export type FieldName = keyof typeof FIELDS;
export type FieldValues = { [Name in FieldName]: z.output<(typeof FIELDS)[Name]> };
