import { type EpochMs, MINUTE_MS } from '../domain/units.js';
import type { BrokerCandle } from './broker.js';
import { CellReader, shown } from './cells.js';
import { isRecord } from './error-mapping.js';
import { BrokerError } from './errors.js';
import { parseTime } from './time.js';

/** Candles, ascending by time, and the rows that were refused, in words. */
export interface MappedCandles {
  readonly candles: BrokerCandle[];
  readonly rejected: readonly string[];
}

/**
 * Maps `data` of the V3 candle endpoints: rows `[time, open, high, low, close, volume, OI]`, newest first as the broker
 * sends them. A row without a fit time, close, volume or OI is left out: a minute without a candle is a gap, and a gap
 * is known to be one.
 * @throws BrokerError bad-answer when it is not a list of rows, or most of them are unusable.
 */
export function mapCandles(data: unknown): MappedCandles {
  const rows: unknown = isRecord(data) ? data.candles : undefined;
  if (!Array.isArray(rows)) throw new BrokerError('bad-answer', 'The candles are not a list');
  const cells = new CellReader();
  const byTime = new Map<EpochMs, BrokerCandle>();
  rows.forEach((row: unknown, index) => {
    const candle = mapRow(row, index, cells);
    if (!candle) return;
    if (byTime.has(candle.time)) cells.reject(`candle ${index}`, 'the minute is given more than once');
    else byTime.set(candle.time, candle);
  });
  if (byTime.size * 2 < rows.length) throw new BrokerError('bad-answer', 'Most candles are unusable');
  return { candles: [...byTime.values()].sort((a, b) => a.time - b.time), rejected: cells.rejected };
}

function mapRow(row: unknown, index: number, cells: CellReader): BrokerCandle | null {
  const where = `candle ${index}`;
  if (!Array.isArray(row)) return cells.reject(where, `${shown(row)} is not a candle`);
  const time = parseTime(row[0]);
  if (time === null || time % MINUTE_MS !== 0) return cells.reject(where, `${shown(row[0])} is not a minute`);
  const close = cells.price(row[4], () => `${where} close`);
  const volume = cells.count(row[5], () => `${where} volume`);
  const oi = cells.count(row[6], () => `${where} OI`);
  if (close === null || volume === null || oi === null)
    return cells.reject(where, 'close, volume or OI is unknown');
  return { time, close, volume, oi };
}
