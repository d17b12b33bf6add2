import type { Change, Leg, Row, Table } from '../domain/delta-table.js';
import { MINUTE_MS } from '../domain/units.js';
import {
  BUILD_UPS,
  CELL_STATES,
  type ChangeFrame,
  type Sparse,
  type SparseNullable,
} from '../protocol/index.js';

const PAISE = 100;

/** Collects a sparse column: `[gap, value, gap, value, …]`, `gap` = untouched elements before a touched one. */
class SparseColumn<T extends number | null> {
  readonly list: (number | T)[] = [];
  private next = 0;

  put(index: number, value: T): void {
    this.list.push(index - this.next, value);
    this.next = index + 1;
  }
}

type Legs = readonly (Leg | null)[];

/**
 * Packs what changed from `before` to `after` (see protocol/frame.ts).
 * When there is no table before, or the rows themselves differ (a strike was added, a leg appeared, a contract got
 * another key), the frame has `rows: 0`, which no table has: every client then watches again and gets the full table.
 */
export function encodeChange(before: Table | null, after: Table): ChangeFrame {
  const sameShape = before !== null && shapeOf(before) === shapeOf(after);
  const old = sameShape ? legsOf(before.rows) : [];
  const legs = sameShape ? legsOf(after.rows) : [];
  return {
    v: 1,
    underlying: after.underlying.key,
    expiry: after.expiry,
    seq: after.seq,
    slot: after.slot,
    capturedAt: after.capturedAt,
    source: after.source,
    spot: after.spot,
    atmStrike: after.atmStrike,
    totals: after.totals,
    rows: sameShape ? after.rows.length : 0,
    ...quantity('oi', old, legs),
    ...prices(old, legs),
    ...quantity('volume', old, legs),
    prevOi: replaced(old, legs),
    ...cells(old, legs, after.intervals.length),
  };
}

function shapeOf(table: Table): string {
  const rows = table.rows.map(
    (row) =>
      `${row.strike}:${row.call ? row.call.instrumentKey : '!'}:${row.put ? row.put.instrumentKey : '!'}`,
  );
  return `${table.underlying.symbol}|${table.underlying.lotSize}|${table.intervals.join()}|${rows.join()}`;
}

function legsOf(rows: readonly Row[]): (Leg | null)[] {
  return rows.flatMap((row) => [row.call, row.put]);
}

type QuantityFrame<K extends 'oi' | 'volume'> = Record<K, Sparse> & Record<`${K}Set`, SparseNullable>;

function quantity<K extends 'oi' | 'volume'>(field: K, old: Legs, legs: Legs): QuantityFrame<K> {
  const differences = new SparseColumn<number>();
  const set = new SparseColumn<number | null>();
  legs.forEach((leg, i) => {
    const was = old[i]?.[field] ?? null;
    const is = leg?.[field] ?? null;
    if (was === is) return;
    if (was !== null && is !== null) differences.put(i, is - was);
    else set.put(i, is);
  });
  return { [field]: differences.list, [`${field}Set`]: set.list } as QuantityFrame<K>;
}

function prices(old: Legs, legs: Legs): { ltp: Sparse; ltpSet: SparseNullable } {
  const differences = new SparseColumn<number>();
  const set = new SparseColumn<number | null>();
  legs.forEach((leg, i) => {
    const was = old[i]?.ltp ?? null;
    const is = leg?.ltp ?? null;
    if (was === is) return;
    if (was !== null && is !== null && wholePaise(was) && wholePaise(is))
      differences.put(i, Math.round(is * PAISE) - Math.round(was * PAISE));
    else set.put(i, is);
  });
  return { ltp: differences.list, ltpSet: set.list };
}

function wholePaise(rupees: number): boolean {
  return Math.round(rupees * PAISE) / PAISE === rupees;
}

function replaced(old: Legs, legs: Legs): SparseNullable {
  const set = new SparseColumn<number | null>();
  legs.forEach((leg, i) => {
    const is = leg?.prevOi ?? null;
    if (is !== (old[i]?.prevOi ?? null)) set.put(i, is);
  });
  return set.list;
}

type CellColumns = Pick<ChangeFrame, 'base' | 'baseShift' | 'abs' | 'state' | 'buildUp'>;

function cells(old: Legs, legs: Legs, intervals: number): CellColumns {
  const base = Array.from({ length: intervals }, (_, k) => commonBase(legs, k));
  const [baseShift, abs, state, buildUp] = Array.from({ length: 4 }, () => new SparseColumn<number>());
  legs.forEach((leg, i) => {
    for (let k = 0; k < intervals; k++) {
      const cell = i * intervals + k;
      const is = cellOf(leg, k);
      const was = cellOf(old[i] ?? null, k);
      const shift = is.change ? (is.change.baseSlot - (base[k] ?? 0)) / MINUTE_MS : 0;
      if (shift !== 0) baseShift!.put(cell, shift);
      if (is.abs !== was.abs) abs!.put(cell, is.abs);
      if (is.state !== was.state) state!.put(cell, is.state);
      if (is.buildUp !== was.buildUp) buildUp!.put(cell, is.buildUp);
    }
  });
  return { base, baseShift: baseShift!.list, abs: abs!.list, state: state!.list, buildUp: buildUp!.list };
}

function commonBase(legs: Legs, interval: number): number | null {
  const counts = new Map<number, number>();
  let best: number | null = null;
  for (const leg of legs) {
    const slot = leg?.changes[interval]?.baseSlot;
    if (slot === undefined) continue;
    const count = (counts.get(slot) ?? 0) + 1;
    counts.set(slot, count);
    if (best === null || count > counts.get(best)!) best = slot;
  }
  return best;
}

function cellOf(
  leg: Leg | null,
  k: number,
): { change: Change | null; abs: number; state: number; buildUp: number } {
  const change = leg?.changes[k] ?? null;
  if (change)
    return {
      change,
      abs: change.abs,
      state: CELL_STATES.indexOf(change.backfilled ? 'value-backfilled' : 'value'),
      buildUp: BUILD_UPS.indexOf(change.buildUp),
    };
  const reason = leg ? (leg.reasons[k] ?? 'oi-unknown') : 'no-leg';
  return { change: null, abs: 0, state: CELL_STATES.indexOf(reason), buildUp: 0 };
}
