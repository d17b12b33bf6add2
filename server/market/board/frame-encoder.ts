import { isDeepStrictEqual } from 'node:util';
import { MINUTE_MS } from '../../domain/units.js';
import {
  MARKET_FLAGS,
  type MarketBoard,
  type MarketFrame,
  type MarketMover,
  type MarketMovers,
  type MarketRow,
  type MarketWindow,
  type PackedMovers,
} from '../../protocol/index.js';

/**
 * Packs what changed from `before` to `after` (see protocol/market.ts). When there is no board before, or what a frame
 * does not carry differs (the underlyings, their order, expiry, lot or number of legs, the windows), the frame has
 * `rows: 0`: every screen then watches again and gets the whole board.
 */
export function encodeMarket(before: MarketBoard | null, after: MarketBoard): MarketFrame {
  const sameShape = before !== null && shapeOf(before) === shapeOf(after);
  const places = sameShape ? changedPlaces(before.rows, after.rows) : [];
  const rows = places.map((place) => after.rows[place]!);
  return {
    v: 1,
    seq: after.seq,
    slot: after.slot,
    at: after.at,
    sweep: after.sweep,
    rows: sameShape ? after.rows.length : 0,
    changed: places.map((place, i) => place - (i === 0 ? 0 : places[i - 1]! + 1)),
    ...pack(rows, after),
  };
}

function shapeOf(board: MarketBoard): string {
  const rows = board.rows.map((row) => [
    row.key,
    row.symbol,
    row.name,
    row.exchange,
    row.kind,
    row.lotSize,
    row.expiry,
    row.legs,
  ]);
  return JSON.stringify([board.intervals, rows]);
}

/** A row that has only grown older has not changed: its age follows from the frame's `at`. */
function changedPlaces(before: readonly MarketRow[], after: readonly MarketRow[]): number[] {
  const ageless = (row: MarketRow | undefined): unknown => ({ ...row, ageMs: null });
  return after.flatMap((row, i) => (isDeepStrictEqual(ageless(before[i]), ageless(row)) ? [] : [i]));
}

type Columns = Omit<MarketFrame, 'v' | 'seq' | 'slot' | 'at' | 'sweep' | 'rows' | 'changed'>;

function pack(rows: readonly MarketRow[], { slot, intervals }: MarketBoard): Columns {
  const units = rows.map(unitOf);
  const inLots = (i: number, quantity: number | null): number | null =>
    quantity === null ? null : quantity / units[i]!;
  const cells = <T>(of: (window: MarketWindow, row: number) => T): T[] =>
    rows.flatMap((row, i) => row.windows.map((window) => of(window, i)));
  const movers = (name: keyof MarketMovers): PackedMovers => packMovers(rows, units, intervals, name);
  return {
    inUnits: rows.flatMap((row, i) => (units[i] === row.lotSize ? [] : [i])),
    spot: rows.map((row) => row.spot),
    late: rows.map((row) => (row.slot === null ? null : (slot - row.slot) / MINUTE_MS)),
    taken: rows.map(takenOf),
    callOi: rows.map((row, i) => inLots(i, row.callOi)),
    putOi: rows.map((row, i) => inLots(i, row.putOi)),
    unknownLegs: rows.map((row) => row.unknownLegs),
    flags: rows.map((row) => row.flags.reduce((bits, flag) => bits | (1 << MARKET_FLAGS.indexOf(flag)), 0)),
    callAdd: cells((window, i) => inLots(i, window.callAdd)),
    putAdd: cells((window, i) => inLots(i, window.putAdd)),
    baseless: cells((window, i) => rows[i]!.legs - rows[i]!.unknownLegs - window.legs),
    pcrChange: oddPcrChanges(rows),
    callBuildUp: movers('callBuildUp'),
    callUnwinding: movers('callUnwinding'),
    putBuildUp: movers('putBuildUp'),
    putUnwinding: movers('putUnwinding'),
  };
}

function takenOf({ slot, capturedAt }: MarketRow): number | null {
  return slot === null || capturedAt === null ? null : capturedAt - slot;
}

/** The lot where every quantity of the row is a whole number of lots, else 1. */
function unitOf({ lotSize, callOi, putOi, windows }: MarketRow): number {
  if (lotSize === null || lotSize <= 0) return 1;
  const whole = (quantity: number | null): boolean => quantity === null || quantity % lotSize === 0;
  const wholeMover = (mover: MarketMover | null): boolean =>
    mover === null || (whole(mover.oi) && whole(mover.abs));
  const wholeWindow = ({ callAdd, putAdd, movers }: MarketWindow): boolean =>
    whole(callAdd) && whole(putAdd) && Object.values(movers).every(wholeMover);
  return whole(callOi) && whole(putOi) && windows.every(wholeWindow) ? lotSize : 1;
}

/** Sparse, by changed row and window: see `MarketFrame.pcrChange`. */
function oddPcrChanges(rows: readonly MarketRow[]): (number | null)[] {
  const list: (number | null)[] = [];
  let next = 0;
  let cell = 0;
  for (const row of rows)
    for (const window of row.windows) {
      if (window.pcrChange !== expectedPcrChange(row, window)) {
        list.push(cell - next, window.pcrChange);
        next = cell + 1;
      }
      cell += 1;
    }
  return list;
}

/** The change of PCR when every known leg has a base. `null` where a part is unknown or divides by 0. */
function expectedPcrChange(row: MarketRow, { callAdd, putAdd }: MarketWindow): number | null {
  const { callOi, putOi, pcr } = row;
  if (pcr === null || callOi === null || putOi === null || callAdd === null || putAdd === null) return null;
  return callOi === callAdd ? null : pcr - (putOi - putAdd) / (callOi - callAdd);
}

function packMovers(
  rows: readonly MarketRow[],
  units: readonly number[],
  intervals: readonly number[],
  name: keyof MarketMovers,
): PackedMovers {
  const packed: PackedMovers = { strike: [], oi: [], abs: [], early: [] };
  rows.forEach((row, i) =>
    row.windows.forEach(({ movers }, k) => {
      const mover = movers[name];
      packed.strike.push(mover?.strike ?? 0);
      if (!mover) return;
      packed.oi.push(mover.oi / units[i]!);
      packed.abs.push(mover.abs / units[i]!);
      packed.early.push(((row.slot ?? 0) - mover.baseSlot) / MINUTE_MS - intervals[k]!);
    }),
  );
  return packed;
}
