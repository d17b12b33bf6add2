import type { EpochMs, Slot } from './units.js';

/** Where a snapshot came from. `backfill` slots are rebuilt from one-minute candles and are marked wherever they show. */
export type CaptureSource = 'live' | 'backfill' | 'import';

/** One leg as a broker or a file answered it. `null` = not given, which is never the same as 0. */
export interface LegQuote {
  /** Open interest in units (lots × lot size). */
  oi: number | null;
  /** The previous session's closing OI in units, as the broker gives it. */
  prevOi: number | null;
  /** Last traded price in rupees. */
  ltp: number | null;
  /** Volume of the day in units, cumulative. */
  volume: number | null;
}

/** One strike of an answer. A side is `null` when the contract is not listed or not in the answer. */
export interface StrikeQuote {
  /** Strike in rupees. */
  strike: number;
  call: LegQuote | null;
  put: LegQuote | null;
}

/** A chain as answered, before the rules of truth have judged it. */
export interface ChainQuote {
  /** Spot of the underlying in rupees, `null` when the source has none. */
  spot: number | null;
  strikes: readonly StrikeQuote[];
}

/**
 * A chain at a slot, packed in columns. Legs are numbered `2·i` (call) and `2·i + 1` (put) for `strikes[i]`;
 * every per-leg column has `2 · strikes.length` elements and `NaN` means unknown.
 */
export interface ChainSnapshot {
  readonly slot: Slot;
  readonly capturedAt: EpochMs;
  readonly source: CaptureSource;
  /** Rupees, or `null` when unknown. */
  readonly spot: number | null;
  /** Listed strikes in rupees, strictly ascending. */
  readonly strikes: Float64Array;
  /** 1 where the leg was in the answer, 0 where the contract is not listed or was missing. */
  readonly present: Uint8Array;
  readonly oi: Float64Array;
  readonly prevOi: Float64Array;
  readonly ltp: Float64Array;
  readonly volume: Float64Array;
}
