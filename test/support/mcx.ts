import type { ChainId } from '../../server/domain/contract.js';
import { slotOf } from '../../server/domain/slot.js';
import type { Slot } from '../../server/domain/units.js';
import { InstrumentsService } from '../../server/instruments/instruments.service.js';
import type { BrokerCandle, BrokerQuote } from '../../server/upstox/broker.js';
import {
  expiryMs,
  masterFile,
  mcxFutureRow,
  mcxOptionRow,
  streamOf,
  type Row,
} from '../unit/instruments/master-rows.js';
import { at, openHouse, type House, type HouseOptions } from './house.js';
import { FIRST_STRIKE, marketCandles, marketQuote, STRIKE_STEP, STRIKES } from './market.js';
import { brokerError } from './scripted-broker.js';

/** Crude oil on MCX: its options hang on a future, and the broker has no row for the commodity itself. */
export const CRUDE: ChainId = { underlying: 'MCX_COM|294', expiry: '2026-09-17' };
export const FUTURE = 'MCX_FO|700000';
const FIRST_OPTION = 700_001;

/** Key of a leg: strikes ascending, call and put in turns. */
export const crudeKey = (row: number, side: 0 | 1): string => `MCX_FO|${FIRST_OPTION + 2 * row + side}`;

/** The future, and its chain of `strikes` strikes. */
export function crudeRows(strikes = STRIKES): Row[] {
  const options = Array.from({ length: 2 * strikes }, (_, i) => {
    const strike = FIRST_STRIKE + STRIKE_STEP * Math.floor(i / 2);
    return mcxOptionRow({
      instrument_type: i % 2 === 0 ? 'CE' : 'PE',
      instrument_key: `MCX_FO|${FIRST_OPTION + i}`,
      underlying_key: FUTURE,
      expiry: expiryMs(CRUDE.expiry),
      strike_price: strike,
    });
  });
  return [mcxFutureRow({ instrument_key: FUTURE }), ...options];
}

const legOfKey = (key: string): { row: number; side: number } | null => {
  const leg = Number(key.split('|')[1]) - FIRST_OPTION;
  return key.startsWith('MCX_FO|') && leg >= 0 ? { row: leg >> 1, side: leg & 1 } : null;
};

/** Full quotes of the market of the tests. @throws BrokerError refused, as the broker, when asked for the commodity */
export function crudeQuotes(
  keys: readonly string[],
  slot: Slot,
  strikes = STRIKES,
): Map<string, BrokerQuote> {
  if (keys.includes(CRUDE.underlying)) throw brokerError('refused');
  const market = marketQuote(CRUDE, slot, strikes);
  const quotes = new Map<string, BrokerQuote>();
  for (const instrumentKey of keys) {
    const found = legOfKey(instrumentKey);
    const strike = found && market.strikes[found.row];
    const leg = strike && (found.side === 0 ? strike.call : strike.put);
    const future = { oi: 1, prevOi: 1, ltp: market.spot, volume: 1 };
    if (instrumentKey === FUTURE) quotes.set(instrumentKey, { instrumentKey, timestamp: slot, ...future });
    else if (leg) quotes.set(instrumentKey, { instrumentKey, timestamp: slot, ...leg });
  }
  return quotes;
}

/** One-minute candles of it. @throws BrokerError refused, as the broker, for a key that has no row */
export function crudeCandles(key: string, minutes: readonly number[]): BrokerCandle[] {
  const found = legOfKey(key);
  if (key !== FUTURE && !found) throw brokerError('refused');
  return marketCandles(CRUDE, found ?? 'spot', minutes);
}

export interface McxHouse extends House {
  /** Every list of keys that was quoted. */
  asked: string[][];
}

/** A house that collects CRUDEOIL, and whose list has nothing else. */
export async function openMcxHouse(options: HouseOptions & { strikes?: number } = {}): Promise<McxHouse> {
  const { strikes = STRIKES } = options;
  const house = await openHouse({ ...options, listed: false, env: { PINNED: 'CRUDEOIL', ...options.env } });
  const asked: string[][] = [];
  house.broker.onQuotes = (keys) => {
    asked.push([...keys]);
    return crudeQuotes(keys, slotOf(house.clock.now()), strikes);
  };
  house.broker.onChain = () => {
    throw brokerError('refused');
  };
  const instruments = house.get(InstrumentsService);
  if (instruments.status().asOf === null) {
    const file = streamOf(masterFile(crudeRows(strikes)));
    await instruments.importFrom(file, { source: 'test', asOf: at('06:00') });
  }
  return { ...house, asked };
}
