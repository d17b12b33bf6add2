import type { IsoDate } from './units.js';

/** The kinds of derivative contracts of the Indian exchanges that carry open interest. */
export type ContractType = 'CE' | 'PE' | 'FUT';

/** The side of a strike in a mirrored chain: calls stand left, puts right. */
export type Side = 'call' | 'put';

/**
 * What identifies a contract for ever. The broker's `instrument_key` does not: keys are re-used within weeks.
 */
export interface ContractIdentity {
  exchange: string;
  /** The underlying's instrument key, such as `NSE_INDEX|Nifty 50`. */
  underlyingKey: string;
  expiry: IsoDate;
  /** Strike in rupees; 0 for a future. May be decimal. */
  strike: number;
  type: ContractType;
}

/** A chain: all strikes of one underlying and expiry. */
export interface ChainId {
  /** The underlying's instrument key. */
  underlying: string;
  expiry: IsoDate;
}

/** One string for a chain, for maps and room names. Instrument keys hold no `@`. */
export function chainKey(chain: ChainId): string {
  return `${chain.underlying}@${chain.expiry}`;
}
