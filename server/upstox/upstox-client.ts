import { Logger } from '@nestjs/common';
import type { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import type { IsoDate } from '../domain/units.js';
import {
  Broker,
  type BrokerApi,
  type BrokerCandle,
  type BrokerChain,
  type BrokerHoliday,
  type BrokerProfile,
  type BrokerQuote,
  type BrokerToken,
  type ExchangeTiming,
  type OAuthExchange,
  type OAuthGrant,
} from './broker.js';
import { BrokerHttp } from './broker-http.js';
import { BrokerMetrics } from './broker-metrics.js';
import { address, type BrokerCall, segment } from './call.js';
import { mapCandles } from './candles-mapper.js';
import { mapChain } from './chain-mapper.js';
import { ClockSkew } from './clock-skew.js';
import type { Download, DownloadLimits } from './download.js';
import { dataOf, refuseDisguisedError } from './envelope.js';
import { BrokerError } from './errors.js';
import { openInstrumentMaster } from './instrument-master.js';
import { Pacer, type PacingOptions } from './pacing.js';
import { mapQuotes } from './quotes-mapper.js';
import { RETRY, type RetryPolicy } from './retry.js';
import {
  check,
  grantSchema,
  holidaysSchema,
  marketStatusSchema,
  profileSchema,
  timingsSchema,
} from './schemas.js';

/** Keys that one call of the full-quotes endpoint takes (more: UDAPI100042). */
export const MAX_QUOTE_KEYS = 500;

const DOWNLOAD: DownloadLimits = { headersMs: 8_000, idleMs: 15_000, totalMs: 300_000 };

export interface UpstoxOptions {
  readonly addresses: Pick<Config['upstox'], 'apiUrl' | 'loginUrl' | 'assetsUrl'>;
  readonly clock: Clock;
  readonly metrics?: BrokerMetrics;
  /** Compares the clocks; unless told, nobody does. */
  readonly skew?: ClockSkew;
  readonly pacing?: Partial<PacingOptions>;
  readonly retry?: Partial<RetryPolicy>;
  readonly download?: Partial<DownloadLimits>;
}

/** The Upstox REST API, version 2 and 3 paths (https://upstox.com/developer/api-documentation). */
export class UpstoxClient extends Broker {
  readonly metrics: BrokerMetrics;
  private readonly logger = new Logger(UpstoxClient.name);
  private readonly pacer: Pacer;
  private readonly retry: RetryPolicy;
  private readonly http: BrokerHttp;
  /** V3 quotes are new (September 2026); once they turn out not to be served, V2 is used without the previous OI. */
  private quotesPath: '/v3/market-quote/quotes' | '/v2/market-quote/quotes' = '/v3/market-quote/quotes';

  constructor(private readonly options: UpstoxOptions) {
    super();
    this.metrics = options.metrics ?? new BrokerMetrics();
    this.pacer = new Pacer(options.clock, options.pacing);
    this.retry = { ...RETRY, ...options.retry };
    this.http = new BrokerHttp(
      options.clock,
      this.pacer,
      this.metrics,
      this.retry,
      options.skew ?? ClockSkew.ofNobody(),
    );
  }

  override optionChain(token: BrokerToken, underlyingKey: string, expiry: IsoDate): Promise<BrokerChain> {
    const query = `instrument_key=${encodeURIComponent(underlyingKey)}&expiry_date=${encodeURIComponent(expiry)}`;
    return this.get('option-chain', token, `/v2/option/chain?${query}`, (data) =>
      this.counted(mapChain(data, { underlying: underlyingKey, expiry })),
    );
  }

  override async quotes(
    token: BrokerToken,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, BrokerQuote>> {
    if (keys.length === 0) return new Map();
    if (keys.length > MAX_QUOTE_KEYS)
      throw new BrokerError('refused', `At most ${MAX_QUOTE_KEYS} quotes can be asked for at once`);
    const path = this.quotesPath;
    try {
      return await this.quotesFrom(path, token, keys);
    } catch (error) {
      if (!path.startsWith('/v3') || !isMissingPath(error)) throw error;
    }
    this.logger.warn('The broker does not serve V3 quotes: V2 is used, which has no previous OI');
    this.quotesPath = '/v2/market-quote/quotes';
    return this.quotesFrom(this.quotesPath, token, keys);
  }

  override intradayCandles(token: BrokerToken, instrumentKey: string): Promise<BrokerCandle[]> {
    return this.candles(token, `/v3/historical-candle/intraday/${segment(instrumentKey)}/minutes/1`);
  }

  override historicalCandles(
    token: BrokerToken,
    instrumentKey: string,
    from: IsoDate,
    to: IsoDate,
  ): Promise<BrokerCandle[]> {
    const range = `${segment(to)}/${segment(from)}`;
    return this.candles(token, `/v3/historical-candle/${segment(instrumentKey)}/minutes/1/${range}`);
  }

  override marketStatus(token: BrokerToken, exchange: string): Promise<string> {
    return this.get('market', token, `/v2/market/status/${segment(exchange)}`, (data) =>
      check(marketStatusSchema, data, 'The market status'),
    );
  }

  override timings(token: BrokerToken, date: IsoDate): Promise<ExchangeTiming[]> {
    return this.get('market', token, `/v2/market/timings/${segment(date)}`, (data) =>
      check(timingsSchema, data, 'The list of market timings'),
    );
  }

  override holidays(token: BrokerToken): Promise<BrokerHoliday[]> {
    return this.get('market', token, '/v2/market/holidays', (data) =>
      check(holidaysSchema, data, 'The list of holidays'),
    );
  }

  override profile(token: BrokerToken): Promise<BrokerProfile> {
    return this.get('user', token, '/v2/user/profile', (data) => check(profileSchema, data, 'The profile'));
  }

  override loginUrl(clientId: string, redirectUri: string, state: string): string {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      state,
    });
    return address(this.options.addresses.loginUrl, `/v2/login/authorization/dialog?${query}`);
  }

  override exchangeCode(exchange: OAuthExchange): Promise<OAuthGrant> {
    const secrets = [exchange.code, exchange.clientSecret];
    return this.http.call({
      api: 'user',
      userId: '',
      method: 'POST',
      url: this.url('/v2/login/authorization/token'),
      token: null,
      form: new URLSearchParams({
        code: exchange.code,
        client_id: exchange.clientId,
        client_secret: exchange.clientSecret,
        redirect_uri: exchange.redirectUri,
        grant_type: 'authorization_code',
      }),
      secrets,
      read: (json) => {
        refuseDisguisedError(json, { token: null, secrets });
        return check(grantSchema, json, 'The answer to the sign-in');
      },
    });
  }

  override async logout(token: BrokerToken): Promise<void> {
    await this.http.call(this.described('user', 'DELETE', token, '/v2/logout', () => undefined));
  }

  override instrumentMaster(name: 'complete' | 'NSE' | 'BSE' | 'MCX'): Promise<Download> {
    const { clock, addresses } = this.options;
    const limits = { ...DOWNLOAD, ...this.options.download };
    return openInstrumentMaster(addresses.assetsUrl, name, {
      clock,
      metrics: this.metrics,
      retry: this.retry,
      limits,
    });
  }

  override budget(token: BrokerToken, api: BrokerApi): number {
    return this.pacer.budget(api, token.userId);
  }

  private quotesFrom(
    path: string,
    token: BrokerToken,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, BrokerQuote>> {
    const query = `instrument_key=${keys.map(encodeURIComponent).join(',')}`;
    return this.get(
      'quotes',
      token,
      `${path}?${query}`,
      (data) => this.counted(mapQuotes(data, keys)).quotes,
    );
  }

  private candles(token: BrokerToken, path: string): Promise<BrokerCandle[]> {
    return this.get('candles', token, path, (data) => this.counted(mapCandles(data)).candles);
  }

  private counted<T extends { readonly rejected: readonly string[] }>(mapped: T): T {
    this.metrics.rejected(mapped.rejected.length);
    return mapped;
  }

  private get<T>(api: BrokerApi, token: BrokerToken, path: string, map: (data: unknown) => T): Promise<T> {
    return this.http.call(this.described(api, 'GET', token, path, map));
  }

  private described<T>(
    api: BrokerApi,
    method: BrokerCall<T>['method'],
    token: BrokerToken,
    path: string,
    map: (data: unknown) => T,
  ): BrokerCall<T> {
    const secret = { token: token.accessToken };
    const read = (json: unknown): T => map(dataOf(json, secret));
    return { api, userId: token.userId, method, url: this.url(path), token: token.accessToken, read };
  }

  private url(path: string): string {
    return address(this.options.addresses.apiUrl, path);
  }
}

function isMissingPath(error: unknown): boolean {
  return (
    error instanceof BrokerError &&
    error.kind === 'refused' &&
    (error.status === 404 || error.code === 'UDAPI100060')
  );
}
