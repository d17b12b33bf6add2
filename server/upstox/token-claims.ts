import type { EpochMs } from '../domain/units.js';

/** What an access token says about itself. */
export interface TokenClaims {
  /** The broker's user code (`sub`), `null` where the token names none. */
  readonly userId: string | null;
  /** `null` where the token does not say: it is good until the broker answers 401. */
  readonly expiresAt: EpochMs | null;
}

const LATEST_DATE_MS = 8.64e15;

/**
 * Reads user and expiry from an access token, which the broker issues as a JWT: an ordinary one ends at the next 03:30
 * IST, an Analytics Token after a year. Nothing is verified: only the broker can do that, and it does at every call.
 * What cannot be read is not guessed: a yearly token taken to die tonight would stop an unattended server.
 */
export function tokenClaims(token: string): TokenClaims {
  const claims = jwtPayload(token);
  return { userId: userOf(claims.sub), expiresAt: expiryOf(claims.exp) };
}

function jwtPayload(token: string): { sub?: unknown; exp?: unknown } {
  const parts = token.split('.');
  const payload = parts[1];
  if (parts.length !== 3 || !payload || !/^[A-Za-z0-9_-]+$/.test(payload)) return {};
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    // Three parts with dots, but no JSON inside: not a JWT, so it claims nothing.
    return {};
  }
}

function userOf(sub: unknown): string | null {
  return typeof sub === 'string' && /^[\w.@-]{1,64}$/.test(sub) ? sub : null;
}

/** `exp` is in seconds (RFC 7519, 4.1.4). */
function expiryOf(exp: unknown): EpochMs | null {
  if (typeof exp !== 'number' || !(exp > 0) || exp * 1000 > LATEST_DATE_MS) return null;
  return Math.floor(exp * 1000);
}
