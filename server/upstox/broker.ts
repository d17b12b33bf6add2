import type { ChainQuote } from '../domain/snapshot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';

/** A token of one broker user. Passed as an argument to every call: the broker client keeps no sign-in. */
export interface BrokerToken {
  /** Never logged, never in an error, never in a URL. */
  readonly accessToken: string;
  /** Broker user the rate limits are counted by. */
  readonly userId: string;
}

/** An answer of the option-chain endpoint with the key of each leg. */
export interface BrokerChain extends ChainQuote {
  /** `[strike, call key, put key]` where the answer names them. */
  readonly keys: ReadonlyMap<number, { call: string | null; put: string | null }>;
  /** Cells of the answer that were refused one by one (negative, not finite, not a number), in words. */
  readonly rejected: readonly string[];
}

/** A row of the full-quotes endpoint. */
export interface BrokerQuote {
  instrumentKey: string;
  oi: number | null;
  prevOi: number | null;
  ltp: number | null;
  volume: number | null;
  /** The broker's own time of this quote, epoch ms. */
  timestamp: EpochMs | null;
}

/** A one-minute candle. OI is the last one seen in the minute. */
export interface BrokerCandle {
  /** Start of the minute, epoch ms. */
  time: EpochMs;
  close: number;
  /** Units traded in the minute (not cumulative). */
  volume: number;
  oi: number;
}

export interface BrokerProfile {
  userId: string;
  userName: string;
}

export interface ExchangeTiming {
  exchange: string;
  start: EpochMs;
  end: EpochMs;
}

export interface BrokerHoliday {
  date: IsoDate;
  description: string;
  type: string;
  closedExchanges: string[];
  openExchanges: ExchangeTiming[];
}

export interface OAuthGrant {
  accessToken: string;
  userId: string;
  userName: string;
}

export interface OAuthExchange {
  code: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
}

/**
 * The broker, as the rest of the server sees it (and the DI token for it). All methods throw `BrokerError` kinds only,
 * see errors.ts: token dead, throttled, unreachable, bad answer, refused.
 */
export abstract class Broker {
  /** The whole chain of one expiry: one call. Not available for MCX: use `quotes`. */
  abstract optionChain(token: BrokerToken, underlyingKey: string, expiry: IsoDate): Promise<BrokerChain>;
  /** Full quotes by key, at most 500 a call; keys the broker does not know are missing from the map. */
  abstract quotes(token: BrokerToken, keys: readonly string[]): Promise<ReadonlyMap<string, BrokerQuote>>;
  /** One-minute candles of the current trading day, ascending by time. */
  abstract intradayCandles(token: BrokerToken, instrumentKey: string): Promise<BrokerCandle[]>;
  /** One-minute candles of past days, both dates inclusive, ascending by time. */
  abstract historicalCandles(
    token: BrokerToken,
    instrumentKey: string,
    from: IsoDate,
    to: IsoDate,
  ): Promise<BrokerCandle[]>;
  /** The broker's word for the state of an exchange, such as `NORMAL_OPEN`. */
  abstract marketStatus(token: BrokerToken, exchange: string): Promise<string>;
  /** Session times of all exchanges on a date; empty on a full holiday. */
  abstract timings(token: BrokerToken, date: IsoDate): Promise<ExchangeTiming[]>;
  abstract holidays(token: BrokerToken): Promise<BrokerHoliday[]>;
  abstract profile(token: BrokerToken): Promise<BrokerProfile>;
  /** Where the browser goes to sign in. */
  abstract loginUrl(clientId: string, redirectUri: string, state: string): string;
  abstract exchangeCode(exchange: OAuthExchange): Promise<OAuthGrant>;
  abstract logout(token: BrokerToken): Promise<void>;
  /**
   * Opens the gzip instrument master (`complete`, `NSE`, `BSE`, `MCX`).
   * @returns the compressed body as a stream, and its length when the server names one.
   */
  abstract instrumentMaster(
    name: 'complete' | 'NSE' | 'BSE' | 'MCX',
  ): Promise<{ body: NodeJS.ReadableStream; bytes: number | null }>;
  /** Calls left for `api` in the tightest window, after the spare is set aside: the collector plans with it. */
  abstract budget(token: BrokerToken, api: BrokerApi): number;
}

/** APIs with a rate limit of their own. */
export type BrokerApi = 'option-chain' | 'quotes' | 'candles' | 'market' | 'user';
