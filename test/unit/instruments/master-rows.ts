import { gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { istMidnight } from '../../../server/domain/slot.js';
import { DAY_MS, SECOND_MS } from '../../../server/domain/units.js';

export type Row = Record<string, unknown>;

/** The broker's `expiry`: 23:59:59 IST of the date, epoch ms. */
export function expiryMs(date: string): number {
  return istMidnight(date) + DAY_MS - SECOND_MS;
}

/** A NIFTY call as the NSE master has it. */
export function optionRow(overrides: Row = {}): Row {
  return {
    weekly: true,
    segment: 'NSE_FO',
    name: 'NIFTY',
    exchange: 'NSE',
    expiry: expiryMs('2026-08-18'),
    instrument_type: 'CE',
    asset_symbol: 'NIFTY',
    underlying_symbol: 'NIFTY',
    instrument_key: 'NSE_FO|45261',
    lot_size: 65,
    freeze_quantity: 1755.0,
    exchange_token: '45261',
    minimum_lot: 65,
    asset_key: 'NSE_INDEX|Nifty 50',
    underlying_key: 'NSE_INDEX|Nifty 50',
    tick_size: 5.0,
    asset_type: 'INDEX',
    underlying_type: 'INDEX',
    trading_symbol: 'NIFTY 27000 CE 18 AUG 26',
    strike_price: 27000.0,
    qty_multiplier: 1.0,
    ...overrides,
  };
}

/** A call of a share. */
export function stockRow(symbol: string, isin: string, overrides: Row = {}): Row {
  return optionRow({
    weekly: false,
    name: `${symbol} LIMITED`,
    underlying_symbol: symbol,
    asset_symbol: symbol,
    underlying_key: `NSE_EQ|${isin}`,
    asset_key: `NSE_EQ|${isin}`,
    underlying_type: 'EQUITY',
    asset_type: 'EQUITY',
    lot_size: 500,
    trading_symbol: `${symbol} 100 CE`,
    strike_price: 100,
    ...overrides,
  });
}

const MCX = {
  segment: 'MCX_FO',
  exchange: 'MCX',
  name: 'CRUDE OIL',
  underlying_symbol: 'CRUDEOIL',
  asset_type: 'COM',
  underlying_type: 'COM',
  lot_size: 100,
  price_quote_unit: 'BBL',
};

/** A crude-oil future; MCX rows have no `weekly`. */
export function mcxFutureRow(overrides: Row = {}): Row {
  const { weekly: _weekly, ...row } = optionRow({
    ...MCX,
    instrument_type: 'FUT',
    instrument_key: 'MCX_FO|565899',
    underlying_key: 'MCX_COM|294',
    expiry: expiryMs('2026-09-21'),
    strike_price: 0,
    trading_symbol: 'CRUDEOIL FUT 21 SEP 26',
    ...overrides,
  });
  return row;
}

/** A crude-oil option that hangs on `mcxFutureRow`. */
export function mcxOptionRow(overrides: Row = {}): Row {
  const { weekly: _weekly, ...row } = optionRow({
    ...MCX,
    instrument_key: 'MCX_FO|579314',
    underlying_key: 'MCX_FO|565899',
    expiry: expiryMs('2026-09-17'),
    strike_price: 11300,
    trading_symbol: 'CRUDEOIL 11300 CE 17 SEP 26',
    ...overrides,
  });
  return row;
}

/** The index row that gives NIFTY its readable name. */
export const NIFTY_INDEX: Row = {
  segment: 'NSE_INDEX',
  name: 'Nifty 50',
  exchange: 'NSE',
  instrument_type: 'INDEX',
  instrument_key: 'NSE_INDEX|Nifty 50',
  exchange_token: '26000',
  trading_symbol: 'NIFTY',
};

/** `count` NIFTY strikes of an expiry, call and put, 50 apart; keys are numbered from `firstKey`. */
export function chainRows(expiry: string, count: number, firstKey: number, overrides: Row = {}): Row[] {
  return Array.from({ length: 2 * count }, (_, i) => {
    const strike = 24_000 + 50 * Math.floor(i / 2);
    const type = i % 2 === 0 ? 'CE' : 'PE';
    return optionRow({
      expiry: expiryMs(expiry),
      instrument_type: type,
      instrument_key: `NSE_FO|${firstKey + i}`,
      strike_price: strike,
      trading_symbol: `NIFTY ${strike} ${type} ${expiry}`,
      ...overrides,
    });
  });
}

/** Rows as the broker's file: gzip of a JSON array. */
export function masterFile(rows: readonly unknown[]): Buffer {
  return gzipSync(JSON.stringify(rows));
}

/** A file as a stream. */
export function streamOf(file: Buffer): Readable {
  return Readable.from([file], { objectMode: false });
}
