/**
 * Decoder of `chain:change`: table with `seq − 1` + frame → table with `seq`. Pure. docs/protocol.md describes the frame.
 *
 * Rows and legs that did not change keep their identity, so that the screen redraws only what moved.
 */
import {
  BUILD_UPS,
  CELL_STATES,
  type Change,
  type ChangeFrame,
  type DayChange,
  type Leg,
  type Row,
  type Table,
  type UnknownReason,
} from '../../server/protocol/index.js';
import { FrameMismatch, unfold } from './sparse.js';

export { FrameMismatch } from './sparse.js';

const MINUTE_MS = 60_000;

/** A frame's columns, unfolded once. */
interface Columns {
  oi: Map<number, number>;
  oiSet: Map<number, number | null>;
  ltp: Map<number, number>;
  ltpSet: Map<number, number | null>;
  volume: Map<number, number>;
  volumeSet: Map<number, number | null>;
  prevOi: Map<number, number | null>;
  base: (number | null)[];
  baseShift: Map<number, number>;
  abs: Map<number, number>;
  state: Map<number, number>;
  buildUp: Map<number, number>;
}

/**
 * @returns a new table; `table` is left as it was
 * @throws FrameMismatch on a gap in `seq`, another chain, another packing, another number of rows, a leg that was
 * listed or vanished, or a column that does not fit
 */
export function applyChange(table: Table, frame: ChangeFrame): Table {
  check(table, frame);
  const columns = unfoldAll(frame, table.rows.length * 2, table.intervals.length);
  const rows = table.rows.map((row, i) => mergeRow(row, i, columns));
  return {
    ...table,
    seq: frame.seq,
    slot: frame.slot,
    capturedAt: frame.capturedAt,
    source: frame.source,
    spot: frame.spot,
    atmStrike: frame.atmStrike,
    totals: frame.totals,
    rows,
  };
}

function check(table: Table, frame: ChangeFrame): void {
  if (frame.v !== 1) throw new FrameMismatch(`packing ${String(frame.v)} is not known`);
  if (frame.underlying !== table.underlying.key || frame.expiry !== table.expiry)
    throw new FrameMismatch('the frame is for another chain');
  if (frame.seq !== table.seq + 1)
    throw new FrameMismatch(`frame ${frame.seq} does not follow table ${table.seq}`);
  if (frame.rows !== table.rows.length)
    throw new FrameMismatch(`frame has ${frame.rows} rows, table ${table.rows.length}`);
  if (frame.base.length !== table.intervals.length)
    throw new FrameMismatch(`frame has ${frame.base.length} windows, table ${table.intervals.length}`);
}

function unfoldAll(frame: ChangeFrame, legs: number, windows: number): Columns {
  const cells = legs * windows;
  return {
    oi: unfold(frame.oi, legs, 'oi'),
    oiSet: unfold(frame.oiSet, legs, 'oiSet'),
    ltp: unfold(frame.ltp, legs, 'ltp'),
    ltpSet: unfold(frame.ltpSet, legs, 'ltpSet'),
    volume: unfold(frame.volume, legs, 'volume'),
    volumeSet: unfold(frame.volumeSet, legs, 'volumeSet'),
    prevOi: unfold(frame.prevOi, legs, 'prevOi'),
    base: frame.base,
    baseShift: unfold(frame.baseShift, cells, 'baseShift'),
    abs: unfold(frame.abs, cells, 'abs'),
    state: unfold(frame.state, cells, 'state'),
    buildUp: unfold(frame.buildUp, cells, 'buildUp'),
  };
}

function mergeRow(row: Row, index: number, columns: Columns): Row {
  const call = mergeLeg(row.call, index * 2, columns);
  const put = mergeLeg(row.put, index * 2 + 1, columns);
  return call === row.call && put === row.put ? row : { strike: row.strike, call, put };
}

function mergeLeg(leg: Leg | null, at: number, c: Columns): Leg | null {
  if (leg === null) return expectAbsent(at, c);
  const oi = number(leg.oi, c.oi.get(at), c.oiSet, at, add);
  const ltp = number(leg.ltp, c.ltp.get(at), c.ltpSet, at, addPaise);
  const volume = number(leg.volume, c.volume.get(at), c.volumeSet, at, add);
  const prevOi = c.prevOi.has(at) ? (c.prevOi.get(at) ?? null) : leg.prevOi;
  const { changes, reasons, same } = mergeCells(leg, oi, at, c);
  if (same && oi === leg.oi && ltp === leg.ltp && volume === leg.volume && prevOi === leg.prevOi) return leg;
  const dayChange = oi === leg.oi && prevOi === leg.prevOi ? leg.dayChange : dayChangeOf(oi, prevOi);
  return { ...leg, oi, prevOi, dayChange, ltp, volume, changes, reasons };
}

/** A contract that gets listed in mid-session brings a key and a history that a frame cannot carry. */
function expectAbsent(at: number, c: Columns): null {
  const windows = c.base.length;
  for (let i = 0; i < windows; i++) {
    const state = c.state.get(at * windows + i);
    if (state !== undefined && CELL_STATES[state] !== 'no-leg') throw new FrameMismatch('a leg was listed');
  }
  if (c.oi.has(at) || c.oiSet.has(at)) throw new FrameMismatch('a leg was listed');
  return null;
}

const add = (old: number, by: number): number => old + by;
const addPaise = (old: number, by: number): number => (Math.round(old * 100) + by) / 100;

function number(
  old: number | null,
  by: number | undefined,
  set: Map<number, number | null>,
  at: number,
  apply: (old: number, by: number) => number,
): number | null {
  if (set.has(at)) return set.get(at) ?? null;
  if (by === undefined) return old;
  if (old === null) throw new FrameMismatch('a difference to a number that is not known');
  return apply(old, by);
}

interface MergedCells {
  changes: (Change | null)[];
  reasons: (UnknownReason | null)[];
  same: boolean;
}

function mergeCells(leg: Leg, oi: number | null, at: number, c: Columns): MergedCells {
  const windows = c.base.length;
  const changes: (Change | null)[] = [];
  const reasons: (UnknownReason | null)[] = [];
  let same = true;
  for (let i = 0; i < windows; i++) {
    const state = CELL_STATES[c.state.get(at * windows + i) ?? stateOf(leg, i)];
    if (state === undefined || state === 'no-leg') throw new FrameMismatch('a leg vanished');
    const known = state === 'value' || state === 'value-backfilled';
    const change = known ? mergeChange(leg.changes[i] ?? null, oi, at * windows + i, i, state, c) : null;
    changes.push(change);
    reasons.push(known ? null : state);
    same &&= change === leg.changes[i] && reasons[i] === leg.reasons[i];
  }
  return { changes, reasons, same };
}

/** Index in CELL_STATES of the cell as it stands. */
function stateOf(leg: Leg, interval: number): number {
  const change = leg.changes[interval];
  if (change) return change.backfilled ? 1 : 0;
  const reason = leg.reasons[interval];
  return reason ? CELL_STATES.indexOf(reason) : -1;
}

function mergeChange(
  old: Change | null,
  oi: number | null,
  cell: number,
  interval: number,
  state: 'value' | 'value-backfilled',
  c: Columns,
): Change {
  const base = c.base[interval];
  if (base == null || oi === null) throw new FrameMismatch('a change without OI or base');
  const abs = c.abs.get(cell) ?? old?.abs ?? 0;
  const baseSlot = base + (c.baseShift.get(cell) ?? 0) * MINUTE_MS;
  const label = BUILD_UPS[c.buildUp.get(cell) ?? BUILD_UPS.indexOf(old?.buildUp ?? null)];
  if (label === undefined) throw new FrameMismatch('a build-up that is not known');
  const pct = percent(abs, oi - abs);
  const backfilled = state === 'value-backfilled';
  if (
    old &&
    old.abs === abs &&
    old.pct === pct &&
    old.baseSlot === baseSlot &&
    old.buildUp === label &&
    (old.backfilled ?? false) === backfilled
  )
    return old;
  return { abs, pct, baseSlot, ...(backfilled ? { backfilled: true as const } : {}), buildUp: label };
}

/** Change in per cent of the base; none when the base is 0. `+ 0` turns −0 into 0. */
function percent(abs: number, base: number): number | null {
  return base === 0 ? null : (100 * abs) / base + 0;
}

function dayChangeOf(oi: number | null, prevOi: number | null): DayChange | null {
  if (oi === null || prevOi === null) return null;
  return { abs: oi - prevOi, pct: percent(oi - prevOi, prevOi) };
}
