import type { EpochMs } from '../domain/units.js';

/** How a person came in. `viewer`: with the owner's passphrase, without a broker token. */
export type SignInMethod = 'oauth' | 'token' | 'demo' | 'viewer';

/** Where a broker token came from. `environment`: UPSTOX_ACCESS_TOKEN. `cli`: `token add`. */
export type TokenMethod = Exclude<SignInMethod, 'viewer'> | 'environment' | 'cli';

/** Whether a token was given to the server rather than brought by a person: no sign-out takes it away. */
export function isUnattended(method: TokenMethod): boolean {
  return method === 'environment' || method === 'cli';
}

/** A person at a browser. Knows no token and no session id, only the hash that the id is stored under. */
export interface SignIn {
  /** SHA-256 of the session id, hex. */
  readonly idHash: string;
  readonly brokerUser: string;
  readonly method: SignInMethod;
  /** For the badge on the screen. */
  readonly name: string;
  /** Id of the broker token in the pool; empty for a viewer, who has none. */
  readonly tokenId: string;
  readonly createdAt: EpochMs;
  readonly seenAt: EpochMs;
  /** The absolute end, however busy the session is. */
  readonly expiresAt: EpochMs;
}

/** A session ends after 12 hours without a request, and in any case after 30 days. */
export const SESSION_IDLE_MS = 12 * 3_600_000;
export const SESSION_LIFE_MS = 30 * 86_400_000;

/** Whether a sign-in is over, for its age or for want of use. */
export function isExpired(signIn: Pick<SignIn, 'expiresAt' | 'seenAt'>, now: EpochMs): boolean {
  return now >= signIn.expiresAt || now >= signIn.seenAt + SESSION_IDLE_MS;
}
