import { CHAIN, row } from '../../unit/upstox/chain-samples.js';
import { clientOf, TOKEN } from './client-under-test.js';
import { failure, json, raw, ScriptedServer, success } from './scripted-server.js';

describe('UpstoxClient on good answers', () => {
  let server: ScriptedServer;
  beforeAll(async () => (server = await ScriptedServer.start()));
  afterAll(() => server.stop());

  it('should name itself, ask for JSON and carry the token in the header only', async () => {
    server.script(success([row(23000)]));
    const chain = await clientOf(server.url).optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry);
    expect(chain.strikes).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({
      method: 'GET',
      url: '/v2/option/chain?instrument_key=NSE_INDEX%7CNifty%2050&expiry_date=2025-02-13',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${TOKEN.accessToken}`,
        'user-agent': expect.stringMatching(/^OI-Tracker\/\d+\.\d+\.\d+$/) as unknown,
      },
    });
  });

  it('should take a chain that is partly there, and an address that ends in a slash', async () => {
    server.script(json({ status: 'partial_success', data: [row(1, { call_options: null })] }));
    const chain = await clientOf(`${server.url}/`).optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry);
    expect(chain.strikes[0]).toMatchObject({ call: null, put: { oi: 388800 } });
    expect(server.seen[0]?.url).toMatch(/^\/v2\//);
  });

  it('should list refused cells and count them', async () => {
    server.script(
      raw('{"status":"success","data":[{"strike_price":1,"put_options":{"market_data":{"oi":1e999}}}]}'),
    );
    const client = clientOf(server.url);
    const chain = await client.optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry);
    expect(chain.strikes).toEqual([
      { strike: 1, call: null, put: expect.objectContaining({ oi: null }) as unknown },
    ]);
    expect(chain.rejected).toEqual(['1 put oi: Infinity is not a count']);
    expect(client.metrics.rejectedCells).toBe(1);
  });

  it('should read quotes of several keys in one call', async () => {
    server.script(success({ 'NSE_FO:A': { instrument_token: 'NSE_FO|1', oi: 65, previous_oi: 130 } }));
    const quotes = await clientOf(server.url).quotes(TOKEN, ['NSE_FO|1', 'MCX_FO|2']);
    expect(quotes.get('NSE_FO|1')).toMatchObject({ oi: 65, prevOi: 130, ltp: null });
    expect(quotes.size).toBe(1);
    expect(server.seen[0]?.url).toBe('/v3/market-quote/quotes?instrument_key=NSE_FO%7C1,MCX_FO%7C2');
  });

  it('should fall back to V2 quotes for good once V3 is not served', async () => {
    const data = { 'NSE_FO:A': { instrument_token: 'NSE_FO|1', oi: 65 } };
    server.script(failure(404, 'UDAPI100060'), success(data));
    const client = clientOf(server.url);
    expect((await client.quotes(TOKEN, ['NSE_FO|1'])).get('NSE_FO|1')).toMatchObject({
      oi: 65,
      prevOi: null,
    });
    await client.quotes(TOKEN, ['NSE_FO|1']);
    expect(server.seen.map((r) => r.url.split('?')[0])).toEqual([
      '/v3/market-quote/quotes',
      '/v2/market-quote/quotes',
      '/v2/market-quote/quotes',
    ]);
  });

  it('should stay with V3 quotes when it refuses for another reason', async () => {
    server.script(failure(400, 'UDAPI100011'), success({}));
    const client = clientOf(server.url);
    await expect(client.quotes(TOKEN, ['x'])).rejects.toMatchObject({ kind: 'refused', code: 'UDAPI100011' });
    await client.quotes(TOKEN, ['NSE_FO|1']);
    expect(server.seen[1]?.url).toMatch(/^\/v3\//);
  });

  it('should not call for no quotes, nor for more than the broker takes', async () => {
    server.script(success({}));
    const client = clientOf(server.url);
    expect((await client.quotes(TOKEN, [])).size).toBe(0);
    const keys = Array.from({ length: 501 }, (_, i) => `NSE_FO|${i}`);
    await expect(client.quotes(TOKEN, keys)).rejects.toMatchObject({ kind: 'refused' });
    expect(server.seen).toHaveLength(0);
  });

  it('should put to_date before from_date and encode the key', async () => {
    server.script(success({ candles: [['2026-11-20T09:15:00+05:30', 1, 1, 1, 1, 1, 9]] }));
    const client = clientOf(server.url);
    expect(await client.historicalCandles(TOKEN, 'NSE_FO|1', '2026-11-19', '2026-11-20')).toHaveLength(1);
    await client.intradayCandles(TOKEN, 'NSE_INDEX|Nifty 50');
    expect(server.seen.map((r) => r.url)).toEqual([
      '/v3/historical-candle/NSE_FO%7C1/minutes/1/2026-11-20/2026-11-19',
      '/v3/historical-candle/intraday/NSE_INDEX%7CNifty%2050/minutes/1',
    ]);
  });

  it('should read status, timings, holidays and profile', async () => {
    server.script(
      success({ exchange: 'NSE', status: 'NORMAL_OPEN', last_updated: 1 }),
      success([{ exchange: 'NFO', start_time: 1, end_time: 2 }]),
      success([{ date: '2026-12-25', description: 'Christmas', holiday_type: 'TRADING_HOLIDAY' }]),
      success({ user_id: 'AB1234', user_name: 'Asha' }),
    );
    const client = clientOf(server.url);
    expect(await client.marketStatus(TOKEN, 'NSE')).toBe('NORMAL_OPEN');
    expect(await client.timings(TOKEN, '2026-11-23')).toEqual([{ exchange: 'NFO', start: 1, end: 2 }]);
    expect(await client.holidays(TOKEN)).toHaveLength(1);
    expect(await client.profile(TOKEN)).toEqual({ userId: 'AB1234', userName: 'Asha' });
    expect(server.seen.map((r) => r.url)).toEqual([
      '/v2/market/status/NSE',
      '/v2/market/timings/2026-11-23',
      '/v2/market/holidays',
      '/v2/user/profile',
    ]);
  });

  it('should build the address of the login dialog with every part encoded', () => {
    const url = new URL(
      clientOf('https://api.example').loginUrl('k&y', 'http://127.0.0.1:5000/callback', 's=1'),
    );
    expect(url.origin + url.pathname).toBe('https://api.example/v2/login/authorization/dialog');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'k&y',
      redirect_uri: 'http://127.0.0.1:5000/callback',
      state: 's=1',
    });
  });

  it('should exchange the code in a form, without a token and without an envelope', async () => {
    server.script(
      json({ access_token: 'new-token', user_id: 'AB1234', user_name: 'Asha', extended_token: 'e' }),
    );
    const grant = await clientOf(server.url).exchangeCode({
      code: 'mk404x',
      clientId: 'id',
      clientSecret: 'p&q',
      redirectUri: 'http://127.0.0.1:5000/callback',
    });
    expect(grant).toEqual({ accessToken: 'new-token', userId: 'AB1234', userName: 'Asha' });
    const [request] = server.seen;
    expect(request).toMatchObject({ method: 'POST', url: '/v2/login/authorization/token' });
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      code: 'mk404x',
      client_id: 'id',
      client_secret: 'p&q',
      redirect_uri: 'http://127.0.0.1:5000/callback',
      grant_type: 'authorization_code',
    });
  });

  it('should sign out', async () => {
    server.script(success(true));
    await clientOf(server.url).logout(TOKEN);
    expect(server.seen[0]).toMatchObject({ method: 'DELETE', url: '/v2/logout' });
  });

  it('should count calls by API and outcome, and tell what is left', async () => {
    server.script(success([]), failure(400, 'UDAPI1088'));
    const client = clientOf(server.url);
    await client.optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry);
    await client.optionChain(TOKEN, CHAIN.underlying, 'x').catch(() => undefined);
    expect(client.metrics.counts()).toEqual([
      { api: 'option-chain', outcome: 'ok', count: 1 },
      { api: 'option-chain', outcome: 'refused', count: 1 },
    ]);
    expect(client.metrics.total).toBe(2);
    expect(client.metrics.count('option-chain')).toBe(2);
    expect(client.metrics.lastCallAt).toBeGreaterThan(0);
    expect(client.budget({ accessToken: 'x', userId: 'other' }, 'option-chain')).toBe(50);
    expect(client.budget(TOKEN, 'option-chain')).toBeGreaterThanOrEqual(48);
  });
});
