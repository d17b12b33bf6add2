import { daysBetween, type IsoDate } from '../ist.js';
import type { Underlying } from './catalogue.js';
import type { ListedExpiry } from './expiries.js';
import { Random } from './random.js';

/** What decides how much OI a leg carries and how alive it is. */
export interface LegShape {
  /** Closing OI of the previous session, lots. 0 = not traded yet. */
  previousLots: number;
  /** Probability that the exchange tells a new OI in a minute. */
  liquidity: number;
  /** 1 at the money, falling to 0 about one standard deviation away. */
  near: number;
  /** Distance in standard deviations of the expiry, positive out of the money. */
  distance: number;
}

/** Call lots of a whole expiry at the previous close: weeklies swell toward their last day, far months are thin. */
export function expiryLots(u: Underlying, e: ListedExpiry, date: IsoDate): number {
  const days = daysBetween(date, e.date);
  const weekly = u.weeklyLots === null ? 0 : u.weeklyLots * Math.exp(-days / 4);
  const monthly = u.callLots * Math.exp(-Math.max(0, days - 6) / 18);
  return Math.max(200, e.weekly ? weekly : Math.max(weekly, monthly));
}

/** Round strikes draw positions: thousands before five hundreds before hundreds (of a 50-rupee ladder). */
function roundness(strike: number, step: number): number {
  const place = Math.round(strike / step);
  if (place % 20 === 0) return 3;
  if (place % 10 === 0) return 2.2;
  return place % 2 === 0 ? 1 : 0.42;
}

/** Writers sit out of the money: a wide hill there, a steep fall in the money. `d` as in LegShape.distance. */
function hill(d: number): number {
  return d >= 0 ? Math.exp(-0.5 * ((d - 0.8) / 2.2) ** 2) : 0.94 * Math.exp(1.6 * d);
}

/** Shapes of all legs of one side of an expiry, in the order of `strikes`. */
export function legShapes(args: {
  underlying: Underlying;
  expiry: ListedExpiry;
  date: IsoDate;
  seed: number;
  side: 'CE' | 'PE';
  strikes: readonly number[];
  spot: number;
}): LegShape[] {
  const { underlying: u, expiry, date, side, strikes, spot } = args;
  /* Seeded by contract, not by day: a strike that draws positions draws them for its whole life. */
  const randoms = strikes.map((k) => new Random(args.seed, u.symbol, expiry.date, side, k, 'shape'));
  const days = Math.max(2, daysBetween(date, expiry.date));
  const width = spot * u.iv * Math.sqrt(days / 365);
  const sign = side === 'CE' ? 1 : -1;
  const weights = strikes.map((k, i) => {
    const round = roundness(k, u.step);
    return (
      (hill((sign * (k - spot)) / width) + 0.0003 * round) *
      round *
      Math.exp(0.35 * (randoms[i]?.gauss() ?? 0))
    );
  });
  const total = expiryLots(u, expiry, date) * (side === 'CE' ? 1 : u.putRatio);
  const scale = total / weights.reduce((a, b) => a + b, 0);
  const pace = [1, 0.95, 0.7, 0.55][expiry.rank] ?? 0.4;
  return strikes.map((k, i) => {
    const distance = (sign * (k - spot)) / width;
    const lots = (weights[i] ?? 0) * scale;
    const reach = Math.abs(k - spot) / spot / (0.3 * u.iv);
    const busy = Math.min(1, (lots / 40) ** 0.25);
    return {
      ...{ distance, near: Math.exp(-(distance * distance) / 1.4) },
      previousLots: lots < 1.5 || (randoms[i]?.next() ?? 1) < 0.35 * (1 - busy) ? 0 : Math.round(lots),
      liquidity: Math.max(0.03, 0.88 * pace * Math.exp(-(reach ** 1.5)) * busy),
    };
  });
}
