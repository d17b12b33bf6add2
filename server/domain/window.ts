import type { UnknownReason } from './delta-table.js';
import type { SessionHistory } from './history.js';
import type { ChainSnapshot } from './snapshot.js';
import { MINUTE_MS, type EpochMs, type Slot } from './units.js';

/** A snapshot seen through the rows of a table. */
export interface RowView {
  snapshot: ChainSnapshot;
  /**
   * Index in `snapshot.strikes` for each row of the table, −1 where the snapshot lacks the strike; `null` =
   * the same rows.
   */
  rowOf: Int32Array | null;
}

/** Where a window of a table may start. */
export interface Window {
  /** Latest base allowed: `slot − minutes`. */
  until: EpochMs;
  /** Captured slots in reach of the tolerance, newest first. */
  bases: readonly RowView[];
  /** Why no leg has a base; `null` when there are bases to look at. */
  reason: UnknownReason | null;
  /**
   * First slot of the session that was answered as a whole chain, `Infinity` when none was. Only such an
   * answer tells what was not listed: candles rebuild the strikes in view and say nothing about the others.
   */
  wholeChainSince: number;
}

/**
 * Looks up what a window of `minutes` may be measured from: `slot − minutes − tolerance ≤ base ≤ slot −
 * minutes`, within the session of the history.
 * @param strikes rows of the table, ascending.
 */
export function openWindow(
  history: SessionHistory,
  strikes: Float64Array,
  slot: Slot,
  minutes: number,
  toleranceMs: number,
): Window {
  const until = slot - minutes * MINUTE_MS;
  const bases: RowView[] = [];
  for (const snapshot of history.inRange(until - toleranceMs, until)) {
    bases.push(viewRows(snapshot, strikes));
  }
  const hasEarlier = history.newestAtOrBefore(until) !== null;
  const reason = bases.length > 0 ? null : hasEarlier ? 'gap' : 'no-history';
  return { until, bases, reason, wholeChainSince: history.firstAnswerSlot ?? Infinity };
}

/** Lines a snapshot up with the rows of a table. */
export function viewRows(snapshot: ChainSnapshot, strikes: Float64Array): RowView {
  const own = snapshot.strikes;
  if (own === strikes || isEqual(own, strikes)) return { snapshot, rowOf: null };
  const rowOf = new Int32Array(strikes.length).fill(-1);
  for (let row = 0, at = 0; row < strikes.length; row++) {
    while (at < own.length && own[at]! < strikes[row]!) at++;
    if (own[at] === strikes[row]) rowOf[row] = at;
  }
  return { snapshot, rowOf };
}

/**
 * Number of a leg in the snapshot's columns, −1 when the snapshot lacks the strike. `leg` = its number in the
 * table.
 */
export function legInView(view: RowView, leg: number): number {
  if (view.rowOf === null) return leg;
  const row = view.rowOf[leg >> 1]!;
  return row < 0 ? -1 : 2 * row + (leg & 1);
}

function isEqual(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
