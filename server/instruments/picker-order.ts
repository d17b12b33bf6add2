import type { UnderlyingInfo } from '../protocol/index.js';

/** The indices that are traded most come first, in the order traders know them; the rest by name. */
const KNOWN_INDICES = ['NIFTY', 'BANKNIFTY', 'SENSEX', 'FINNIFTY', 'MIDCPNIFTY', 'NIFTYNXT50', 'BANKEX'];
/** Indices whose derivatives BSE lists. */
export const BSE_INDICES: readonly string[] = ['SENSEX', 'BANKEX', 'SENSEX50', 'FOCIT'];
const KINDS: readonly UnderlyingInfo['kind'][] = ['INDEX', 'EQUITY', 'COMMODITY'];
const EXCHANGES = ['NSE', 'BSE', 'MCX'];

type Sortable = Pick<UnderlyingInfo, 'kind' | 'symbol' | 'exchange'>;

/** Sorts indices first, then stocks A–Z, then commodities A–Z. */
export function byPickerOrder(a: Sortable, b: Sortable): number {
  return (
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    rank(a) - rank(b) ||
    (a.symbol < b.symbol ? -1 : Number(a.symbol > b.symbol)) ||
    EXCHANGES.indexOf(a.exchange) - EXCHANGES.indexOf(b.exchange)
  );
}

function rank({ kind, symbol }: Sortable): number {
  const known = kind === 'INDEX' ? KNOWN_INDICES.indexOf(symbol) : -1;
  return known < 0 ? KNOWN_INDICES.length : known;
}

/** Whether a symbol is one of the well-known indices, for when no instrument list says what it is. */
export function isKnownIndex(symbol: string): boolean {
  return KNOWN_INDICES.includes(symbol) || BSE_INDICES.includes(symbol);
}
