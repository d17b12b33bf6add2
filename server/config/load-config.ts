import { existsSync } from 'node:fs';
import { isSimulated } from './addresses.js';
import { ConfigError } from './config-error.js';
import type { Config } from './config.js';
import { FIELDS, type FieldName, type FieldValues } from './fields.js';
import { withoutSecretsInPrint } from './redact.js';
import { crossFieldProblems, type ValidFields } from './rules.js';

export type Environment = Record<string, string | undefined>;

/**
 * Validates an environment. Pure; variables that the tracker does not know are ignored.
 * @returns the configuration, frozen in depth.
 * @throws ConfigError with every problem at once.
 */
export function loadConfig(env: Environment): Config {
  const problems: string[] = [];
  const valid: Record<string, unknown> = {};
  for (const name of Object.keys(FIELDS) as FieldName[]) {
    const result = FIELDS[name].safeParse(Object.hasOwn(env, name) ? env[name] : undefined);
    if (result.success) valid[name] = result.data;
    else problems.push(...result.error.issues.map((issue) => `${name}: ${issue.message}`));
  }
  problems.push(...crossFieldProblems(valid as ValidFields));
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(withoutSecretsInPrint(toConfig(valid as FieldValues)));
}

/**
 * The configuration of this process: `.env` in the working directory where there is one, then the environment, which
 * wins. Nothing else reads the environment.
 * @throws ConfigError
 */
export function configFromProcess(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return loadConfig(process.env);
}

/** What the demo takes from the environment: where to listen, who may look and what to pin. Accounts and databases are none of its business. */
export function demoEnvironment(): Environment {
  const { HOST, TRUSTED_PROXY, CONNECTIONS_PER_ADDRESS, PINNED, MARKET_SWEEP, VIEWER_PASSPHRASE } =
    process.env;
  return { HOST, TRUSTED_PROXY, CONNECTIONS_PER_ADDRESS, PINNED, MARKET_SWEEP, VIEWER_PASSPHRASE };
}

function toConfig(env: FieldValues): Config {
  const redirectUri =
    env.UPSTOX_REDIRECT_URI ?? `http://127.0.0.1:${env.PORT === 0 ? 5000 : env.PORT}/callback`;
  return {
    http: {
      host: env.HOST,
      port: env.PORT,
      publicOrigin: new URL(redirectUri).origin,
      trustedProxy: env.TRUSTED_PROXY,
      connectionsPerAddress: env.CONNECTIONS_PER_ADDRESS,
    },
    database: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    upstox: {
      apiUrl: env.UPSTOX_API_URL,
      loginUrl: env.UPSTOX_LOGIN_URL ?? env.UPSTOX_API_URL,
      assetsUrl: env.UPSTOX_ASSETS_URL,
      clientId: env.UPSTOX_CLIENT_ID,
      clientSecret: env.UPSTOX_CLIENT_SECRET,
      redirectUri,
      accessToken: env.UPSTOX_ACCESS_TOKEN,
      simulated: isSimulated(env.UPSTOX_API_URL),
    },
    secret: env.TRACKER_SECRET,
    viewerPassphrase: env.VIEWER_PASSPHRASE,
    retentionDays: env.RETENTION_DAYS,
    pinned: env.PINNED,
    marketSweep: env.MARKET_SWEEP,
    clock: { start: env.CLOCK_START, rate: env.CLOCK_RATE, since: env.CLOCK_SINCE },
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value))
    if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  return Object.freeze(value);
}
