/**
 * Decoder of `market:change`: board with `seq − 1` + frame → board with `seq`. Pure. docs/protocol.md describes the
 * frame. Rows that did not change keep their identity but for their age, which follows from the frame's `at`.
 */
import {
  MARKET_FLAGS,
  type MarketBoard,
  type MarketFrame,
  type MarketMover,
  type MarketMovers,
  type MarketRow,
  type MarketWindow,
  type PackedMovers,
} from '../../server/protocol/index.js';
import { FrameMismatch, unfold } from './sparse.js';

const MINUTE_MS = 60_000;
const MOVERS = [
  'callBuildUp',
  'callUnwinding',
  'putBuildUp',
  'putUnwinding',
] as const satisfies readonly (keyof MarketMovers)[];

/**
 * @returns a new board; `board` is left as it was
 * @throws FrameMismatch on a gap in `seq`, another packing, another number of rows or a column that does not fit
 */
export function applyMarket(board: MarketBoard, frame: MarketFrame): MarketBoard {
  check(board, frame);
  const places = placesOf(frame.changed, board.rows.length);
  const cells = places.length * board.intervals.length;
  const columns: Columns = {
    frame,
    intervals: board.intervals,
    inUnits: new Set(frame.inUnits),
    pcrChange: unfold(frame.pcrChange, cells, 'pcrChange'),
    movers: MOVERS.map((name) => unpackMovers(frame[name], cells, name)),
  };
  const rows = board.rows.map((row) => aged(row, frame.at));
  places.forEach((place, i) => (rows[place] = rowOf(board.rows[place]!, i, columns)));
  return { ...board, seq: frame.seq, slot: frame.slot, at: frame.at, sweep: frame.sweep, rows };
}

function check(board: MarketBoard, frame: MarketFrame): void {
  if (frame.v !== 1) throw new FrameMismatch(`packing ${String(frame.v)} is not known`);
  if (frame.seq !== board.seq + 1)
    throw new FrameMismatch(`frame ${frame.seq} does not follow board ${board.seq}`);
  if (frame.rows === 0 || frame.rows !== board.rows.length)
    throw new FrameMismatch(`frame has ${frame.rows} rows, board ${board.rows.length}`);
  const n = frame.changed.length;
  for (const name of ['spot', 'late', 'taken', 'callOi', 'putOi', 'unknownLegs', 'flags'] as const)
    expectLength(frame[name], n, name);
  for (const name of ['callAdd', 'putAdd', 'baseless'] as const)
    expectLength(frame[name], n * board.intervals.length, name);
}

function expectLength(list: readonly unknown[], length: number, column: string): void {
  if (list.length !== length) throw new FrameMismatch(`column ${column} has ${list.length}, not ${length}`);
}

function placesOf(gaps: readonly number[], size: number): number[] {
  let at = -1;
  return gaps.map((gap) => {
    at += gap + 1;
    if (!Number.isInteger(gap) || gap < 0 || at >= size) throw new FrameMismatch('a row that is not there');
    return at;
  });
}

const aged = (row: MarketRow, at: number): MarketRow =>
  row.capturedAt === null ? row : { ...row, ageMs: at - row.capturedAt };

/** A mover but for what its row must add. */
interface BareMover {
  strike: number;
  oi: number;
  abs: number;
  early: number;
}

interface Columns {
  frame: MarketFrame;
  intervals: readonly number[];
  inUnits: ReadonlySet<number>;
  pcrChange: ReadonlyMap<number, number | null>;
  /** By name as in `MOVERS`, then by cell. */
  movers: (BareMover | null)[][];
}

function unpackMovers(packed: PackedMovers, cells: number, name: string): (BareMover | null)[] {
  expectLength(packed.strike, cells, `${name}.strike`);
  const known = packed.strike.filter((strike) => strike !== 0).length;
  for (const column of ['oi', 'abs', 'early'] as const)
    expectLength(packed[column], known, `${name}.${column}`);
  let next = 0;
  return packed.strike.map((strike) => {
    if (strike === 0) return null;
    const mover = { strike, oi: packed.oi[next]!, abs: packed.abs[next]!, early: packed.early[next]! };
    next += 1;
    return mover;
  });
}

/** @param i place of the row among the changed ones */
function rowOf(old: MarketRow, i: number, columns: Columns): MarketRow {
  const { frame } = columns;
  const unit = columns.inUnits.has(i) ? 1 : (old.lotSize ?? 1);
  const callOi = times(frame.callOi[i], unit);
  const putOi = times(frame.putOi[i], unit);
  const late = frame.late[i] ?? null;
  const slot = late === null ? null : frame.slot - late * MINUTE_MS;
  const taken = frame.taken[i] ?? null;
  const capturedAt = slot === null || taken === null ? null : slot + taken;
  const row: MarketRow = {
    ...old,
    spot: frame.spot[i] ?? null,
    slot,
    capturedAt,
    ageMs: capturedAt === null ? null : frame.at - capturedAt,
    callOi,
    putOi,
    pcr: callOi === null || callOi === 0 || putOi === null ? null : putOi / callOi,
    unknownLegs: frame.unknownLegs[i] ?? 0,
    flags: MARKET_FLAGS.filter((_, bit) => ((frame.flags[i] ?? 0) & (1 << bit)) !== 0),
  };
  return { ...row, windows: columns.intervals.map((_, k) => windowOf(row, i, k, unit, columns)) };
}

function windowOf(row: MarketRow, i: number, k: number, unit: number, columns: Columns): MarketWindow {
  const { frame, intervals, pcrChange } = columns;
  const cell = i * intervals.length + k;
  const callAdd = times(frame.callAdd[cell], unit);
  const putAdd = times(frame.putAdd[cell], unit);
  const mover = (name: (typeof MOVERS)[number], side: 'call' | 'put'): MarketMover | null =>
    moverOf(columns.movers[MOVERS.indexOf(name)]?.[cell] ?? null, side, row, intervals[k]!, unit);
  const movers: MarketMovers = {
    callBuildUp: mover('callBuildUp', 'call'),
    callUnwinding: mover('callUnwinding', 'call'),
    putBuildUp: mover('putBuildUp', 'put'),
    putUnwinding: mover('putUnwinding', 'put'),
  };
  return {
    callAdd,
    putAdd,
    pcrChange: pcrChange.has(cell) ? (pcrChange.get(cell) ?? null) : pcrChangeOf(row, callAdd, putAdd),
    legs: row.legs - row.unknownLegs - (frame.baseless[cell] ?? 0),
    topBuildUp: larger(movers.callBuildUp, movers.putBuildUp),
    topUnwinding: larger(movers.callUnwinding, movers.putUnwinding),
    movers,
  };
}

function moverOf(
  bare: BareMover | null,
  side: 'call' | 'put',
  row: MarketRow,
  minutes: number,
  unit: number,
): MarketMover | null {
  if (bare === null) return null;
  if (row.slot === null) throw new FrameMismatch('a mover in a row without a slot');
  const oi = bare.oi * unit;
  const abs = bare.abs * unit;
  const baseSlot = row.slot - (minutes + bare.early) * MINUTE_MS;
  return { strike: bare.strike, side, oi, abs, pct: (100 * abs) / (oi - abs), baseSlot };
}

/** The one that moved further in per cent; the call's on a tie. */
function larger(call: MarketMover | null, put: MarketMover | null): MarketMover | null {
  if (!call || !put) return call ?? put;
  return Math.abs(put.pct) > Math.abs(call.pct) ? put : call;
}

/** Where every known leg has a base. The server sends those that differ. */
function pcrChangeOf(
  { callOi, putOi, pcr }: MarketRow,
  callAdd: number | null,
  putAdd: number | null,
): number | null {
  if (pcr === null || callOi === null || putOi === null || callAdd === null || putAdd === null) return null;
  return callOi === callAdd ? null : pcr - (putOi - putAdd) / (callOi - callAdd);
}

function times(lots: number | null | undefined, unit: number): number | null {
  return lots == null ? null : lots * unit;
}
