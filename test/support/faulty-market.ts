import { defaultTradingDay } from '../../server/domain/calendar.js';
import type { ChainId } from '../../server/domain/contract.js';
import { isoIst, istAt, slotOf } from '../../server/domain/slot.js';
import type { LegQuote, StrikeQuote } from '../../server/domain/snapshot.js';
import { MINUTE_MS } from '../../server/domain/units.js';
import type {
  CandleRow,
  HolidayRow,
  InstrumentRow,
  LegAnswer,
  Market,
  MarketQuote,
  StrikeAnswer,
  TimingRow,
} from '../../server/simulator/index.js';
import { chainRows, NIFTY_INDEX } from '../unit/instruments/master-rows.js';
import { marketQuote, STRIKES } from './market.js';
import type { ChainAnswers } from './truth/index.js';

export const NIFTY: ChainId = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-18' };
/** A second chain, so that a fault of one can be told from a fault of all. */
export const NIFTY_NEXT: ChainId = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-25' };

const FIRST_KEYS: Record<string, number> = { '2026-08-18': 50_000, '2026-08-25': 51_000 };

/** Any value in the place of a number: what a broken broker may send. */
export type Cell = unknown;

/**
 * The small market of the tests behind the simulator's HTTP: every answer follows from chain and minute alone, until a
 * test spoils it.
 */
export class FaultyMarket implements Market {
  readonly warnings: readonly string[] = [];
  /** The master, which a test may change from one day to the next. */
  rows: unknown[] = [
    NIFTY_INDEX,
    ...chainRows('2026-08-18', STRIKES, 50_000),
    ...chainRows('2026-08-25', STRIKES, 51_000),
  ];
  /** The last touch before an answer leaves. */
  spoil: (rows: StrikeAnswer[], chain: ChainId, t: number) => StrikeAnswer[] = (rows) => rows;
  /** Session times of a date; the built-in ones unless told. */
  hours: (date: string) => TimingRow[] = builtInHours;
  days: HolidayRow[] = [];

  constructor(readonly date = '2026-08-18') {}

  instruments(): readonly InstrumentRow[] {
    return this.rows as InstrumentRow[];
  }

  underlyingSpot(_key: string, t: number): number | null {
    return marketQuote(NIFTY, slotOf(t)).spot;
  }

  chain(underlying: string, expiry: string, t: number): StrikeAnswer[] | null {
    const first = FIRST_KEYS[expiry];
    if (underlying !== NIFTY.underlying || first === undefined) return null;
    const chain = { underlying, expiry };
    const { spot, strikes } = marketQuote(chain, slotOf(t));
    const rows = strikes.map((strike, row) => answerOf(strike, chain, spot, first + 2 * row));
    return this.spoil(rows, chain, t);
  }

  quote(): MarketQuote | null {
    return null;
  }

  candles(key: string, t: number): CandleRow[] | null {
    const minutes: number[] = [];
    const from = istAt(this.date, '09:15');
    for (let at = from; at <= t; at += MINUTE_MS) minutes.push(at);
    return minutes.reverse().flatMap((at) => this.candle(key, at) ?? []);
  }

  timings(date: string): TimingRow[] {
    return this.hours(date);
  }

  holidays(): HolidayRow[] {
    return this.days;
  }

  private candle(key: string, at: number): CandleRow[] | null {
    if (key === NIFTY.underlying) {
      const spot = marketQuote(NIFTY, slotOf(at)).spot ?? 0;
      return [[isoIst(at), spot, spot, spot, spot, 0, 0]];
    }
    const number = Number(key.split('|')[1]);
    const found = Object.entries(FIRST_KEYS).find(
      ([, first]) => number >= first && number < first + 2 * STRIKES,
    );
    if (!found) return null;
    const [expiry, first] = found;
    const index = number - first;
    const strike = marketQuote({ ...NIFTY, expiry }, slotOf(at)).strikes[index >> 1];
    const leg = index % 2 === 0 ? strike?.call : strike?.put;
    if (leg?.oi == null || leg.ltp === null) return null;
    return [[isoIst(at), leg.ltp, leg.ltp, leg.ltp, leg.ltp, 65, leg.oi]];
  }
}

function builtInHours(date: string): TimingRow[] {
  const { sessions } = defaultTradingDay('NSE', date);
  return sessions.flatMap(({ start, end }) =>
    ['NSE', 'NFO', 'BSE', 'BFO', 'MCX'].map((exchange) => ({ exchange, start_time: start, end_time: end })),
  );
}

function answerOf(strike: StrikeQuote, chain: ChainId, spot: number | null, key: number): StrikeAnswer {
  const leg = (quote: LegQuote | null, number: number): LegAnswer => ({
    instrument_key: `NSE_FO|${number}`,
    market_data: {
      ...(quote?.ltp == null ? {} : { ltp: quote.ltp }),
      ...(quote?.volume == null ? {} : { volume: quote.volume }),
      ...(quote?.oi == null ? {} : { oi: quote.oi }),
      ...(quote?.prevOi == null ? {} : { prev_oi: quote.prevOi }),
    },
  });
  return {
    expiry: chain.expiry,
    strike_price: strike.strike,
    underlying_key: chain.underlying,
    ...(spot === null ? {} : { underlying_spot_price: spot }),
    call_options: leg(strike.call, key),
    put_options: leg(strike.put, key + 1),
  };
}

/** Puts anything into one field of one leg of an answer. */
export function withCell(
  rows: StrikeAnswer[],
  at: { row: number; side: 'call' | 'put'; field: 'oi' | 'ltp' | 'volume' | 'prev_oi' },
  value: Cell,
): StrikeAnswer[] {
  return rows.map((row, i) => {
    const side = at.side === 'call' ? 'call_options' : 'put_options';
    const leg = row[side];
    if (i !== at.row || !leg) return row;
    return { ...row, [side]: { ...leg, market_data: { ...leg.market_data, [at.field]: value } } };
  });
}

/** The independent checker's view: what the market said at each of these moments, unspoiled. */
export function answersAt(chain: ChainId, moments: readonly number[]): ChainAnswers {
  const prevOi = new Map(
    marketQuote(chain, slotOf(istAt('2026-08-18', '09:15'))).strikes.map(({ strike, call, put }) => [
      strike,
      { call: call?.prevOi ?? null, put: put?.prevOi ?? null },
    ]),
  );
  const answers = moments.map((at) => {
    const { spot, strikes } = marketQuote(chain, slotOf(at));
    return { at, spot, strikes: new Map(strikes.map(({ strike, call, put }) => [strike, { call, put }])) };
  });
  return { underlying: 'NIFTY', expiry: chain.expiry, answers, prevOi };
}
