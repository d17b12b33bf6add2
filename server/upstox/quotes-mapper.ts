import type { BrokerQuote } from './broker.js';
import { CellReader, shown } from './cells.js';
import { isRecord } from './error-mapping.js';
import { BrokerError } from './errors.js';
import { parseTime } from './time.js';

/** Quotes by instrument key, and the cells that were refused, in words. */
export interface MappedQuotes {
  readonly quotes: ReadonlyMap<string, BrokerQuote>;
  readonly rejected: readonly string[];
}

/**
 * Maps `data` of the full-quotes endpoint, V2 or V3 (which adds `previous_oi`). Its map is keyed by trading symbol, so
 * each entry is matched by the `instrument_token` inside; entries that were not asked for are left out.
 * @throws BrokerError bad-answer when it is not a map.
 */
export function mapQuotes(data: unknown, keys: readonly string[]): MappedQuotes {
  if (!isRecord(data)) throw new BrokerError('bad-answer', 'The quotes are not a map');
  const asked = new Set(keys);
  const cells = new CellReader();
  const quotes = new Map<string, BrokerQuote>();
  for (const [symbol, entry] of Object.entries(data)) {
    const quote = mapQuote(entry, symbol, cells);
    if (quote && asked.has(quote.instrumentKey)) quotes.set(quote.instrumentKey, quote);
  }
  return { quotes, rejected: cells.rejected };
}

function mapQuote(entry: unknown, symbol: string, cells: CellReader): BrokerQuote | null {
  if (entry === null) return null;
  if (!isRecord(entry) || typeof entry.instrument_token !== 'string')
    return cells.reject(shown(symbol), 'the entry names no instrument');
  const instrumentKey = entry.instrument_token;
  const where = (cell: string) => () => `${shown(instrumentKey)} ${cell}`;
  return {
    instrumentKey,
    oi: cells.count(entry.oi, where('oi')),
    prevOi: cells.count(entry.previous_oi, where('previous_oi')),
    ltp: cells.price(entry.last_price, where('last_price')),
    volume: cells.count(entry.volume, where('volume')),
    timestamp: parseTime(entry.timestamp),
  };
}
