import { chainKey, type ChainId } from '../../../server/domain/contract.js';
import { slotOf } from '../../../server/domain/slot.js';
import { MINUTE_MS, SECOND_MS, type Slot } from '../../../server/domain/units.js';
import { MarketFeed } from '../../../server/market/market-feed.js';
import { MinuteStore } from '../../../server/market/minutes/minute-store.js';
import { Sweeper } from '../../../server/market/sweep/sweeper.js';
import type { MarketRow, MarketRows } from '../../../server/protocol/index.js';
import type { BrokerQuote } from '../../../server/upstox/broker.js';
import { FIRST_KEY, NIFTY, openHouse, share, type House, type HouseOptions } from '../../support/house.js';
import { marketQuote } from '../../support/market.js';

export interface MarketHouse extends House {
  sweeper: Sweeper;
  minutes: MinuteStore;
  /** Every publication of rows since the start. */
  rows: MarketRows[];
  /** Every list of keys that was asked for. */
  asked: string[][];
  /** Sweeps so many minutes from the one under way on; the clock stands at the end of the last. */
  sweep(count?: number): Promise<void>;
  /** The row of an underlying in the newest rows. */
  row(symbol: string): MarketRow;
}

/** Options of the keys of the house: the chain, the strike's row, and 0 for calls. */
export function legOfKey(key: string): { chain: ChainId; row: number; side: number } | null {
  const number = Number(/^NSE_FO\|(\d+)$/.exec(key)?.[1] ?? NaN);
  if (number >= 100_000) {
    const leg = number % 100;
    return { chain: share((number - 100_000 - leg) / 100), row: leg >> 1, side: leg & 1 };
  }
  const leg = number - FIRST_KEY;
  return leg >= 0 && leg < 100 ? { chain: NIFTY, row: leg >> 1, side: leg & 1 } : null;
}

/** What the market of the tests says of a key in a slot. */
export function quoteOf(key: string, slot: Slot): BrokerQuote | null {
  const found = legOfKey(key);
  const base = { instrumentKey: key, timestamp: slot };
  if (!found) {
    const spot = marketQuote({ underlying: key, expiry: '' }, slot).spot;
    return { ...base, oi: 0, prevOi: 0, ltp: spot, volume: 0 };
  }
  const strike = marketQuote(found.chain, slot).strikes[found.row];
  const leg = found.side === 0 ? strike?.call : strike?.put;
  return leg ? { ...base, ...leg } : null;
}

export function quotesOf(keys: readonly string[], slot: Slot): Map<string, BrokerQuote> {
  return new Map(keys.flatMap((key) => (quoteOf(key, slot) ? [[key, quoteOf(key, slot)!] as const] : [])));
}

/** Seconds of a minute at which the sweeper ticks in a test: calls go out over 42 s, watched chains until 50 s. */
const SECONDS = [2, 16, 30, 43, 51];

/** A house whose market is swept. Nothing is pinned. */
export async function openMarketHouse(options: HouseOptions = {}): Promise<MarketHouse> {
  const house = await openHouse({ ...options, env: { MARKET_SWEEP: 'on', PINNED: ',', ...options.env } });
  const sweeper = house.get(Sweeper);
  const rows: MarketRows[] = [];
  const asked: string[][] = [];
  house.get(MarketFeed).onRows((published) => rows.push(published));
  house.broker.onQuotes = (keys) => {
    asked.push([...keys]);
    return quotesOf(keys, slotOf(house.clock.now()));
  };
  let swept = 0;
  const sweep = async (count = 1): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const slot = slotOf(house.clock.now());
      const start = slot === swept ? slot + MINUTE_MS : slot;
      swept = start;
      for (const second of SECONDS) {
        house.clock.set(Math.max(house.clock.now(), start + second * SECOND_MS));
        await sweeper.tick();
        await sweeper.idle();
      }
    }
  };
  const row = (symbol: string): MarketRow => {
    const found = rows.at(-1)?.rows.find((one) => one.symbol === symbol);
    if (!found) throw new Error(`no row of ${symbol}`);
    return found;
  };
  return { ...house, sweeper, minutes: house.get(MinuteStore), rows, asked, sweep, row };
}

export const nameOf = (chain: ChainId): string => chainKey(chain);
