import { isLoopback, isSimulated } from './addresses.js';
import type { Config } from './config.js';
import type { FieldValues } from './fields.js';

/** The variables that are valid by themselves; the others are missing here. */
export type ValidFields = Partial<FieldValues>;

/**
 * What variables demand of each other. A rule is silent where a variable that it needs is not valid by itself.
 * @returns problems, each starting with the name of the variable to change.
 */
export function crossFieldProblems(fields: ValidFields): string[] {
  return [...credentialProblems(fields), ...addressProblems(fields), ...clockProblems(fields)];
}

function credentialProblems({ UPSTOX_CLIENT_ID: id, UPSTOX_CLIENT_SECRET: secret }: ValidFields): string[] {
  if (id === undefined || secret === undefined) return [];
  if (id !== null && secret === null)
    return ['UPSTOX_CLIENT_SECRET: is missing, while UPSTOX_CLIENT_ID is set'];
  if (id === null && secret !== null)
    return ['UPSTOX_CLIENT_ID: is missing, while UPSTOX_CLIENT_SECRET is set'];
  return [];
}

function addressProblems(fields: ValidFields): string[] {
  const { UPSTOX_API_URL: api, UPSTOX_LOGIN_URL: login, UPSTOX_ACCESS_TOKEN: token } = fields;
  if (api === undefined) return [];
  const problems: string[] = [];
  if (login != null && isSimulated(login) !== isSimulated(api))
    problems.push(
      'UPSTOX_LOGIN_URL: must be on the same side as UPSTOX_API_URL, both the broker or both a simulator',
    );
  if (token === 'demo' && !isSimulated(api))
    problems.push(
      'UPSTOX_ACCESS_TOKEN: "demo" is understood by a simulator only (UPSTOX_API_URL is the broker)',
    );
  return problems;
}

/** A live market seen through another clock would be stored under false times. */
function clockProblems(fields: ValidFields): string[] {
  const { UPSTOX_API_URL: api, CLOCK_START: start, CLOCK_RATE: rate, CLOCK_SINCE: since } = fields;
  const problems: string[] = [];
  const live = api !== undefined && !isSimulated(api);
  if (live && start != null)
    problems.push('CLOCK_START: is for a simulated market only (UPSTOX_API_URL is the broker)');
  if (live && rate !== undefined && rate !== 1)
    problems.push('CLOCK_RATE: is for a simulated market only (UPSTOX_API_URL is the broker)');
  if (!live && rate !== undefined && rate !== 1 && start === null)
    problems.push('CLOCK_RATE: needs CLOCK_START, where the clock begins');
  if (since != null && start === null)
    problems.push('CLOCK_SINCE: needs CLOCK_START, the market time at that moment');
  if (since != null && since > Date.now()) problems.push('CLOCK_SINCE: is still to come');
  return problems;
}

/** Risks of a valid configuration that the owner should read at start, in plain words. */
export function configWarnings(config: Config): string[] {
  return [...exposureWarnings(config), ...proxyWarnings(config), ...sharingWarnings(config)];
}

/** A key file stands beside one process; the others could not read the broker tokens that it stores. */
function sharingWarnings({ database, redisUrl, secret }: Config): string[] {
  if (secret !== null || (database.kind === 'sqlite' && redisUrl === null)) return [];
  return [
    'TRACKER_SECRET is not set, while DATABASE_URL or REDIS_URL lets several processes share the work: each that has ' +
      'another key file cannot read the sign-ins of the others. Set the same TRACKER_SECRET for all.',
  ];
}

/** Counted hops hold only where nobody can come past the proxies. */
function proxyWarnings({ http: { host, trustedProxy } }: Config): string[] {
  if (trustedProxy === null || !('hops' in trustedProxy) || isLoopback(host)) return [];
  return [
    `TRUSTED_PROXY is a number of proxies, while HOST ${host} can be reached from other machines: whoever comes past the ` +
      'proxies chooses the address that limits go by. Name the addresses of the proxies instead, or bind to 127.0.0.1.',
  ];
}

function exposureWarnings(config: Config): string[] {
  const { host, publicOrigin } = config.http;
  if (isLoopback(host) || publicOrigin.startsWith('https:')) return [];
  return [
    `HOST ${host} can be reached from other machines without https: anyone on the way can read the sign-in cookie, ` +
      'access tokens and passphrases that are typed in, and everything shown. Put a TLS proxy in front and set ' +
      'UPSTOX_REDIRECT_URI to its https address, or bind to 127.0.0.1.',
  ];
}
