import { parse, serialize } from 'cookie';
import type { Config } from '../config/config.js';
import { isSecretId } from './random-id.js';
import { SESSION_LIFE_MS } from './sign-in.js';

export const SESSION_COOKIE = 'oi_session';
/** Binds a sign-in with the broker to the browser that began it; only `/callback` sees it. */
export const OAUTH_COOKIE = 'oi_oauth';
export const OAUTH_COOKIE_PATH = '/callback';

/** Attributes that both cookies share. Lax, since the way back from the broker is a navigation from another site. */
function attributes(path: string, hostHeader: string | undefined, config: Config) {
  return { httpOnly: true, sameSite: 'lax', path, secure: overHttps(hostHeader, config) } as const;
}

/**
 * Whether the browser speaks https here: under the public name, if that is https. A TLS proxy in front is not seen by
 * the socket, and a `Secure` cookie set over plain http on a loopback address would be dropped by the browser.
 */
function overHttps(hostHeader: string | undefined, config: Config): boolean {
  const origin = new URL(config.http.publicOrigin);
  return origin.protocol === 'https:' && hostHeader?.toLowerCase() === origin.host;
}

export function sessionCookie(id: string, hostHeader: string | undefined, config: Config): string {
  return serialize(SESSION_COOKIE, id, {
    ...attributes('/', hostHeader, config),
    maxAge: SESSION_LIFE_MS / 1000,
  });
}

export function endedSessionCookie(hostHeader: string | undefined, config: Config): string {
  return serialize(SESSION_COOKIE, '', { ...attributes('/', hostHeader, config), maxAge: 0 });
}

export function oauthCookie(
  id: string,
  hostHeader: string | undefined,
  config: Config,
  maxAgeMs: number,
): string {
  return serialize(OAUTH_COOKIE, id, {
    ...attributes(OAUTH_COOKIE_PATH, hostHeader, config),
    maxAge: maxAgeMs / 1000,
  });
}

/** @returns the value of one of our cookies, or null where it is missing or not in the form that we give out. */
export function secretCookie(cookieHeader: string | undefined, name: string): string | null {
  if (cookieHeader === undefined) return null;
  const value = parse(cookieHeader)[name];
  return isSecretId(value) ? value : null;
}
