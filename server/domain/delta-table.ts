/** The delta table: what the server computes, HTTP answers and `chain:watch` acknowledges. docs/protocol.md describes it. */

/** Why a number is not known. Shown on the screen in words; never replaced by 0. */
export type UnknownReason =
  /** The leg has no known OI in this slot: missing in the answer, without OI, or a phantom zero. */
  | 'oi-unknown'
  /** The session, or its recording, is younger than the window. */
  | 'no-history'
  /** Slots around the base were not captured (gap), though earlier ones were. */
  | 'gap'
  /** The base slot was captured, but this leg's OI was unknown in it. */
  | 'base-unknown'
  /** The contract was not listed at the base slot. */
  | 'not-listed';

/** Build-up by the leg's own premium and OI: long build-up, short build-up, short covering, long unwinding. */
export type BuildUp = 'LB' | 'SB' | 'SC' | 'LU' | 'flat';

export interface Change {
  /** Change of OI in units. */
  abs: number;
  /** Change in per cent of the base; `null` when the base is 0 (new). */
  pct: number | null;
  /** The slot the change is measured from, epoch ms. */
  baseSlot: number;
  /** `true` when the base was rebuilt from candles. Absent otherwise. */
  backfilled?: true;
  /** Build-up label over the same window; `null` when a price is unknown. */
  buildUp: BuildUp | null;
}

export interface DayChange {
  abs: number;
  pct: number | null;
}

export interface Leg {
  /** The broker's key valid at the slot; `null` where none is known (an imported day without a master). */
  instrumentKey: string | null;
  /** Units (lots × lot size). */
  oi: number | null;
  prevOi: number | null;
  dayChange: DayChange | null;
  /** Rupees. */
  ltp: number | null;
  volume: number | null;
  /** One per interval, in the order of `intervals`. */
  changes: (Change | null)[];
  /** One per interval: why `changes[i]` is null; `null` where it is not. */
  reasons: (UnknownReason | null)[];
}

export interface Row {
  /** Rupees. */
  strike: number;
  call: Leg | null;
  put: Leg | null;
}

export interface Totals {
  /** Σ call OI over the known legs of the whole chain, in units. */
  callOi: number;
  putOi: number;
  /** Put OI ÷ call OI over the whole chain; `null` when no call OI is known or it is 0. */
  pcr: number | null;
  /** The strike with the least total intrinsic value, whole chain. */
  maxPain: number | null;
  /** Σ day change over the legs where it is known; `null` when it is known for none. */
  callDayChange: number | null;
  putDayChange: number | null;
  /** LTP of call + put at the ATM strike, in rupees. */
  straddle: number | null;
  /** Listed legs whose OI is unknown in this slot: left out of the totals. */
  unknownLegs: number;
  /** What the totals are over. */
  scope: 'whole chain';
}

export interface Underlying {
  key: string;
  symbol: string;
  name: string;
  lotSize: number | null;
}

export interface Table {
  underlying: Underlying;
  /** YYYY-MM-DD */
  expiry: string;
  /** Epoch ms, a multiple of 60,000. */
  slot: number;
  capturedAt: number;
  /** Number of this publication of the chain; each push carries the next one. */
  seq: number;
  /** Where this slot came from. */
  source: 'live' | 'backfill' | 'import';
  spot: number | null;
  atmStrike: number | null;
  /** Minutes. */
  intervals: number[];
  totals: Totals;
  rows: Row[];
}
