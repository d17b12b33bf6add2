import { createRequire } from 'node:module';
import { generatedMarket, type Market, recordedMarket } from '../../server/simulator/index.js';
import { describeWithData } from '../support/shared-data.js';
import { DATE, nearest, NIFTY, Started } from '../medium/simulator/started.js';

/** What the SDK's API classes look like from here: methods that end in a callback. */
type Callback = (error: SdkError | null, data: unknown) => void;
type Api = Record<string, (...args: unknown[]) => unknown>;
interface SdkError extends Error {
  status?: number;
  response?: { text: string };
}
interface SdkClient {
  basePath: string;
  authentications: { OAUTH2: { accessToken: string } };
}
type Sdk = Record<string, new (client?: SdkClient) => Api> & {
  ApiClient: { instance: SdkClient };
};

const sdk = createRequire(import.meta.url)('upstox-js-sdk') as Sdk;
const VERSION = '2.0';

/** Calls a method of one of the SDK's API classes. @throws its error. */
function call<T>(api: string, method: string, ...args: unknown[]): Promise<T> {
  const Api = sdk[api];
  if (!Api) throw new Error(`the SDK has no ${api}`);
  return new Promise((resolve, reject) => {
    const done: Callback = (error, data) => (error ? reject(error) : resolve(data as T));
    new Api()[method]?.(...args, done);
  });
}

interface Wrapped<T> {
  status: string;
  data: T;
}
interface SdkLeg {
  instrumentKey: string;
  marketData: { ltp?: number; oi?: number; prevOi?: number; volume?: number };
}
interface SdkStrike {
  expiry: Date;
  strikePrice: number;
  underlyingKey: string;
  underlyingSpotPrice: number;
  callOptions?: SdkLeg;
  putOptions?: SdkLeg;
}
interface SdkQuote {
  instrumentToken: string;
  lastPrice: number;
  oi: number;
  previousOi?: number;
  timestamp: string;
  depth: { buy: object[]; sell: object[] };
}
type SdkCandle = [string, number, number, number, number, number, number];

/** From the recorded day: 2026-08-18T12:00, expiry 2026-08-25, strike 24300; closing OI from the baseline. */
const SPOT = 24_207.6;
const CALL = { oi: 6_699_225, ltp: 105.7, volume: 14_882_725, prevOi: 3_152_565 };
const PUT = { oi: 5_166_785, ltp: 168.4, volume: 12_477_530, prevOi: 3_856_450 };

let sim: Started;

function pointSdkAt(url: string, token: string): void {
  const client = sdk.ApiClient.instance;
  client.basePath = url;
  client.authentications.OAUTH2.accessToken = token;
}

async function startWith(market: Market, t: number): Promise<void> {
  sim = await Started.with({ market });
  sim.clock.set(t);
  pointSdkAt(sim.simulator.url, 'demo');
}

const chainOf = async (expiry: string): Promise<SdkStrike[]> =>
  (await call<Wrapped<SdkStrike[]>>('OptionsApi', 'getPutCallOptionChain', NIFTY, expiry)).data;

describe('the official SDK on the generated market', () => {
  const market = generatedMarket({ date: DATE });
  const noon = Date.parse(`${DATE}T12:00:00+05:30`);
  const { expiry, keys } = nearest(market, NIFTY);
  beforeAll(() => startWith(market, noon));
  afterAll(() => sim.simulator.close());

  it('should read the profile', async () => {
    const { status, data } = await call<Wrapped<object>>('UserApi', 'getProfile', VERSION);
    expect(status).toBe('success');
    expect(data).toMatchObject({
      userId: 'DEMO01',
      userName: 'Demo Trader',
      isActive: true,
      broker: 'UPSTOX',
    });
  });

  it('should read the option chain, strike by strike', async () => {
    const chain = await chainOf(expiry);
    const expected = market.chain(NIFTY, expiry, noon) ?? [];
    expect(chain).toHaveLength(expected.length);
    chain.forEach((strike, i) => {
      const row = expected[i];
      expect(strike.strikePrice).toBe(row?.strike_price);
      expect(strike.underlyingSpotPrice).toBe(row?.underlying_spot_price);
      expect(strike.callOptions?.instrumentKey).toBe(row?.call_options?.instrument_key);
      expect(strike.callOptions?.marketData.oi).toBe(row?.call_options?.market_data.oi);
      expect(strike.putOptions?.marketData.prevOi).toBe(row?.put_options?.market_data.prev_oi);
    });
  });

  it('should read option contracts', async () => {
    const { data } = await call<Wrapped<Record<string, unknown>[]>>(
      'OptionsApi',
      'getOptionContracts',
      NIFTY,
      {
        expiryDate: expiry,
      },
    );
    expect(data).toHaveLength(keys.length);
    expect(data[0]).toMatchObject({ underlyingKey: NIFTY, lotSize: 65, segment: 'NSE_FO' });
    expect(data[0]?.expiry).toEqual(new Date(expiry));
  });

  it.each([
    ['MarketQuoteApi', 'getFullMarketQuote', (asked: string): unknown[] => [asked, VERSION]],
    ['MarketQuoteV3Api', 'getFullMarketQuoteV3', (asked: string): unknown[] => [{ instrumentKey: asked }]],
  ])('should read full quotes through %s', async (api, method, args) => {
    const asked = keys.slice(100, 104);
    const { data } = await call<Wrapped<Record<string, SdkQuote>>>(api, method, ...args(asked.join(',')));
    const quotes = Object.values(data);
    expect(quotes.map((q) => q.instrumentToken).sort()).toEqual([...asked].sort());
    for (const quote of quotes) {
      const expected = market.quote(quote.instrumentToken, noon);
      expect([quote.lastPrice, quote.oi]).toEqual([expected?.lastPrice, expected?.oi]);
      expect(quote.depth.buy).toHaveLength(5);
      expect(quote.previousOi).toBe(api === 'MarketQuoteV3Api' ? expected?.previousOi : undefined);
    }
  });

  it('should read last prices', async () => {
    const key = keys[100] ?? '';
    const { data } = await call<Wrapped<Record<string, object>>>('MarketQuoteV3Api', 'getLtp', {
      instrumentKey: key,
    });
    const lastPrice = market.quote(key, noon)?.lastPrice;
    expect(Object.values(data)[0]).toMatchObject({ instrumentToken: key, lastPrice });
  });

  it('should read one-minute candles of the day and of past days', async () => {
    const key = keys[100] ?? '';
    const today = await call<Wrapped<{ candles: SdkCandle[] }>>(
      'HistoryV3Api',
      'getIntraDayCandleData',
      key,
      'minutes',
      1,
    );
    expect(today.data.candles).toEqual(market.candles(key, noon));
    const past = await call<Wrapped<{ candles: SdkCandle[] }>>(
      'HistoryV3Api',
      'getHistoricalCandleData1',
      key,
      'minutes',
      1,
      '2026-11-19',
      '2026-11-18',
    );
    expect(past.data.candles).toEqual([]);
  });

  it('should read market status, holidays and timings', async () => {
    const api = 'MarketHolidaysAndTimingsApi';
    const status = await call<Wrapped<object>>(api, 'getMarketStatus', 'NFO');
    expect(status.data).toMatchObject({ exchange: 'NFO', status: 'NORMAL_OPEN' });
    const holidays = await call<Wrapped<{ date: Date; closedExchanges: string[] }[]>>(api, 'getHolidays');
    expect(holidays.data.some((h) => h.closedExchanges.includes('NFO'))).toBe(true);
    const timings = await call<Wrapped<{ exchange: string; startTime: number; endTime: number }[]>>(
      api,
      'getExchangeTimings',
      DATE,
    );
    const nfo = timings.data.find((t) => t.exchange === 'NFO');
    expect(nfo?.endTime).toBe(Date.parse(`${DATE}T15:40:00+05:30`));
    const day = await call<Wrapped<object[]>>(api, 'getHoliday', '2026-12-25');
    expect(day.data).toHaveLength(1);
  });

  it('should sign in with a code, work with the token, and sign out', async () => {
    const redirectUri = 'http://127.0.0.1:5000/callback';
    const query = new URLSearchParams({ response_type: 'code', client_id: 'app', redirect_uri: redirectUri });
    const dialog = await sim.get(`/v2/login/authorization/dialog?${query.toString()}`, {});
    const code = new URL(dialog.headers.get('location') ?? '').searchParams.get('code');
    const request = {
      code,
      clientId: 'app',
      clientSecret: 'any',
      redirectUri,
      grantType: 'authorization_code',
    };
    const grant = await call<{ accessToken: string; userId: string }>('LoginApi', 'token', VERSION, request);
    pointSdkAt(sim.simulator.url, grant.accessToken);
    const profile = await call<Wrapped<{ userId: string }>>('UserApi', 'getProfile', VERSION);
    expect(profile.data.userId).toBe(grant.userId);
    expect((await call<Wrapped<boolean>>('LoginApi', 'logout', VERSION)).data).toBe(true);
    const refused = await call('UserApi', 'getProfile', VERSION).catch((error: SdkError) => error);
    pointSdkAt(sim.simulator.url, 'demo');
    expect((refused as SdkError).status).toBe(401);
    expect((refused as SdkError).response?.text).toContain('UDAPI100050');
  });
});

describeWithData(
  'the official SDK on a recorded day',
  {
    instrumentsFile: 'instruments/upstox-complete-2026-08-18.json.gz',
    dayFile: 'days/nifty-2026-08-18-1min.csv.gz',
    prevOiFile: 'baseline/prev-oi-nifty-2026-08-18.csv.gz',
  },
  (files) => {
    beforeAll(async () => startWith(await recordedMarket(files), Date.parse('2026-08-18T12:00:30+05:30')));
    afterAll(() => sim.simulator.close());

    it('should read the figures of the file', async () => {
      const chain = await chainOf('2026-08-25');
      const strike = chain.find((s) => s.strikePrice === 24_300);
      expect(strike?.underlyingSpotPrice).toBe(SPOT);
      expect(strike?.callOptions?.marketData).toMatchObject(CALL);
      expect(strike?.putOptions?.marketData).toMatchObject(PUT);
    });

    it('should find the same OI in the quote and in the newest candle of the leg', async () => {
      const key = (await chainOf('2026-08-25')).find((s) => s.strikePrice === 24_300)?.callOptions
        ?.instrumentKey;
      const quotes = await call<Wrapped<Record<string, SdkQuote>>>(
        'MarketQuoteApi',
        'getFullMarketQuote',
        key,
        VERSION,
      );
      const candles = await call<Wrapped<{ candles: SdkCandle[] }>>(
        'HistoryV3Api',
        'getIntraDayCandleData',
        key,
        'minutes',
        1,
      );
      const [newest] = candles.data.candles;
      expect(Object.values(quotes.data)[0]).toMatchObject({ oi: CALL.oi, lastPrice: CALL.ltp });
      expect([newest?.[0], newest?.[4], newest?.[6]]).toEqual([
        '2026-08-18T12:00:00+05:30',
        CALL.ltp,
        CALL.oi,
      ]);
    });
  },
);
