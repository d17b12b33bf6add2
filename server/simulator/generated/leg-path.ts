import type { LegShape } from './oi-shape.js';
import { Random, smoothStep } from './random.js';

const { exp, round, max, abs, floor, ceil } = Math;

/** A leg's day: OI and cumulative volume, in lots, one value a minute. */
export interface LegPath {
  previousLots: number;
  oi: Int32Array;
  volume: Int32Array;
}

/** What a leg's day is drawn from. */
export interface LegInput {
  shape: LegShape;
  random: Random;
  /** Filled by the caller with the waves; the day's trend and noise are added here. */
  log: Float64Array;
  /** Day of expiry: positions turn over many times, and are closed in the last hour. */
  expiryDay: boolean;
  /** Tilt of the day's growth by the market's direction, −1 … 1. */
  tilt: number;
}

/** The trend of the day: fast in the first hour, steady after that; on the expiry day the money is left at the end. */
function addTrend({ shape, random, log, expiryDay, tilt }: LegInput): void {
  const { near, distance } = shape;
  const growth =
    0.05 +
    near * (expiryDay ? 0.85 : 0.24) -
    (distance < -1.5 ? 0.06 : 0) +
    0.1 * random.gauss() +
    0.1 * near * tilt;
  const close = log.length - 55;
  for (let m = 0; m < log.length; m++) {
    const done = 0.5 * (1 - exp(-m / 70)) + (0.5 * m) / log.length;
    const leaving = expiryDay ? (0.12 + 0.5 * near) * smoothStep((m - close) / 50) : 0;
    log[m] = (log[m] ?? 0) + growth * done - leaving;
  }
}

/** A random walk with rare larger steps; thin legs move more, on the expiry day all do. */
function addNoise({ shape, random, log, expiryDay }: LegInput): void {
  const thin = 1 + 1.6 * exp(-shape.previousLots / 3000);
  const sigma = (expiryDay ? 0.0062 : 0.0028) * (0.45 + 0.55 * shape.near) * thin;
  let level = 0;
  for (let m = 0; m < log.length; m++) {
    const jump = random.next() < 0.04 ? 3.5 : 1;
    level = level * 0.995 + sigma * jump * random.gauss();
    log[m] = (log[m] ?? 0) + level;
  }
}

/** Trading is busiest at the open and toward the close. */
function pulse(m: number, minutes: number): number {
  return 0.6 + 1.6 * exp(-m / 18) + 0.9 * smoothStep((m - minutes + 45) / 45);
}

/** A leg without positions yet: none for the day, or a first trade in mid-session. */
function firstTrade({ shape, random, log }: LegInput): { minute: number; lots: number } {
  if (shape.previousLots > 0) return { minute: 0, lots: shape.previousLots };
  const trades = random.next() < 0.3;
  return {
    minute: trades ? floor(random.between(5, log.length)) : log.length,
    lots: ceil(30 * random.next() ** 3),
  };
}

/**
 * The day of a leg. OI moves only in the minutes in which the exchange tells it, which is what `liquidity` says;
 * each change needs at least as many lots of volume, and volume never falls.
 */
export function legPath(input: LegInput): LegPath {
  const { shape, random, log, expiryDay } = input;
  const first = firstTrade(input);
  addTrend(input);
  addNoise(input);
  const churn = 1.2 + shape.near * (expiryDay ? 30 : 5);
  const oi = new Int32Array(log.length);
  const volume = new Int32Array(log.length);
  let held = shape.previousLots;
  let traded = 0;
  for (let m = 0; m < log.length; m++) {
    const told = m === first.minute || random.next() < shape.liquidity;
    const share = random.between(0.3, 1.7);
    if (m >= first.minute && told) {
      const next = max(1, round(first.lots * exp(log[m] ?? 0)));
      const turnover = (next * churn * pulse(m, log.length) * share) / (log.length * shape.liquidity);
      traded += abs(next - held) + round(turnover);
      held = next;
    }
    oi[m] = held;
    volume[m] = traded;
  }
  return { previousLots: shape.previousLots, oi, volume };
}
