import type { SlotCounts } from './slot-counts.js';
import type { BuildUp, Totals, UnknownReason } from './table.js';

/**
 * A change of a delta table, packed. Applied to the table with `seq − 1` it gives the table with `seq`.
 *
 * Legs are numbered `2·row` (call) and `2·row + 1` (put). A sparse column is a flat list `[gap, value, gap, value, …]`:
 * `gap` legs are unchanged, then comes a changed one. Cells of a leg and interval are numbered
 * `leg · intervals.length + interval` in the columns that go by cell.
 */
export interface ChangeFrame {
  /** Version of this packing. */
  v: 1;
  underlying: string;
  expiry: string;
  seq: number;
  slot: number;
  capturedAt: number;
  source: 'live' | 'backfill' | 'import';
  spot: number | null;
  atmStrike: number | null;
  totals: Totals;
  /** Number of rows of the table; the client watches again when its own differs. 0 asks every client to do so. */
  rows: number;
  /** OI in units: the difference to the old value where both are known, else the state change in `oiSet`. */
  oi: Sparse;
  /** OI that became known (value) or unknown (null). */
  oiSet: SparseNullable;
  /** LTP in paise: difference where both are known; `ltpSet` in rupees where not, or where paise would not be exact. */
  ltp: Sparse;
  ltpSet: SparseNullable;
  /** Cumulative volume in units: difference where both are known. */
  volume: Sparse;
  volumeSet: SparseNullable;
  /** `prevOi` that changed (rare: once a day). */
  prevOi: SparseNullable;
  /** The base slot most cells of an interval share, as epoch ms; `null` when no cell has one. One per interval. */
  base: (number | null)[];
  /** By cell: base slot in minutes relative to `base[interval]`, only where it is not 0. Complete, not a difference. */
  baseShift: Sparse;
  /** By cell: the absolute change where it differs from the old table's (0 stands for the old null). */
  abs: Sparse;
  /** By cell: index in `CELL_STATES` where it differs from the old table's. */
  state: Sparse;
  /** By cell: index in `BUILD_UPS` where it differs from the old table's. */
  buildUp: Sparse;
  /** The slots of the session, this one among them: no status is sent for what a change says. */
  quality?: SlotCounts;
}

/** `[gap, value, gap, value, …]` */
export type Sparse = number[];
export type SparseNullable = (number | null)[];

/** State of a change cell. 0 and 1 carry a value; the others are why there is none. */
export const CELL_STATES = [
  'value',
  'value-backfilled',
  'oi-unknown',
  'no-history',
  'gap',
  'base-unknown',
  'not-listed',
  'no-leg',
] as const satisfies readonly (UnknownReason | 'value' | 'value-backfilled' | 'no-leg')[];

/** Build-up of a change cell; 0 = unknown. */
export const BUILD_UPS = [
  null,
  'LB',
  'SB',
  'SC',
  'LU',
  'flat',
] as const satisfies readonly (BuildUp | null)[];
