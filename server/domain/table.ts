import { atmStrike } from './atm.js';
import { buildUp } from './build-up.js';
import type { Side } from './contract.js';
import type { Change, DayChange, Leg, Row, Table, Underlying, UnknownReason } from './delta-table.js';
import type { SessionHistory } from './history.js';
import { known, legAt } from './pack.js';
import { totalsOf } from './totals.js';
import type { IsoDate, Slot } from './units.js';
import { legInView, openWindow, viewRows, type RowView, type Window } from './window.js';

/** Minutes. */
export const INTERVALS: readonly number[] = [3, 5, 10, 15, 30];
/** How much older than the window a base may be: one missed minute, and a late one. */
export const TOLERANCE_MS = 90_000;

export interface TableInput {
  underlying: Underlying;
  expiry: IsoDate;
  history: SessionHistory;
  /** A captured slot of the history. */
  slot: Slot;
  /** Number of this publication. */
  seq: number;
  /** Minutes, whole, above 0. Default `INTERVALS`. */
  intervals?: readonly number[];
  /** Default `TOLERANCE_MS`. */
  toleranceMs?: number;
  /** The broker's key of a leg at the slot, where one is known. */
  keyOf?: (strike: number, side: Side) => string | null;
}

interface Context {
  input: TableInput;
  now: RowView;
  windows: readonly Window[];
}

/**
 * The delta table of a chain at a slot, by the rules of truth: every change is measured from the newest
 * captured slot `b` of the session with `slot − w − tolerance ≤ b ≤ slot − w` in which that leg's OI is
 * known; without one there is no value, but a reason. Snapshots later than the slot are not looked at.
 * @throws RangeError when the slot was not captured, or an interval is not a whole number of minutes above 0.
 */
export function computeTable(input: TableInput): Table {
  const { history, slot, intervals = INTERVALS, toleranceMs = TOLERANCE_MS } = input;
  const snapshot = history.at(slot);
  if (snapshot === null) throw new RangeError(`slot ${slot} was not captured`);
  const strikes = history.strikes(slot);
  const windows = intervals.map((minutes) => {
    if (!(Number.isInteger(minutes) && minutes > 0)) throw new RangeError(`not an interval: ${minutes}`);
    return openWindow(history, strikes, slot, minutes, toleranceMs);
  });
  const context: Context = { input, now: viewRows(snapshot, strikes), windows };
  const rows = Array.from(strikes, (strike, row) => rowOf(context, strike, row));
  const atm = atmStrike(strikes, snapshot.spot);
  return {
    underlying: input.underlying,
    expiry: input.expiry,
    slot,
    capturedAt: snapshot.capturedAt,
    seq: input.seq,
    source: snapshot.source,
    spot: snapshot.spot,
    atmStrike: atm,
    intervals: [...intervals],
    totals: totalsOf(rows, snapshot.spot, atm),
    rows,
  };
}

function rowOf(context: Context, strike: number, row: number): Row {
  return { strike, call: legOf(context, strike, row, 'call'), put: legOf(context, strike, row, 'put') };
}

/** `null` when the contract was not listed up to the slot. */
function legOf(context: Context, strike: number, row: number, side: Side): Leg | null {
  const { input, now, windows } = context;
  const listedSince = input.history.listedSince(strike, side);
  if (listedSince === null || listedSince > input.slot) return null;
  const leg = legAt(row, side);
  const cell = legInView(now, leg);
  const { oi, prevOi, ltp, volume } = now.snapshot;
  const measured: Measured = { leg, listedSince, oi: known(oi[cell]), ltp: known(ltp[cell]) };
  const changes: (Change | null)[] = [];
  const reasons: (UnknownReason | null)[] = [];
  for (const window of windows) {
    const change = changeOver(window, measured);
    changes.push(typeof change === 'string' ? null : change);
    reasons.push(typeof change === 'string' ? change : null);
  }
  return {
    instrumentKey: input.keyOf?.(strike, side) ?? null,
    oi: measured.oi,
    prevOi: known(prevOi[cell]),
    dayChange: dayChangeOf(measured.oi, known(prevOi[cell])),
    ltp: measured.ltp,
    volume: known(volume[cell]),
    changes,
    reasons,
  };
}

/** A leg as it is at the slot of the table. */
interface Measured {
  leg: number;
  listedSince: Slot;
  oi: number | null;
  ltp: number | null;
}

function changeOver(window: Window, measured: Measured): Change | UnknownReason {
  const { leg, oi, ltp } = measured;
  if (oi === null) return 'oi-unknown';
  if (window.reason !== null) return window.reason;
  for (const base of window.bases) {
    const cell = legInView(base, leg);
    const baseOi = known(base.snapshot.oi[cell]);
    if (baseOi === null) continue;
    const { slot: baseSlot, source, ltp: baseLtp } = base.snapshot;
    const { abs, pct } = difference(oi, baseOi);
    const label = buildUp(oi, baseOi, ltp, known(baseLtp[cell]));
    if (source === 'backfill') return { abs, pct, baseSlot, backfilled: true, buildUp: label };
    return { abs, pct, baseSlot, buildUp: label };
  }
  return wasUnlisted(window, measured) ? 'not-listed' : 'base-unknown';
}

/** Only an answer about the whole chain can show that a contract was not there. */
function wasUnlisted(window: Window, measured: Measured): boolean {
  return measured.listedSince > window.until && window.wholeChainSince <= window.until;
}

function dayChangeOf(oi: number | null, prevOi: number | null): DayChange | null {
  return oi === null || prevOi === null ? null : difference(oi, prevOi);
}

/** Change in units, and in per cent of the base where that is not 0. */
function difference(oi: number, base: number): DayChange {
  const abs = oi - base;
  return { abs, pct: base === 0 ? null : (100 * abs) / base };
}
