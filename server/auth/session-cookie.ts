import { parse, serialize } from 'cookie';
import type { Config } from '../config/config.js';
import { isSecretId } from './random-id.js';
import { SESSION_LIFE_MS } from './sign-in.js';

export const SESSION_COOKIE = 'oi_session';
/** Binds a sign-in with the broker to the browser that began it; only `/callback` sees it. */
export const OAUTH_COOKIE = 'oi_oauth';
export const OAUTH_COOKIE_PATH = '/callback';

/** What of a request decides about its cookies. */
export interface CookieHeaders {
  readonly cookie?: string | undefined;
  readonly host?: string | undefined;
}

/**
 * Behind https the browser itself holds the names to their promise (RFC 6265bis, 4.1.3): `__Host-` cookies come from
 * this very host, `__Secure-` ones from https, so that neither a neighbour's page nor plain http can plant one.
 */
function nameOf(name: string, path: string, https: boolean): string {
  if (!https) return name;
  return `${path === '/' ? '__Host-' : '__Secure-'}${name}`;
}

/** Lax, since the way back from the broker is a navigation from another site. */
function cookie(name: string, path: string, id: string, maxAgeMs: number, https: boolean): string {
  return serialize(nameOf(name, path, https), id, {
    httpOnly: true,
    sameSite: 'lax',
    path,
    secure: https,
    maxAge: maxAgeMs / 1000,
  });
}

/**
 * Whether the browser speaks https here: under the public name, if that is https. A TLS proxy in front is not seen by
 * the socket, and a `Secure` cookie set over plain http on a loopback address would be dropped by the browser.
 */
function overHttps(hostHeader: string | undefined, config: Config): boolean {
  const { publicOrigin } = config.http;
  return publicOrigin.startsWith('https:') && publicOrigin === `https://${hostHeader?.toLowerCase()}`;
}

export function sessionCookie(id: string, hostHeader: string | undefined, config: Config): string {
  return cookie(SESSION_COOKIE, '/', id, SESSION_LIFE_MS, overHttps(hostHeader, config));
}

export function endedSessionCookie(hostHeader: string | undefined, config: Config): string {
  return cookie(SESSION_COOKIE, '/', '', 0, overHttps(hostHeader, config));
}

export function oauthCookie(
  id: string,
  hostHeader: string | undefined,
  config: Config,
  maxAgeMs: number,
): string {
  return cookie(OAUTH_COOKIE, OAUTH_COOKIE_PATH, id, maxAgeMs, overHttps(hostHeader, config));
}

/** @returns the session id that a request carries, or null where there is none in the form that we give out. */
export function sessionIdOf(headers: CookieHeaders, config: Config): string | null {
  return secretOf(headers, nameOf(SESSION_COOKIE, '/', overHttps(headers.host, config)));
}

/** @returns the id of the browser that began a sign-in with the broker, or null. */
export function oauthIdOf(headers: CookieHeaders, config: Config): string | null {
  return secretOf(headers, nameOf(OAUTH_COOKIE, OAUTH_COOKIE_PATH, overHttps(headers.host, config)));
}

function secretOf({ cookie: header }: CookieHeaders, name: string): string | null {
  if (header === undefined) return null;
  const value = parse(header)[name];
  return isSecretId(value) ? value : null;
}
