import { gunzipSync } from 'node:zlib';
import { type Fault, generatedMarket, type StrikeAnswer } from '../../../server/simulator/index.js';
import { at, codeOf, DATE, encoded, nearest, NIFTY, Started } from './started.js';

const market = generatedMarket({ date: DATE });
const { expiry } = nearest(market, NIFTY);
const CHAIN = `/v2/option/chain?instrument_key=${encoded(NIFTY)}&expiry_date=${expiry}`;

describe('faults and limits of the simulator', () => {
  let sim: Started;
  let good: StrikeAnswer[];
  beforeAll(async () => {
    sim = await Started.with({ market });
    good = (await sim.get(CHAIN)).json?.data as StrikeAnswer[];
  });
  afterAll(() => sim.simulator.close());
  beforeEach(() => sim.clock.advance(1));
  afterEach(() => sim.simulator.faults.clear());

  const inject = (fault: Fault, times?: number): void =>
    sim.simulator.faults.inject('option-chain', fault, times);
  const chain = async (): Promise<StrikeAnswer[]> => (await sim.get(CHAIN)).json?.data as StrikeAnswer[];
  const oiOf = (rows: StrikeAnswer[]): (number | undefined)[] =>
    rows.flatMap((r) => [r.call_options?.market_data.oi, r.put_options?.market_data.oi]);

  it.each([
    [{ type: 'status', status: 429 }, 429, 'UDAPI10005'],
    [{ type: 'status', status: 503 }, 503, 'UDAPI100500'],
    [{ type: 'token-death' }, 401, 'UDAPI100050'],
  ] as [Fault, number, string][])('should meet %p once and then be well', async (fault, status, code) => {
    inject(fault);
    const answer = await sim.get(CHAIN);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect((await sim.get(CHAIN)).status).toBe(200);
  });

  it('should answer a web page, half a JSON, null and nonsense', async () => {
    const faults: Fault[] = [{ type: 'html' }, { type: 'truncated-json' }, { type: 'null-data' }];
    [...faults, { type: 'wrong-shape' } as const].forEach((f) => inject(f));
    const html = await sim.get(CHAIN);
    expect([html.status, html.text.slice(0, 9)]).toEqual([403, '<!DOCTYPE']);
    const half = await sim.get(CHAIN);
    expect([half.status, half.json, half.text.length > 1000]).toEqual([200, null, true]);
    expect((await sim.get(CHAIN)).json).toEqual({ status: 'success', data: null });
    expect((await sim.get(CHAIN)).json?.data).toMatchObject([{ unexpected: true }]);
  });

  it('should drop a share of the strikes', async () => {
    inject({ type: 'partial-chain', percent: 25 });
    const rows = await chain();
    expect(rows.length).toBe(good.length - Math.floor(good.length / 4));
  });

  it('should zero the OI of some legs or of all, and leave their volume', async () => {
    const leg = good.find((r) => (r.call_options?.market_data.oi ?? 0) > 0)?.call_options;
    const keys = [leg?.instrument_key ?? ''];
    inject({ type: 'phantom-zero', keys });
    const spoiled = (await chain()).find((r) => r.call_options?.instrument_key === keys[0])?.call_options;
    expect(spoiled?.market_data).toEqual({ ...leg?.market_data, oi: 0 });
    inject({ type: 'all-zero' });
    expect(new Set(oiOf(await chain()))).toEqual(new Set([0]));
    expect(oiOf(await chain())).toEqual(oiOf(good));
  });

  it('should let only those calls meet a fault that it is meant for, and pass the others', async () => {
    const other = market.instruments().find((row) => row.underlying_key && row.underlying_key !== NIFTY);
    const { faults } = sim.simulator;
    faults.inject('option-chain', { type: 'status', status: 429 }, 1, (subject) =>
      subject.includes(encoded(NIFTY)),
    );
    const elsewhere = CHAIN.replace(encoded(NIFTY), encoded(other?.underlying_key ?? ''));
    expect((await sim.get(elsewhere)).status).not.toBe(429);
    expect(faults.pending).toBe(1);
    expect((await sim.get(CHAIN)).status).toBe(429);
    expect((await sim.get(CHAIN)).status).toBe(200);
    expect(faults.pending).toBe(0);
  });

  it('should answer an earlier minute', async () => {
    inject({ type: 'stale', minutes: 7 });
    expect(await chain()).toEqual(market.chain(NIFTY, expiry, at('11:53:00')));
  });

  it('should answer by a clock that is wrong, in the Date header and in what it says, and be right again', async () => {
    const seen = async (): Promise<{
      date: number;
      quote: { timestamp: string; last_trade_time: string };
    }> => {
      const headers = { authorization: 'Bearer demo' };
      const key = good.find((row) => row.call_options)?.call_options?.instrument_key ?? '';
      const url = `${sim.simulator.url}/v2/market-quote/quotes?instrument_key=${encoded(key)}`;
      const response = await fetch(url, { headers });
      const { data } = (await response.json()) as {
        data: Record<string, { timestamp: string; last_trade_time: string }>;
      };
      return { date: Date.parse(response.headers.get('date') ?? ''), quote: Object.values(data)[0]! };
    };
    sim.simulator.faults.inject('quotes', { type: 'skew', ms: -180_000 });
    const [wrong, right] = [await seen(), await seen()];
    const now = Math.floor(sim.clock.now() / 1_000) * 1_000;
    expect(right.date).toBe(now);
    expect(wrong.date).toBe(now - 180_000);
    expect(Date.parse(right.quote.timestamp) - Date.parse(wrong.quote.timestamp)).toBe(180_000);
    expect(Number(right.quote.last_trade_time) - Number(wrong.quote.last_trade_time)).toBe(180_000);
    inject({ type: 'skew', ms: 300_000 });
    expect(await chain()).toEqual(market.chain(NIFTY, expiry, sim.clock.now() + 300_000));
    expect(await chain()).toEqual(market.chain(NIFTY, expiry, sim.clock.now()));
  });

  it('should trickle a body without harm to it', async () => {
    inject({ type: 'slow-body', ms: 50 });
    expect(await chain()).toEqual(good);
  });

  it('should stay silent until the client gives up', async () => {
    inject({ type: 'timeout' });
    const signal = AbortSignal.timeout(60);
    const headers = { authorization: 'Bearer demo' };
    await expect(fetch(sim.simulator.url + CHAIN, { headers, signal })).rejects.toThrow('timeout');
  });

  it('should break off the instrument master', async () => {
    sim.simulator.faults.inject('assets', { type: 'half-master' });
    const response = await fetch(`${sim.simulator.url}/market-quote/instruments/exchange/MCX.json.gz`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(() => gunzipSync(bytes)).toThrow('unexpected end of file');
  });

  it('should refuse the 51st call of a second and the 501st of a minute, by API', async () => {
    sim.clock.set(at('13:00:00'));
    const burst = async (count: number): Promise<number> => {
      const all = await Promise.all(Array.from({ length: count }, () => sim.get('/v2/user/profile')));
      return all.filter((a) => a.status === 200).length;
    };
    expect(await burst(51)).toBe(50);
    const refused = await sim.get('/v2/user/profile');
    expect([refused.status, codeOf(refused)]).toEqual([429, 'UDAPI10005']);
    expect((await sim.get('/v2/market/status/NSE')).status).toBe(200);
    let served = 50;
    for (let second = 1; second <= 10; second++) {
      sim.clock.advance(1000);
      served += await burst(50);
    }
    expect(served).toBe(500);
    sim.clock.advance(60_000);
    expect(await burst(1)).toBe(1);
  });
});
