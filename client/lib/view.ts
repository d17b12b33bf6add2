import type { Leg, Row, Table } from '../../server/protocol/index.js';

/** Strikes shown on each side of ATM; `Infinity` is the whole chain. */
export type Reach = 3 | 5 | 10 | 'all';

/** Thresholds in per cent that the screen starts with, by window in minutes. */
export const DEFAULT_THRESHOLDS: Readonly<Record<number, number>> = { 3: 5, 5: 8, 10: 10, 15: 15, 30: 25 };
/** For a window the table above does not name. */
const OTHER_THRESHOLD = 25;

export type Thresholds = Readonly<Record<number, number>>;

export function thresholdOf(minutes: number, thresholds: Thresholds = DEFAULT_THRESHOLDS): number {
  return thresholds[minutes] ?? OTHER_THRESHOLD;
}

/** The rows within `reach` listed strikes of ATM. Without an ATM strike (spot unknown) the whole chain. */
export function rowsInView(rows: readonly Row[], atmStrike: number | null, reach: Reach): readonly Row[] {
  if (reach === 'all' || atmStrike === null) return rows;
  const atm = rows.findIndex((row) => row.strike === atmStrike);
  return atm < 0 ? rows : rows.slice(Math.max(0, atm - reach), atm + reach + 1);
}

/**
 * Step of the tint of a cell with a change of `pct` per cent: 0 none … 4 just below the threshold, 5 at the threshold, 6 at twice the threshold. Positive
 * for OI added, negative for OI closed. A leg that is new (base 0) has no per cent and gets no tint.
 */
export function heatStep(pct: number | null, threshold: number): number {
  if (pct === null) return 0;
  const strength = Math.abs(pct) / threshold;
  const step = STEPS.findLastIndex((from) => strength >= from) + 1;
  return pct < 0 ? 0 - step : step;
}
const STEPS = [0.1, 0.3, 0.5, 0.75, 1, 2];
/** From this step on a cell is beyond its threshold. */
export const BEYOND = 5;

export interface BoardCount {
  /** Cells in view that have a value in per cent. */
  known: number;
  /** Those at or beyond their threshold. */
  beyond: number;
  /** More than half of the cells that have a value are beyond their threshold. */
  alert: boolean;
}

/** Counts the cells of the rows in view against their thresholds. */
export function countBoard(
  rows: readonly Row[],
  intervals: readonly number[],
  thresholds?: Thresholds,
): BoardCount {
  let known = 0;
  let beyond = 0;
  const count = (leg: Leg | null): void =>
    leg?.changes.forEach((change, i) => {
      if (change === null || change.pct === null) return;
      known += 1;
      if (Math.abs(change.pct) >= thresholdOf(intervals[i] ?? 0, thresholds)) beyond += 1;
    });
  for (const row of rows) {
    count(row.call);
    count(row.put);
  }
  return { known, beyond, alert: beyond * 2 > known };
}

/** The largest OI of the rows, for the scale of the bars; 0 when none is known. */
export function largestOi(rows: readonly Row[]): number {
  let max = 0;
  for (const row of rows) max = Math.max(max, row.call?.oi ?? 0, row.put?.oi ?? 0);
  return max;
}

/** Length of an OI bar in per cent of its cell, to half a per cent so that it does not move without need. */
export function barLength(oi: number | null | undefined, max: number): number {
  return oi && max > 0 ? Math.max(1, Math.round((200 * oi) / max) / 2) : 0;
}

/** Which half of a row is in the money: calls below ATM, puts above. */
export function inTheMoney(strike: number, atmStrike: number | null): 'call' | 'put' | null {
  if (atmStrike === null || strike === atmStrike) return null;
  return strike < atmStrike ? 'call' : 'put';
}

/** Share of puts in Σ OI, 0–100, for the PCR bar; `null` when nothing is known. */
export function putShare(table: Table): number | null {
  const { callOi, putOi } = table.totals;
  return callOi + putOi > 0 ? (100 * putOi) / (callOi + putOi) : null;
}
