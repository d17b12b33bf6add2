/**
 * The shapes of the independent checker. Nothing in this folder imports the server, not even its types: the checker
 * is written from the rules of truth and the raw files alone, so that a shared mistake cannot hide.
 */

export type Side = 'call' | 'put';

export const SIDES: readonly Side[] = ['call', 'put'];

/** One leg as a source answered it. `null` = not given. OI and volume in units, prices in rupees. */
export interface LegAnswer {
  oi: number | null;
  ltp: number | null;
  volume: number | null;
}

/** Both legs of a strike; a side is `null` where the source has no value at all for it. */
export type StrikeAnswer = Readonly<Record<Side, LegAnswer | null>>;

/** A whole chain as a source answered it at one moment. */
export interface Answer {
  /** Epoch ms. */
  at: number;
  spot: number | null;
  strikes: ReadonlyMap<number, StrikeAnswer>;
}

/** Every answer of a chain, in time order, with the previous session's closing OI by strike. */
export interface ChainAnswers {
  /** Symbol as the file writes it, such as `NIFTY`. */
  underlying: string;
  /** YYYY-MM-DD */
  expiry: string;
  answers: readonly Answer[];
  prevOi: ReadonlyMap<number, Readonly<Record<Side, number | null>>>;
}

/** An answer that passed the rules for suspect answers. Phantom zeros are unknown in it already. */
export interface Accepted extends Answer {
  /** The minute it was captured in, epoch ms. */
  slot: number;
}

export interface Refusal {
  slot: number;
  reason: 'all-zero' | 'stale-volume';
}

/** A leg whose 0 is not believed. */
export interface Phantom {
  slot: number;
  strike: number;
  side: Side;
}

export interface Judged {
  accepted: readonly Accepted[];
  refusals: readonly Refusal[];
  phantoms: readonly Phantom[];
}

export interface ExpectedChange {
  abs: number;
  pct: number | null;
  baseSlot: number;
  /** Labels that the rules allow; two where a ratio lies exactly on the edge of the dead band. */
  buildUp: readonly (string | null)[];
}

export interface ExpectedLeg {
  /**
   * The source has had a value for it in this session. Where not, a published `null` leg and one with all unknown are both
   * right: a file cannot tell a contract that is not listed from one that has never traded, a broker can.
   */
  seen: boolean;
  oi: number | null;
  prevOi: number | null;
  dayChange: { abs: number; pct: number | null } | null;
  ltp: number | null;
  volume: number | null;
  changes: readonly (ExpectedChange | null)[];
  /** Per interval the reasons that the rules allow; empty where there is a value. */
  reasons: readonly (readonly string[])[];
}

export interface ExpectedRow {
  strike: number;
  call: ExpectedLeg;
  put: ExpectedLeg;
}

export interface ExpectedTotals {
  callOi: number;
  putOi: number;
  pcr: number | null;
  maxPain: number | null;
  callDayChange: number | null;
  putDayChange: number | null;
  straddle: number | null;
}

export interface ExpectedTable {
  symbol: string;
  expiry: string;
  slot: number;
  spot: number | null;
  atmStrike: number | null;
  intervals: readonly number[];
  totals: ExpectedTotals;
  rows: readonly ExpectedRow[];
}

/** The published table as the checker reads it: only the fields it judges, straight from JSON. */
export interface ActualTable {
  underlying: { symbol: string };
  expiry: string;
  slot: number;
  spot: number | null;
  atmStrike: number | null;
  intervals: number[];
  totals: ExpectedTotals;
  rows: { strike: number; call: ActualLeg | null; put: ActualLeg | null }[];
}

export interface ActualLeg {
  oi: number | null;
  prevOi: number | null;
  dayChange: { abs: number; pct: number | null } | null;
  ltp: number | null;
  volume: number | null;
  changes: (ActualChange | null)[];
  reasons: (string | null)[];
}

export interface ActualChange {
  abs: number;
  pct: number | null;
  baseSlot: number;
  backfilled?: boolean;
  buildUp: string | null;
}
