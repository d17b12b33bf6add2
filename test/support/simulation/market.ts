import { isoIst, istDate, istMidnight } from '../../../server/domain/slot.js';
import { MINUTE_MS } from '../../../server/domain/units.js';
import { minuteOf, type Answer, type BackfillSource } from '../truth/index.js';

/** The one chain of the simulated days, its expiry beyond all of them. */
export const CHAIN = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2027-12-28' } as const;
export const FIRST_KEY = 60_000;
export const STRIKES = 6;
const FIRST_STRIKE = 24_000;
const STEP = 50;
const LOT = 65;

type Side = 'call' | 'put';
/** What a broker may send in the place of a number. */
export type Cell = unknown;
export interface RawLeg {
  instrument_key: string;
  market_data: { oi?: Cell; prev_oi?: Cell; ltp?: Cell; volume?: Cell };
}
export interface RawRow {
  expiry: string;
  strike_price: number;
  underlying_key: string;
  underlying_spot_price?: Cell;
  call_options: RawLeg;
  put_options: RawLeg;
}

const strikeOf = (row: number): number => FIRST_STRIKE + row * STEP;

/** Any two minutes differ somewhere, volume only rises within a day and stands still in some minutes. */
function figures(row: number, side: Side, at: number) {
  const minute = Math.floor(at / MINUTE_MS);
  const ofDay = (minuteOf(at) - istMidnight(istDate(at))) / MINUTE_MS;
  const odd = side === 'call' ? 0 : 1;
  return {
    oi: LOT * (800 + ((minute * (3 + row) + row * 131 + odd * 57) % 397)),
    prev_oi: LOT * (700 + row * 10 + odd),
    ltp: (1_000 + ((minute * (11 + row) + odd * 13) % 1_999)) / 20,
    volume: LOT * (50 + Math.floor((ofDay * (2 + row + odd)) / 7)),
  };
}

const spotAt = (at: number): number => FIRST_STRIKE + 120 + ((Math.floor(at / MINUTE_MS) * 7) % 90);

/** What an honest broker answers at a moment. */
export function honestRows(at: number): RawRow[] {
  const leg = (row: number, side: Side): RawLeg => ({
    instrument_key: `NSE_FO|${FIRST_KEY + 2 * row + (side === 'call' ? 0 : 1)}`,
    market_data: figures(row, side, at),
  });
  return Array.from({ length: STRIKES }, (_, row) => ({
    expiry: CHAIN.expiry,
    strike_price: strikeOf(row),
    underlying_key: CHAIN.underlying,
    underlying_spot_price: spotAt(at),
    call_options: leg(row, 'call'),
    put_options: leg(row, 'put'),
  }));
}

const openOf = (at: number): number => istMidnight(istDate(at)) + (9 * 60 + 15) * MINUTE_MS;

/** A contract has no candle for a minute without a trade; the open always has one. */
function traded(row: number, side: Side, minute: number, open: number): boolean {
  const n = minute / MINUTE_MS + row * 3 + (side === 'call' ? 0 : 1);
  return n % 5 !== 0 || minute === open;
}

/** One-minute candles of today, newest first as the broker sends them. */
export function candlesOf(key: string, at: number): unknown[] {
  const open = openOf(at);
  const leg = Number(key.split('|')[1]) - FIRST_KEY;
  const side = leg % 2 === 0 ? 'call' : 'put';
  const of = (minute: number): unknown[] => {
    if (key === CHAIN.underlying) {
      const spot = spotAt(minute);
      return [[isoIst(minute), spot, spot, spot, spot, 0, 0]];
    }
    if (!traded(leg >> 1, side, minute, open)) return [];
    const { oi, ltp } = figures(leg >> 1, side, minute);
    return [[isoIst(minute), ltp, ltp, ltp, ltp, LOT, oi]];
  };
  const candles: unknown[] = [];
  for (let minute = minuteOf(at); minute >= open; minute -= MINUTE_MS) candles.push(...of(minute));
  return candles;
}

/** What a slot that is rebuilt from those candles must say of a leg: its newest candle up to the slot. */
export const candleSource: BackfillSource = (strike, side, slot) => {
  const row = (strike - FIRST_STRIKE) / STEP;
  const open = openOf(slot);
  for (let minute = slot; minute >= open; minute -= MINUTE_MS) {
    if (!traded(row, side, minute, open)) continue;
    const { oi, ltp } = figures(row, side, minute);
    return { oi, ltp, volume: null };
  }
  return null;
};

/** Closing OI of the session before, which never changes here. */
export const PREV_OI = new Map(
  Array.from({ length: STRIKES }, (_, row) => [
    strikeOf(row),
    { call: figures(row, 'call', 0).prev_oi, put: figures(row, 'put', 0).prev_oi },
  ]),
);

const count = (value: Cell): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
const price = (value: Cell): number | null =>
  typeof value === 'number' && value >= 0 && value < 1e9 ? value : null;

/** How an answer is to be read: a cell that is no fit number is unknown, and costs nothing but itself. */
export function read(rows: readonly RawRow[], at: number): Answer {
  const leg = ({ market_data: cells }: RawLeg) => ({
    oi: count(cells.oi),
    ltp: price(cells.ltp),
    volume: count(cells.volume),
  });
  const spots = rows.map((row) => price(row.underlying_spot_price)).filter((spot) => spot !== null);
  return {
    at,
    spot: spots.find((spot) => spot > 0) ?? null,
    strikes: new Map(
      rows.map((row) => [row.strike_price, { call: leg(row.call_options), put: leg(row.put_options) }]),
    ),
  };
}
