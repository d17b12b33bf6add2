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
  place: string;
  slot: number;
  minutes: number;
  strike: number;
  side: Side;
  leg: ExpectedLeg;
}

function compareChange(d: Differences, at: string, expected: ExpectedChange, actual: ActualChange): void {
  d.same(`${at} abs`, expected.abs, actual.abs);
  d.close(`${at} pct`, expected.pct, actual.pct);
  d.same(`${at} base slot`, clock(expected.baseSlot), clock(actual.baseSlot));
  d.same(`${at} base slot in ms`, expected.baseSlot, actual.baseSlot);
  d.oneOf(`${at} build-up`, expected.buildUp, actual.buildUp);
}

/** A base rebuilt from candles: inside the range, newer than any captured one, and what the source really had. */
function compareBackfilled(
  d: Differences,
  cell: Cell,
  captured: ExpectedChange | null,
  actual: ActualChange,
  options: CompareOptions,
): void {
  const newest = cell.slot - cell.minutes * MINUTE;
  const inRange = actual.baseSlot <= newest && actual.baseSlot >= newest - TOLERANCE_MS;
  if (!inRange) d.list.push(`${cell.place}: back-filled base ${clock(actual.baseSlot)} is out of range`);
  if (options.captured?.has(actual.baseSlot))
    d.list.push(`${cell.place}: base ${clock(actual.baseSlot)} was captured, yet is marked back-filled`);
  if (captured && captured.baseSlot > actual.baseSlot)
    d.list.push(`${cell.place}: captured base ${clock(captured.baseSlot)} is newer than the back-filled one`);
  const old = options.backfill?.(cell.strike, cell.side, actual.baseSlot);
  if (old?.oi == null || cell.leg.oi === null) {
    d.list.push(`${cell.place}: back-filled base ${clock(actual.baseSlot)} has no source`);
    return;
  }
  const abs = cell.leg.oi - old.oi;
  compareChange(
    d,
    cell.place,
    {
      abs,
      pct: percent(abs, old.oi),
      baseSlot: actual.baseSlot,
      buildUp: buildUpLabels(cell.leg.oi, old.oi, cell.leg.ltp, old.ltp),
    },
    actual,
  );
}

function compareCell(
  d: Differences,
  cell: Cell,
  index: number,
  actual: ActualLeg,
  options: CompareOptions,
): void {
  const expected = cell.leg.changes[index] ?? null;
  const change = actual.changes[index];
  const reason = actual.reasons[index];
  if (change === undefined || reason === undefined) {
    d.list.push(`${cell.place}: the cell is absent`);
  } else if (change?.backfilled) {
    compareBackfilled(d, cell, expected, change, options);
    d.same(`${cell.place} reason`, null, reason);
  } else if (expected && change) {
    compareChange(d, cell.place, expected, change);
    d.same(`${cell.place} reason`, null, reason);
  } else if (expected || change) {
    d.same(cell.place, expected && { ...expected, buildUp: undefined }, change);
  } else if (options.backfill === undefined || cell.leg.oi === null) {
    d.oneOf(`${cell.place} reason`, cell.leg.reasons[index] ?? [], reason);
  } else if (reason === null) d.list.push(`${cell.place}: neither a value nor a reason`);
}

/** A leg that the source never had may be `null` or all unknown: a file cannot tell the two apart, a broker can. */
const UNKNOWN_LEG: ExpectedLeg = {
  oi: null,
  prevOi: null,
  dayChange: null,
  ltp: null,
  volume: null,
  changes: [],
  reasons: [],
};

function compareLeg(
  d: Differences,
  table: ExpectedTable,
  place: string,
  at: { strike: number; side: Side },
  expected: ExpectedLeg | null,
  actual: ActualLeg | null,
  options: CompareOptions,
): void {
  if (!actual) {
    if (expected) d.list.push(`${place}: the leg is absent`);
    return;
  }
  const leg = expected ?? { ...UNKNOWN_LEG, reasons: table.intervals.map(() => ['oi-unknown']) };
  d.same(`${place} oi`, leg.oi, actual.oi);
  d.same(`${place} ltp`, leg.ltp, actual.ltp);
  d.same(`${place} volume`, leg.volume, actual.volume);
  // Where a leg is missing from the answer, its known closing OI of yesterday is no less true, nor owed.
  if (leg.oi !== null || actual.prevOi !== null) d.same(`${place} prevOi`, leg.prevOi, actual.prevOi);
  if (leg.dayChange && actual.dayChange) {
    d.same(`${place} day abs`, leg.dayChange.abs, actual.dayChange.abs);
    d.close(`${place} day pct`, leg.dayChange.pct, actual.dayChange.pct);
  } else d.same(`${place} day change`, leg.dayChange, actual.dayChange);
  d.same(`${place} number of changes`, table.intervals.length, actual.changes.length);
  table.intervals.forEach((minutes, index) => {
    const cell = { ...at, place: `${place} ${minutes}m`, slot: table.slot, minutes, leg };
    compareCell(d, cell, index, actual, options);
  });
}

function compareHead(d: Differences, place: string, expected: ExpectedTable, actual: ActualTable): void {
  d.same(`${place} symbol`, expected.symbol, actual.underlying.symbol);
  d.same(`${place} expiry`, expected.expiry, actual.expiry);
  d.same(`${place} slot`, expected.slot, actual.slot);
  d.same(`${place} spot`, expected.spot, actual.spot);
  d.same(`${place} ATM`, expected.atmStrike, actual.atmStrike);
  d.same(`${place} intervals`, expected.intervals.join(), actual.intervals.join());
  d.same(`${place} call OI`, expected.totals.callOi, actual.totals.callOi);
  d.same(`${place} put OI`, expected.totals.putOi, actual.totals.putOi);
  d.close(`${place} PCR`, expected.totals.pcr, actual.totals.pcr);
  d.same(`${place} max pain`, expected.totals.maxPain, actual.totals.maxPain);
  d.same(`${place} call day change`, expected.totals.callDayChange, actual.totals.callDayChange);
  d.same(`${place} put day change`, expected.totals.putDayChange, actual.totals.putDayChange);
  d.close(`${place} straddle`, expected.totals.straddle, actual.totals.straddle);
}

/**
 * Every difference between the table that the rules demand and the one that was published: exact for integers,
 * prices, strikes and base slots, within 1e-9 relative for ratios. An empty list means equal.
 */
export function compareTable(
  expected: ExpectedTable,
  actual: ActualTable,
  options: CompareOptions = {},
): string[] {
  const d = new Differences();
  const place = `${expected.symbol} ${expected.expiry} ${clock(expected.slot)}`;
  compareHead(d, place, expected, actual);
  d.same(
    `${place} strikes`,
    expected.rows.map((row) => row.strike).join(),
    actual.rows.map((row) => row.strike).join(),
  );
  const rows = new Map(actual.rows.map((row) => [row.strike, row]));
  for (const row of expected.rows)
    for (const side of SIDES) {
      const at = { strike: row.strike, side };
      const leg = rows.get(row.strike)?.[side] ?? null;
      compareLeg(d, expected, `${place} ${row.strike} ${side}`, at, row[side], leg, options);
    }
  return d.list;
}
