import type { Request, Router } from 'express';
import { addDays, daysBetween, isIsoDate, istAt, istDate, istStamp, MINUTE_MS } from '../ist.js';
import type { CandleRow } from '../market.js';
import { Refusal } from '../refusal.js';
import { param, route, type SimulatorContext } from './pipeline.js';

/** Largest interval of each unit, in its own steps, and its length in minutes. */
const UNITS: Record<string, { most: number; minutes: number } | undefined> = {
  minutes: { most: 300, minutes: 1 },
  hours: { most: 5, minutes: 60 },
  days: { most: 1, minutes: 1440 },
};
/** Days that a call may span: a month for up to 15 minutes, a quarter above. */
const SPAN = { short: 31, long: 92 };

/** @returns the candle length in minutes. @throws Refusal UDAPI1146, UDAPI1147. */
function candleMinutes(req: Request): number {
  const unit = UNITS[param(req, 'unit')];
  if (!unit) throw new Refusal('UDAPI1146');
  const interval = Number(param(req, 'interval'));
  if (!Number.isInteger(interval) || interval < 1 || interval > unit.most) throw new Refusal('UDAPI1147');
  return interval * unit.minutes;
}

/** Joins one-minute candles (newest first) into longer ones; buckets are counted from 09:15 as the broker does. */
function joined(rows: CandleRow[], minutes: number, date: string): CandleRow[] {
  if (minutes === 1) return rows;
  const opening = minutes === 1440 ? istAt(date, 0) : istAt(date, 555);
  const size = minutes * MINUTE_MS;
  const buckets = new Map<number, CandleRow>();
  for (const [time, open, high, low, close, volume, oi] of rows) {
    const start = opening + Math.floor((Date.parse(time) - opening) / size) * size;
    const b = buckets.get(start);
    if (!b) buckets.set(start, [istStamp(start), open, high, low, close, volume, oi]);
    else
      buckets.set(start, [b[0], open, Math.max(b[2], high), Math.min(b[3], low), b[4], b[5] + volume, b[6]]);
  }
  return [...buckets.values()];
}

function dayCandles(ctx: SimulatorContext, key: string, minutes: number, t: number): CandleRow[] {
  if (!key.includes('|')) throw new Refusal('UDAPI100011');
  const rows = ctx.market.candles(key, t);
  if (rows === null) throw new Refusal('UDAPI100011');
  return joined(rows, minutes, ctx.market.date);
}

/** Checks the dates of the path, `to` first. @throws Refusal UDAPI1088, 1015, 1148. */
function dates(req: Request, minutes: number): { from: string; to: string } {
  const to = param(req, 'to');
  const span = minutes <= 15 ? SPAN.short : SPAN.long;
  const from = param(req, 'from') || addDays(to && isIsoDate(to) ? to : '2022-01-01', -span + 1);
  if (!isIsoDate(to) || !isIsoDate(from)) throw new Refusal('UDAPI1088');
  if (from > to) throw new Refusal('UDAPI1015');
  if (minutes < 1440 && daysBetween(from, to) >= span) throw new Refusal('UDAPI1148');
  return { from, to };
}

/** Candles of today and of past days. Only the market's own date has any; it is past once the clock has left it. */
export function candleRoutes(router: Router, ctx: SimulatorContext): void {
  const { market } = ctx;
  router.get(
    '/v3/historical-candle/intraday/:key/:unit/:interval',
    route(ctx, 'intraday-candles', 'open', ({ req, t }) => {
      const candles = dayCandles(ctx, param(req, 'key'), candleMinutes(req), t);
      return { candles: istDate(t) === market.date ? candles : [] };
    }),
  );
  const past = route(ctx, 'historical-candles', 'open', ({ req, t }) => {
    const minutes = candleMinutes(req);
    const { from, to } = dates(req, minutes);
    const candles = dayCandles(ctx, param(req, 'key'), minutes, istAt(market.date, 1440));
    const covered = from <= market.date && market.date <= to && market.date < istDate(t);
    return { candles: covered ? candles : [] };
  });
  router.get('/v3/historical-candle/:key/:unit/:interval/:to', past);
  router.get('/v3/historical-candle/:key/:unit/:interval/:to/:from', past);
}
