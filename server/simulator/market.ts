import type { IsoDate } from './ist.js';

/** A row of the broker's instrument master, in its own field names. Prices in rupees, `expiry` in epoch ms. */
export interface InstrumentRow {
  instrument_key: string;
  segment: string;
  exchange: string;
  instrument_type: string;
  trading_symbol: string;
  name: string;
  /** 23:59:59 IST of the expiry date. */
  expiry?: number;
  strike_price?: number;
  lot_size?: number;
  underlying_key?: string;
  underlying_symbol?: string;
  weekly?: boolean;
  [field: string]: unknown;
}

/** What one side of a strike answers; fields without a value are left out. OI and volume in units. */
export interface LegAnswer {
  instrument_key?: string;
  market_data: {
    ltp?: number;
    volume?: number;
    oi?: number;
    close_price?: number;
    bid_price?: number;
    bid_qty?: number;
    ask_price?: number;
    ask_qty?: number;
    prev_oi?: number;
  };
  /** `iv` and `pop` in percent. */
  option_greeks?: { vega: number; theta: number; gamma: number; delta: number; iv: number; pop: number };
}

/** One element of the option-chain answer. */
export interface StrikeAnswer {
  expiry: IsoDate;
  /** Put OI / call OI of this strike. */
  pcr?: number;
  strike_price: number;
  underlying_key: string;
  underlying_spot_price?: number;
  call_options?: LegAnswer;
  put_options?: LegAnswer;
}

/** A quote before it is put into the shape of the v2 or v3 endpoint. Unknown values are null. */
export interface MarketQuote {
  instrumentKey: string;
  /** When the values were true, epoch ms. */
  time: number;
  lastPrice: number | null;
  /** Units, cumulative for the day. */
  volume: number | null;
  oi: number | null;
  previousOi: number | null;
  previousClose: number | null;
  open: number | null;
  high: number | null;
  low: number | null;
  oiDayHigh: number | null;
  oiDayLow: number | null;
}

/** `[time, open, high, low, close, volume in the minute, open interest]`. */
export type CandleRow = [string, number, number, number, number, number, number];

export interface TimingRow {
  exchange: string;
  /** Epoch ms. */
  start_time: number;
  end_time: number;
}

export interface HolidayRow {
  date: IsoDate;
  description: string;
  holiday_type: 'TRADING_HOLIDAY' | 'SETTLEMENT_HOLIDAY' | 'SPECIAL_TIMING';
  closed_exchanges: string[];
  open_exchanges: TimingRow[];
}

/** Names of the gzip files under `/market-quote/instruments/exchange/`. */
export type MasterName = 'complete' | 'NSE' | 'BSE' | 'MCX';

/** A trading day the simulator can answer from. All `t` are epoch ms of the virtual clock. */
export interface Market {
  readonly date: IsoDate;
  /** Derivative contracts, indices, and the equities that derivatives hang on. */
  instruments(): readonly InstrumentRow[];
  /** The gzip master, where it holds more than `instruments()`; built from those otherwise. */
  master?(name: MasterName): Promise<Buffer>;
  /** Spot in rupees; null where it is unknown. */
  underlyingSpot(underlyingKey: string, t: number): number | null;
  /** The chain as it was at `t`: empty when nothing is known yet, null when the key names no chain. */
  chain(underlyingKey: string, expiry: IsoDate, t: number): StrikeAnswer[] | null;
  /** Null for a key without data. */
  quote(instrumentKey: string, t: number): MarketQuote | null;
  /** One-minute candles of the day up to `t`, newest first. Null for an unknown key. */
  candles(instrumentKey: string, t: number): CandleRow[] | null;
  /** Session times on a date; empty on a full holiday. */
  timings(date: IsoDate): TimingRow[];
  holidays(): HolidayRow[];
  /** What of the source could not be used, in words. */
  readonly warnings: readonly string[];
}
