import { gunzipSync } from 'node:zlib';
import { generatedMarket, type InstrumentRow, type StrikeAnswer } from '../../../server/simulator/index.js';
import { at, codeOf, DATE, encoded, nearest, NIFTY, Started } from './started.js';

const market = generatedMarket({ date: DATE });
const { expiry, keys } = nearest(market, NIFTY);
const CHAIN = `/v2/option/chain?instrument_key=${encoded(NIFTY)}&expiry_date=${expiry}`;

describe('endpoints of the simulator', () => {
  let sim: Started;
  beforeAll(async () => (sim = await Started.with({ market, limits: false })));
  afterAll(() => sim.simulator.close());

  it('should name itself and its time at the root', async () => {
    const answer = await sim.get('/');
    expect(answer.text).toBe(`Simulator of the Upstox API, virtual time ${DATE}T12:00:00+05:30\n`);
  });

  it('should answer the option chain in the broker’s shape', async () => {
    const { status, json } = await sim.get(CHAIN);
    const data = json?.data as StrikeAnswer[];
    expect([status, json?.status]).toEqual([200, 'success']);
    expect(data.length).toBeGreaterThan(80);
    const [row] = data;
    expect(Object.keys(row ?? {}).sort()).toEqual(
      ['call_options', 'expiry', 'pcr', 'put_options', 'strike_price', 'underlying_key'].concat(
        'underlying_spot_price',
      ),
    );
    expect(Object.keys(row?.call_options?.market_data ?? {}).sort()).toEqual([
      ...['ask_price', 'ask_qty', 'bid_price', 'bid_qty', 'close_price', 'ltp', 'oi', 'prev_oi', 'volume'],
    ]);
    expect(Object.keys(row?.call_options?.option_greeks ?? {}).sort()).toEqual([
      ...['delta', 'gamma', 'iv', 'pop', 'theta', 'vega'],
    ]);
    expect(data.map((r) => r.strike_price)).toEqual(data.map((r) => r.strike_price).sort((a, b) => a - b));
  });

  it('should list option contracts with the expiry as a date', async () => {
    const all = (await sim.get(`/v2/option/contract?instrument_key=${encoded(NIFTY)}`)).json
      ?.data as object[];
    const one = await sim.get(`/v2/option/contract?instrument_key=${encoded(NIFTY)}&expiry_date=${expiry}`);
    expect(new Set(all.map((r) => (r as { expiry: string }).expiry)).size).toBeGreaterThanOrEqual(5);
    expect(one.json?.data).toHaveLength(keys.length);
    expect((one.json?.data as object[])[0]).toMatchObject({ expiry, underlying_key: NIFTY, lot_size: 65 });
  });

  it('should key quotes by symbol and leave unknown keys out', async () => {
    const asked = `${encoded(keys[0] ?? '')},NSE_FO%7C1,${encoded(NIFTY)}`;
    const v2 = (await sim.get(`/v2/market-quote/quotes?instrument_key=${asked}`)).json?.data as object;
    const v3 = (await sim.get(`/v3/market-quote/quotes?instrument_key=${asked}`)).json?.data as object;
    const [key = '', index] = Object.keys(v2);
    expect(key).toMatch(/^NSE_FO:NIFTY26NOV\d+CE$/);
    expect(index).toBe('NSE_INDEX:NIFTY');
    const quote = (v2 as Record<string, object>)[key];
    expect(quote).toMatchObject({ instrument_token: keys[0], timestamp: `${DATE}T12:00:00.000+05:30` });
    expect(quote).toHaveProperty('last_trade_time', String(at('12:00:00')));
    expect((quote as { depth: { buy: object[]; sell: object[] } }).depth.buy).toHaveLength(5);
    expect((v3 as Record<string, object>)[key]).toHaveProperty('previous_oi');
    expect(quote).not.toHaveProperty('previous_oi');
  });

  it('should quote 500 keys in one call and refuse 501', async () => {
    const all = market.instruments().map((r) => encoded(r.instrument_key));
    const many = await sim.get(`/v3/market-quote/quotes?instrument_key=${all.slice(0, 500).join(',')}`);
    expect(Object.keys(many.json?.data as object)).toHaveLength(500);
    const more = await sim.get(`/v3/market-quote/quotes?instrument_key=${all.slice(0, 501).join(',')}`);
    expect([more.status, codeOf(more)]).toEqual([400, 'UDAPI100042']);
  });

  it('should answer last prices', async () => {
    const { json } = await sim.get(`/v3/market-quote/ltp?instrument_key=${encoded(keys[0] ?? '')}`);
    const [item] = Object.values(json?.data as object);
    expect(Object.keys(item as object).sort()).toEqual([
      'cp',
      'instrument_token',
      'last_price',
      'ltq',
      'volume',
    ]);
  });

  it('should answer intraday candles without a token, the current minute included', async () => {
    const path = `/v3/historical-candle/intraday/${encoded(NIFTY)}/minutes/1`;
    const { candles } = (await sim.get(path, {})).json?.data as { candles: unknown[][] };
    expect(candles[0]?.[0]).toBe(`${DATE}T12:00:00+05:30`);
    expect(candles.at(-1)?.[0]).toBe(`${DATE}T09:15:00+05:30`);
    expect(candles[0]).toHaveLength(7);
  });

  it('should join minutes into longer candles', async () => {
    const path = `/v3/historical-candle/intraday/${encoded(NIFTY)}/minutes/15`;
    const { candles } = (await sim.get(path)).json?.data as { candles: number[][] };
    expect(candles.map((c) => String(c[0]).slice(11, 16)).slice(-2)).toEqual(['09:30', '09:15']);
    for (const [, open = 0, high = 0, low = 0, close = 0] of candles) {
      expect(high).toBeGreaterThanOrEqual(Math.max(open, close));
      expect(low).toBeLessThanOrEqual(Math.min(open, close));
    }
  });

  it('should give the day as history only once it is past', async () => {
    const path = `/v3/historical-candle/${encoded(NIFTY)}/minutes/1/${DATE}/${DATE}`;
    expect((await sim.get(path)).json?.data).toEqual({ candles: [] });
    sim.clock.set(at('09:00:00', '2026-11-23'));
    const { candles } = (await sim.get(path)).json?.data as { candles: unknown[] };
    const today = await sim.get(`/v3/historical-candle/intraday/${encoded(NIFTY)}/minutes/1`);
    sim.clock.set(at('12:00:00'));
    expect(candles).toHaveLength(385);
    expect(today.json?.data).toEqual({ candles: [] });
  });

  it('should tell the state of the market', async () => {
    const { json } = await sim.get('/v2/market/status/NSE');
    expect(json?.data).toMatchObject({
      exchange: 'NSE',
      status: 'NORMAL_OPEN',
      last_updated: at('09:15:00'),
    });
    expect(json?.data).toHaveProperty('cas_eligible_status');
    expect((await sim.get('/v2/market/status/MCX')).json?.data).not.toHaveProperty('cas_eligible_status');
  });

  it('should tell timings and holidays without a token', async () => {
    const timings = (await sim.get(`/v2/market/timings/${DATE}`, {})).json?.data;
    expect(timings).toContainEqual({ exchange: 'NFO', start_time: at('09:15:00'), end_time: at('15:40:00') });
    expect((await sim.get('/v2/market/timings/2026-11-21', {})).json?.data).toEqual([]);
    expect((await sim.get(`/v2/market/holidays/${DATE}`, {})).json?.data).toEqual([]);
    const [christmas] = (await sim.get('/v2/market/holidays/2026-12-25', {})).json?.data as object[];
    expect(christmas).toMatchObject({ holiday_type: 'TRADING_HOLIDAY', open_exchanges: [] });
    expect((await sim.get('/v2/market/holidays', {})).json?.data).toHaveLength(5);
  });

  it.each(['complete', 'NSE', 'BSE', 'MCX'])('should serve %s.json.gz as gzip bytes', async (name) => {
    const response = await fetch(`${sim.simulator.url}/market-quote/instruments/exchange/${name}.json.gz`);
    expect(response.headers.get('content-encoding')).toBeNull();
    const rows = JSON.parse(
      gunzipSync(Buffer.from(await response.arrayBuffer())).toString(),
    ) as InstrumentRow[];
    const wanted = market.instruments().filter((r) => name === 'complete' || r.exchange === name);
    expect(rows).toEqual(wanted);
    expect(rows.length).toBeGreaterThan(300);
  });

  it.each([
    ['an unknown path', '/v2/market-quote/ohlc/NSE_FO%7C1', 404, 'UDAPI100060'],
    ['an unknown file', '/market-quote/instruments/exchange/NSE_FO.json.gz', 404, 'UDAPI100060'],
    ['an unknown underlying', CHAIN.replace('Nifty', 'Nothing'), 400, 'UDAPI100011'],
    ['an MCX underlying', CHAIN.replace(encoded(NIFTY), 'MCX_COM%7C294'), 400, 'UDAPI100011'],
    ['a chain without a key', `/v2/option/chain?expiry_date=${expiry}`, 400, 'UDAPI1009'],
    ['a bad expiry', `/v2/option/chain?instrument_key=${encoded(NIFTY)}&expiry_date=soon`, 400, 'UDAPI1088'],
    ['a bad date of timings', '/v2/market/timings/2026-02-30', 400, 'UDAPI1088'],
    ['a segment for an exchange', '/v2/market/status/MCX_FO', 400, 'UDAPI1089'],
    ['a bad quote key', '/v3/market-quote/quotes?instrument_key=NIFTY', 400, 'UDAPI100011'],
    ['no quote key', '/v3/market-quote/quotes', 400, 'UDAPI1009'],
    ['a bad unit', '/v3/historical-candle/intraday/NSE_FO%7C1/seconds/1', 400, 'UDAPI1146'],
    ['a bad interval', '/v3/historical-candle/intraday/NSE_FO%7C1/minutes/301', 400, 'UDAPI1147'],
    ['a bad candle key', '/v3/historical-candle/intraday/NSE_FO%7C1/minutes/1', 400, 'UDAPI100011'],
    [
      'dates in the wrong order',
      `/v3/historical-candle/${encoded(NIFTY)}/minutes/1/2026-11-01/2026-11-02`,
      400,
      'UDAPI1015',
    ],
    [
      'too long a range',
      `/v3/historical-candle/${encoded(NIFTY)}/minutes/1/2026-11-19/2026-09-01`,
      400,
      'UDAPI1148',
    ],
    ['a broken encoding', '/v2/market/status/%E0%A4%A', 400, 'UDAPI10000'],
  ])('should refuse %s', async (_, path, status, code) => {
    const answer = await sim.get(path);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  it('should give each field of an error twice', async () => {
    const { json, text } = await sim.get(CHAIN, { authorization: 'Bearer nobody' });
    const message = 'Invalid token used to access API';
    const twice = { errorCode: 'UDAPI100050', error_code: 'UDAPI100050', message };
    const nulls = { propertyPath: null, property_path: null, invalidValue: null, invalid_value: null };
    expect(json).toEqual({ status: 'error', errors: [{ ...twice, ...nulls }] });
    expect(text).not.toContain('nobody');
  });

  it('should want a token for everything that the broker wants one for', async () => {
    const paths = [
      CHAIN,
      '/v2/user/profile',
      '/v2/market/status/NSE',
      '/v3/market-quote/ltp?instrument_key=a',
    ];
    for (const path of paths) expect((await sim.get(path, {})).status).toBe(401);
  });

  it('should log each call with its status, and nothing of the token', async () => {
    sim.simulator.calls.clear();
    await sim.get(CHAIN, { authorization: 'Bearer secret-token', 'user-agent': 'probe/1' });
    await sim.get(CHAIN, { authorization: 'Bearer demo' });
    expect(sim.simulator.calls.count('option-chain', at('12:00:30'))).toBe(2);
    const [refused, served] = sim.simulator.calls.list('option-chain');
    expect(refused).toMatchObject({ status: 401, subject: CHAIN, userAgent: 'probe/1' });
    expect(served?.status).toBe(200);
    expect(JSON.stringify(sim.simulator.calls.list())).not.toContain('secret-token');
  });
});
