import { sessionMinutes } from '../calendar.js';
import { daysBetween, type IsoDate, istAt, istStamp, MINUTE_MS } from '../ist.js';
import type { CandleRow, MarketQuote } from '../market.js';
import type { Underlying } from './catalogue.js';
import { Random } from './random.js';

/** One underlying's day: its session and where its spot stood in each minute. */
export interface SpotPath {
  /** Start of the session, epoch ms. */
  open: number;
  minutes: number;
  previousClose: number;
  /** One price a minute, rupees. */
  prices: Float64Array;
}

/** Rounds to the exchange's tick of five paise. */
export function toTick(price: number): number {
  return Math.round(Math.round(price * 20) * 5) / 100;
}

/** A random walk of log returns that ends where it likes, with a slow drift in it. */
function walk(random: Random, minutes: number): Float64Array {
  const path = new Float64Array(minutes);
  let level = 0;
  let drift = random.gauss() * 0.05;
  for (let m = 1; m < minutes; m++) {
    drift = drift * 0.97 + random.gauss() * 0.05;
    level = level * 0.999 + drift + random.gauss() * 0.35;
    path[m] = level;
  }
  return path;
}

/**
 * The spot of a day: a walk scaled so that the day's high and low are 0.3 to 0.8 % apart (twice that for shares).
 * Its level follows a slow wave over the year, so that neighbouring days lie near each other.
 */
export function spotPath(u: Underlying, date: IsoDate, seed: number): SpotPath {
  const random = new Random(seed, date, u.symbol, 'spot');
  const [from, to] = sessionMinutes(u.exchange === 'MCX' ? 'MCX' : 'NFO', date);
  const minutes = to - from;
  const season = 1 + 0.015 * Math.sin(daysBetween('2024-01-01', date) / 9 + u.id);
  const previousClose = toTick(u.price * season * (1 + 0.002 * random.gauss()));
  const raw = walk(random, minutes);
  const range = random.between(0.0032, 0.0078) * (u.type === 'INDEX' ? 1 : 2);
  const scale = range / (Math.max(...raw) - Math.min(...raw));
  const opening = previousClose * (1 + 0.0012 * random.gauss());
  const prices = raw.map((x) => toTick(opening * (1 + x * scale)));
  return { open: istAt(date, from), minutes, previousClose, prices };
}

/** The minute of the session that `t` lies in: −1 before it, the last one after it. */
export function minuteAt(path: SpotPath, t: number): number {
  return Math.max(-1, Math.min(path.minutes - 1, Math.floor((t - path.open) / MINUTE_MS)));
}

/** Spot at a minute of the session; the previous close before it. */
export function spotAt(path: SpotPath, minute: number): number {
  return minute < 0 ? path.previousClose : (path.prices[minute] ?? path.previousClose);
}

/** The quote of an index or share: no OI, and no volume is told. */
export function spotQuote(key: string, path: SpotPath, t: number): MarketQuote {
  const minute = minuteAt(path, t);
  const seen = path.prices.subarray(0, Math.max(1, minute + 1));
  return {
    ...{ instrumentKey: key, time: t, lastPrice: spotAt(path, minute), volume: 0, oi: 0, previousOi: 0 },
    ...{ previousClose: path.previousClose, open: seen[0] ?? null, oiDayHigh: 0, oiDayLow: 0 },
    ...{ high: Math.max(...seen), low: Math.min(...seen) },
  };
}

/** One-minute candles of an index or share up to a minute of the session, newest first. */
export function spotCandles(path: SpotPath, minute: number): CandleRow[] {
  const rows: CandleRow[] = [];
  for (let m = minute; m >= 0; m--) {
    const [open, close] = [spotAt(path, Math.max(0, m - 1)), spotAt(path, m)];
    const [high, low] = [Math.max(open, close), Math.min(open, close)];
    rows.push([istStamp(path.open + m * MINUTE_MS), open, high, low, close, 0, 0]);
  }
  return rows;
}
