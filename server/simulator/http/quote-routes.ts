import type { Request, Router } from 'express';
import { istStampMs } from '../ist.js';
import type { InstrumentRow, Market, MarketQuote } from '../market.js';
import { Refusal, type RefusalCode } from '../refusal.js';
import { quoteMapKey } from '../symbols.js';
import { type Asked, query, route, type SimulatorContext } from './pipeline.js';

const MAX_KEYS = 500;
const NO_DEPTH = Array.from({ length: 5 }, () => ({ quantity: 0, price: 0, orders: 0 }));

/** The keys asked for; `symbol` is the deprecated name that the official SDK still sends. */
function keysOf(req: Request, tooMany: RefusalCode): string[] {
  const text = query(req, 'instrument_key') || query(req, 'symbol');
  const keys = text.split(',').filter((k) => k !== '');
  if (keys.length === 0) throw new Refusal('UDAPI1009');
  if (keys.length > MAX_KEYS) throw new Refusal(tooMany);
  if (keys.some((k) => !k.includes('|'))) throw new Refusal('UDAPI100011');
  return keys;
}

/** Fields that are null are left out: not recorded. */
function known(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function fullQuote(q: MarketQuote, row: InstrumentRow): Record<string, unknown> {
  const change = q.lastPrice !== null && q.previousClose !== null ? q.lastPrice - q.previousClose : 0;
  return {
    ohlc: { open: q.open, high: q.high, low: q.low, close: q.previousClose },
    depth: { buy: NO_DEPTH, sell: NO_DEPTH },
    timestamp: istStampMs(q.time),
    ...{ instrument_token: q.instrumentKey, symbol: quoteMapKey(row).split(':')[1] },
    ...known({ last_price: q.lastPrice, volume: q.volume, average_price: q.lastPrice, oi: q.oi }),
    ...{ net_change: Number(change.toFixed(2)), total_buy_quantity: 0, total_sell_quantity: 0 },
    ...{ lower_circuit_limit: 0, upper_circuit_limit: 0, last_trade_time: String(q.time) },
    ...known({ oi_day_high: q.oiDayHigh, oi_day_low: q.oiDayLow }),
  };
}

function fullQuoteV3(q: MarketQuote, row: InstrumentRow): Record<string, unknown> {
  return { ...fullQuote(q, row), ...known({ previous_oi: q.previousOi, prev_close_price: q.previousClose }) };
}

function lastPrice(q: MarketQuote): Record<string, unknown> {
  const { lastPrice: last_price, volume, previousClose: cp, instrumentKey: instrument_token } = q;
  return { ...known({ last_price, volume, cp }), instrument_token, ltq: 0 };
}

/** The master by key, built again when the market shows another one (a market may roll on to the next day). */
function rowsByKey(market: Market): () => ReadonlyMap<string, InstrumentRow> {
  let source: readonly InstrumentRow[] | null = null;
  let index = new Map<string, InstrumentRow>();
  return () => {
    const rows = market.instruments();
    if (rows !== source) index = new Map(rows.map((r) => [r.instrument_key, r]));
    source = rows;
    return index;
  };
}

/** Full quotes v2 and v3, and last prices. Keys without a quote are missing from the map, as at the broker. */
export function quoteRoutes(router: Router, ctx: SimulatorContext): void {
  const rows = rowsByKey(ctx.market);
  const answer =
    (tooMany: RefusalCode, shape: (q: MarketQuote, row: InstrumentRow) => object) =>
    ({ req, t, fault }: Asked): object => {
      const entries = keysOf(req, tooMany).flatMap((key) => {
        const row = rows().get(key);
        const quote = row && ctx.market.quote(key, t);
        if (!row || !quote) return [];
        const zero =
          fault?.type === 'all-zero' || (fault?.type === 'phantom-zero' && fault.keys?.includes(key));
        return [[quoteMapKey(row), shape(zero ? { ...quote, oi: 0 } : quote, row)] as const];
      });
      return Object.fromEntries(entries);
    };
  router.get('/v2/market-quote/quotes', route(ctx, 'quotes', 'token', answer('UDAPI100042', fullQuote)));
  router.get('/v3/market-quote/quotes', route(ctx, 'quotes-v3', 'token', answer('UDAPI100042', fullQuoteV3)));
  router.get('/v3/market-quote/ltp', route(ctx, 'ltp', 'token', answer('UDAPI100043', lastPrice)));
}
