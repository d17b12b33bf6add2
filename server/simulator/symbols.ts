import { istDate } from './ist.js';
import type { InstrumentRow } from './market.js';

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** Month letters of weekly contracts: 1–9, then O, N, D. */
const WEEKLY_MONTHS = '123456789OND';

/** `NIFTY 27000 CE 18 AUG 26`, `NIFTY FUT 29 SEP 26`: the master's trading symbol. */
export function masterSymbol(symbol: string, type: string, strike: number, expiry: string): string {
  const [year = '', month = '', day = ''] = expiry.split('-');
  const date = `${day} ${MONTHS[Number(month) - 1]} ${year.slice(2)}`;
  return type === 'FUT' ? `${symbol} FUT ${date}` : `${symbol} ${strike} ${type} ${date}`;
}

/**
 * The key of a quote in the broker's map, such as `NSE_FO:NIFTY2543021600PE` (weekly), `MCX_FO:CRUDEOILM26OCT7850PE`
 * (monthly) or `NSE_EQ:MARUTI`: not the instrument key that was asked for.
 */
export function quoteMapKey(row: InstrumentRow): string {
  if (row.expiry === undefined) return `${row.segment}:${row.trading_symbol}`;
  const [year = '', month = '', day = ''] = istDate(row.expiry).split('-');
  const m = Number(month) - 1;
  const when = row.weekly ? `${WEEKLY_MONTHS[m]}${day}` : `${MONTHS[m]}`;
  const tail = row.instrument_type === 'FUT' ? 'FUT' : `${row.strike_price}${row.instrument_type}`;
  return `${row.segment}:${row.underlying_symbol}${year.slice(2)}${when}${tail}`;
}
