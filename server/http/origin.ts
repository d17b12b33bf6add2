import { isIP } from 'node:net';
import { isLoopback } from '../config/addresses.js';
import type { Config } from '../config/config.js';

const HOST_HEADER = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i;

/**
 * Whether a `Host` header names this server: a loopback name, the address it is bound to, or the host of the redirect
 * URI, with any port. Any other name may be an attacker's that was made to point here (DNS rebinding). An address in
 * digits cannot be, so a server bound to all addresses answers to each of them.
 */
export function hostAllowed(hostHeader: string | undefined, config: Config): boolean {
  const hostname = HOST_HEADER.exec(hostHeader ?? '')?.[1]?.toLowerCase();
  if (hostname === undefined) return false;
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isLoopback(bare) || bare === config.http.host.toLowerCase()) return true;
  if (hostname === new URL(config.http.publicOrigin).hostname) return true;
  return ['0.0.0.0', '::'].includes(config.http.host) && isIP(bare) !== 0;
}

/**
 * Whether a page of this origin may change something here or open a socket: it must have been served by this very
 * host and port, and under the public name by the public scheme. A missing origin is not allowed.
 * @param origin the `Origin` header, such as `http://127.0.0.1:5000`.
 */
export function originAllowed(
  origin: string | undefined,
  hostHeader: string | undefined,
  config: Config,
): boolean {
  if (origin === undefined || !hostAllowed(hostHeader, config) || !URL.canParse(origin)) return false;
  if (origin === config.http.publicOrigin) return true;
  const url = new URL(origin);
  // A path, user or odd spelling is not what a browser sends.
  if (url.origin !== origin || !['http:', 'https:'].includes(url.protocol)) return false;
  if (url.host !== normalHost(hostHeader, url.protocol)) return false;
  return url.hostname !== new URL(config.http.publicOrigin).hostname || isLoopback(url.hostname);
}

/** Asks `originAllowed` of many at once: when a network comes back, thousands of screens of one page do. */
export class PageOrigins {
  private allowed: { readonly origin: string; readonly host: string | undefined } | null = null;

  constructor(private readonly config: Config) {}

  /** See `originAllowed`; knows the newest pair that was. */
  allow(origin: string | undefined, hostHeader: string | undefined): boolean {
    if (origin !== undefined && this.allowed?.origin === origin && this.allowed.host === hostHeader)
      return true;
    if (origin === undefined || !originAllowed(origin, hostHeader, this.config)) return false;
    this.allowed = { origin, host: hostHeader };
    return true;
  }
}

/** The `Host` header as a URL of that scheme spells it: lower case, without the scheme's own port. */
function normalHost(hostHeader: string | undefined, protocol: string): string | null {
  const address = `${protocol}//${hostHeader ?? ''}`;
  return URL.canParse(address) ? new URL(address).host : null;
}
