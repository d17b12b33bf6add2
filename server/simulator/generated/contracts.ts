import { daysBetween, type IsoDate, istAt } from '../ist.js';
import type { InstrumentRow } from '../market.js';
import { masterSymbol } from '../symbols.js';
import type { Underlying } from './catalogue.js';
import { futureExpiries, type ListedExpiry, mcxMonths, optionExpiries } from './expiries.js';

export interface Contract {
  underlying: Underlying;
  /** The key of what it hangs on: the index or share, on MCX the future. */
  underlyingKey: string;
  expiry: ListedExpiry;
  /** Rupees, 0 for a future. */
  strike: number;
  type: 'CE' | 'PE' | 'FUT';
  row: InstrumentRow;
}

const TYPE_DIGIT = { CE: 0, PE: 1, FUT: 2 } as const;

/** A token that a contract keeps for its life and that another contract gets about three years later, as in reality. */
function token(u: Underlying, expiry: IsoDate, strike: number, type: Contract['type']): string {
  const day = daysBetween('2024-01-01', expiry) % 1200;
  const place = Math.round(strike / u.step) % 2000;
  return String(((u.id * 1200 + day) * 2000 + place) * 3 + TYPE_DIGIT[type]);
}

/** Last second of the expiry date, IST, as the broker's master has it. */
const expiryMs = (date: IsoDate): number => istAt(date, 1440) - 1000;

/** The master's fields in one plain literal: thousands of rows are built, and spreading is ten times slower. */
function row({ underlying: u, underlyingKey, expiry, strike, type }: Omit<Contract, 'row'>): InstrumentRow {
  const id = token(u, expiry.date, strike, type);
  const fields: InstrumentRow = {
    segment: `${u.exchange}_FO`,
    name: u.name,
    exchange: u.exchange,
    expiry: expiryMs(expiry.date),
    instrument_type: type,
    asset_symbol: u.symbol,
    underlying_symbol: u.symbol,
    instrument_key: `${u.exchange}_FO|${id}`,
    lot_size: u.lot,
    freeze_quantity: u.freezeLots * u.lot,
    exchange_token: id,
    asset_key: underlyingKey,
    underlying_key: underlyingKey,
    tick_size: type === 'FUT' ? 10 : 5,
    asset_type: u.type,
    underlying_type: u.type,
    strike_price: strike,
    trading_symbol: masterSymbol(u.symbol, type, strike, expiry.date),
  };
  addExchangeFields(fields, u, expiry);
  return fields;
}

/** What only some exchanges' rows carry: BSE has no multiplier; MCX no weekly flag and no minimum lot. */
function addExchangeFields(fields: InstrumentRow, u: Underlying, expiry: ListedExpiry): void {
  if (u.exchange !== 'BSE') fields.qty_multiplier = u.exchange === 'MCX' ? 100 : 1;
  if (u.exchange === 'MCX') {
    fields.last_trading_date = fields.expiry;
    fields.price_quote_unit = 'BBL';
  } else {
    fields.weekly = expiry.weekly;
    fields.minimum_lot = u.lot;
  }
}

function contract(parts: Omit<Contract, 'row'>): Contract {
  return { ...parts, row: row(parts) };
}

/** The row of the index or share itself; a commodity has none. */
export function spotRow(u: Underlying): InstrumentRow | null {
  if (u.type === 'COM') return null;
  const common = { name: u.spotName, exchange: u.exchange, instrument_key: u.key, trading_symbol: u.symbol };
  if (u.type === 'INDEX') {
    const id = u.exchange === 'BSE' ? '1' : String(26_000 + u.id - 1);
    return { ...common, segment: `${u.exchange}_INDEX`, instrument_type: 'INDEX', exchange_token: id };
  }
  const share = { lot_size: 1, freeze_quantity: 100_000, exchange_token: String(2000 + u.id), tick_size: 10 };
  const isin = u.key.split('|')[1];
  return {
    ...common,
    ...share,
    ...{ segment: 'NSE_EQ', instrument_type: 'EQ', isin, qty_multiplier: 1, security_type: 'NORMAL' },
  };
}

/** How many strikes an expiry lists on either side, and how wide apart, by its rank: never two expiries alike. */
function ladder(u: Underlying, e: ListedExpiry): { reach: number; step: number } {
  if (!e.weekly && e.rank > 3) return { reach: Math.round(u.reach * 0.55), step: u.step * 2 };
  const share = e.weekly ? ([1, 0.94, 0.72, 0.68][e.rank] ?? 0.6) : ([1.1, 1.12, 0.9, 0.8][e.rank] ?? 0.8);
  return { reach: Math.max(6, Math.round(u.reach * share)), step: u.step };
}

/** Strikes of an expiry, ascending, around the money of the previous close. */
export function strikesOf(u: Underlying, e: ListedExpiry, previousClose: number): number[] {
  const { reach, step } = ladder(u, e);
  const middle = Math.round(previousClose / step);
  return Array.from({ length: 2 * reach + 1 }, (_, i) => (middle - reach + i) * step).filter((k) => k > 0);
}

/** All futures of an underlying. */
export function futuresOf(u: Underlying, date: IsoDate): Contract[] {
  return futureExpiries(u, date).map((d, rank) =>
    contract({
      ...{ underlying: u, underlyingKey: u.key, strike: 0, type: 'FUT' },
      expiry: { date: d, weekly: false, rank },
    }),
  );
}

/** All options of an underlying. MCX options hang on the future they settle into. */
export function optionsOf(u: Underlying, date: IsoDate, previousClose: number): Contract[] {
  const futures = u.type === 'COM' ? futuresOf(u, date) : [];
  const hangsOn = (e: ListedExpiry): string => {
    const future = mcxMonths(date).find((m) => m.option === e.date)?.future;
    return futures.find((f) => f.expiry.date === future)?.row.instrument_key ?? u.key;
  };
  return optionExpiries(u, date).flatMap((expiry) => {
    const underlyingKey = u.type === 'COM' ? hangsOn(expiry) : u.key;
    return strikesOf(u, expiry, previousClose).flatMap((strike) =>
      (['CE', 'PE'] as const).map((type) => contract({ underlying: u, underlyingKey, expiry, strike, type })),
    );
  });
}
