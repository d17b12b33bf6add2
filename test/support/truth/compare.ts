import { Differences } from './differences.js';
import { buildUpLabels, percent } from './figures.js';
import { clock, MINUTE } from './time.js';
import { TOLERANCE_MS } from './table.js';
import {
  SIDES,
  type ActualChange,
  type ActualLeg,
  type ActualTable,
  type ExpectedChange,
  type ExpectedLeg,
  type ExpectedTable,
  type LegAnswer,
  type Side,
} from './types.js';

/**
 * What the source had for a leg in a minute before live collection began: what a back-filled base must equal.
 * Without it no back-filled base is allowed at all.
 */
export type BackfillSource = (strike: number, side: Side, slot: number) => LegAnswer | null;

export interface CompareOptions {
  backfill?: BackfillSource;
  /** Captured slots of the chain: a back-filled base must not stand on one of them. */
  captured?: ReadonlySet<number>;
}

/** One cell of one leg: where it stands and what may be said about it. */
interface Cell {
  index: number;
  minutes: number;
  strike: number;
  side: Side;
  leg: ExpectedLeg;
}

/** Compares one published table with the expected one. */
class Comparison {
  readonly d = new Differences();

  constructor(
    private readonly table: ExpectedTable,
    private readonly options: CompareOptions,
  ) {}

  head(actual: ActualTable): void {
    const { d, table } = this;
    d.same('symbol', table.symbol, actual.underlying.symbol);
    d.same('expiry', table.expiry, actual.expiry);
    d.same('slot', table.slot, actual.slot);
    d.same('spot', table.spot, actual.spot);
    d.same('ATM', table.atmStrike, actual.atmStrike);
    d.same('intervals', table.intervals.join(), actual.intervals.join());
    d.same('call OI', table.totals.callOi, actual.totals.callOi);
    d.same('put OI', table.totals.putOi, actual.totals.putOi);
    d.close('PCR', table.totals.pcr, actual.totals.pcr);
    d.same('max pain', table.totals.maxPain, actual.totals.maxPain);
    d.same('call day change', table.totals.callDayChange, actual.totals.callDayChange);
    d.same('put day change', table.totals.putDayChange, actual.totals.putDayChange);
    d.close('straddle', table.totals.straddle, actual.totals.straddle);
    const strikes = (rows: readonly { strike: number }[]) => rows.map((row) => row.strike).join();
    d.same('strikes', strikes(table.rows), strikes(actual.rows));
  }

  leg(strike: number, side: Side, leg: ExpectedLeg, actual: ActualLeg | null): void {
    const { d, table } = this;
    if (!actual) {
      if (leg.seen) d.add('the leg is absent');
      return;
    }
    d.same('oi', leg.oi, actual.oi);
    d.same('ltp', leg.ltp, actual.ltp);
    d.same('volume', leg.volume, actual.volume);
    // Where a leg is missing from the answer, its known closing OI of yesterday is no less true, nor owed.
    if (leg.oi !== null || actual.prevOi !== null) d.same('prevOi', leg.prevOi, actual.prevOi);
    if (leg.dayChange && actual.dayChange) {
      d.same('day abs', leg.dayChange.abs, actual.dayChange.abs);
      d.close('day pct', leg.dayChange.pct, actual.dayChange.pct);
    } else d.same('day change', leg.dayChange, actual.dayChange);
    d.same('number of changes', table.intervals.length, actual.changes.length);
    const place = d.place;
    table.intervals.forEach((minutes, index) => {
      d.place = [...place, `${minutes}m`];
      this.cell({ index, minutes, strike, side, leg }, actual);
    });
  }

  private cell(cell: Cell, actual: ActualLeg): void {
    const { d } = this;
    const expected = cell.leg.changes[cell.index] ?? null;
    const change = actual.changes[cell.index];
    const reason = actual.reasons[cell.index];
    if (change === undefined || reason === undefined) return d.add('the cell is absent');
    if (change?.backfilled) this.backfilled(cell, expected, change);
    else if (expected && change) this.change(expected, change);
    else if (expected || change) d.same('change', expected, change);
    if (change) d.same('reason', null, reason);
    else if (expected) return;
    else if (this.options.backfill === undefined || cell.leg.oi === null)
      d.oneOf('reason', cell.leg.reasons[cell.index] ?? [], reason);
    else if (reason === null) d.add('neither a value nor a reason');
  }

  private change(expected: ExpectedChange, actual: ActualChange): void {
    const { d } = this;
    d.same('abs', expected.abs, actual.abs);
    d.close('pct', expected.pct, actual.pct);
    if (expected.baseSlot !== actual.baseSlot)
      d.add(`base slot: expected ${moment(expected.baseSlot)}, got ${moment(actual.baseSlot)}`);
    d.oneOf('build-up', expected.buildUp, actual.buildUp);
  }

  /** A base rebuilt from candles: inside the range, newer than any captured one, and what the source really had. */
  private backfilled(cell: Cell, captured: ExpectedChange | null, actual: ActualChange): void {
    const { d, options } = this;
    const base = `base ${clock(actual.baseSlot)}`;
    const newest = this.table.slot - cell.minutes * MINUTE;
    const inRange = actual.baseSlot <= newest && actual.baseSlot >= newest - TOLERANCE_MS;
    if (!inRange) d.add(`back-filled ${base} is out of range`);
    if (options.captured?.has(actual.baseSlot)) d.add(`${base} was captured, yet is marked back-filled`);
    if (captured && captured.baseSlot > actual.baseSlot)
      d.add(`captured base ${clock(captured.baseSlot)} is newer than the back-filled one`);
    const old = options.backfill?.(cell.strike, cell.side, actual.baseSlot);
    if (old?.oi == null || cell.leg.oi === null) return d.add(`back-filled ${base} has no source`);
    const abs = cell.leg.oi - old.oi;
    const buildUp = buildUpLabels(cell.leg.oi, old.oi, cell.leg.ltp, old.ltp);
    this.change({ abs, pct: percent(abs, old.oi), baseSlot: actual.baseSlot, buildUp }, actual);
  }
}

const moment = (at: number): string => `${clock(at)} (${at})`;

/**
 * Every difference between the table that the rules demand and the one that was published: exact for integers,
 * prices, strikes and base slots, within 1e-9 relative for ratios. An empty list means equal.
 */
export function compareTable(
  expected: ExpectedTable,
  actual: ActualTable,
  options: CompareOptions = {},
): string[] {
  const comparison = new Comparison(expected, options);
  const place = [expected.symbol, expected.expiry, clock(expected.slot)];
  comparison.d.place = place;
  comparison.head(actual);
  const rows = new Map(actual.rows.map((row) => [row.strike, row]));
  for (const row of expected.rows)
    for (const side of SIDES) {
      comparison.d.place = [...place, row.strike, side];
      comparison.leg(row.strike, side, row[side], rows.get(row.strike)?.[side] ?? null);
    }
  return comparison.d.list;
}
