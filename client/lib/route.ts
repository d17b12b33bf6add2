/** Deep links: `#/NIFTY/2026-08-18`. A second tab opened on the same address shows the same chain. */
import type { UnderlyingInfo } from '../../server/protocol/index.js';

export interface Route {
  /** Symbol or instrument key. */
  underlying: string;
  expiry: string | null;
}

export const MARKET_ROUTE = '#/market';

export function isMarketRoute(hash: string): boolean {
  return /^#\/market\/?$/.test(hash);
}

/** @returns `null` when the hash names no chain */
export function parseRoute(hash: string): Route | null {
  if (isMarketRoute(hash)) return null;
  const match = /^#\/([^/]+)(?:\/(\d{4}-\d{2}-\d{2}))?\/?$/.exec(hash);
  if (!match?.[1]) return null;
  const underlying = decode(match[1]);
  return underlying === null ? null : { underlying, expiry: match[2] ?? null };
}

/** A hand-written address may hold a lone `%`: such a link names nothing. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** The symbol where it names one underlying only, else the key (a stock may be listed on two exchanges). */
export function formatRoute(
  all: readonly Pick<UnderlyingInfo, 'key' | 'symbol'>[],
  chosen: Pick<UnderlyingInfo, 'key' | 'symbol'>,
  expiry: string | null,
): string {
  const unique = all.find((u) => u.symbol === chosen.symbol)?.key === chosen.key;
  const name = encodeURIComponent(unique ? chosen.symbol : chosen.key);
  return expiry === null ? `#/${name}` : `#/${name}/${expiry}`;
}

/** The underlying a route names: by key, else the first with that symbol. */
export function underlyingOf(all: readonly UnderlyingInfo[], name: string): UnderlyingInfo | undefined {
  return all.find((u) => u.key === name) ?? all.find((u) => u.symbol === name);
}
