import type { EpochMs } from '../domain/units.js';

/** How a person, or the broker token behind the person, came in. `environment`: UPSTOX_ACCESS_TOKEN, no person. */
export type SignInMethod = 'oauth' | 'token' | 'demo';
export type TokenMethod = SignInMethod | 'environment';

/** A person at a browser. Knows no token and no session id, only the hash that the id is stored under. */
export interface SignIn {
  /** SHA-256 of the session id, hex. */
  readonly idHash: string;
  readonly brokerUser: string;
  readonly method: SignInMethod;
  /** For the badge on the screen. */
  readonly name: string;
  /** Id of the broker token in the pool. */
  readonly tokenId: string;
  readonly createdAt: EpochMs;
  readonly seenAt: EpochMs;
  /** The absolute end, however busy the session is. */
  readonly expiresAt: EpochMs;
}

/** A session ends after 12 hours without a request, and in any case after 30 days. */
export const SESSION_IDLE_MS = 12 * 3_600_000;
export const SESSION_LIFE_MS = 30 * 86_400_000;
