import { gunzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { VirtualClock } from '../../../server/clock/clock.js';
import {
  DEMO_TOKEN,
  generatedMarket,
  type Simulator,
  startSimulator,
} from '../../../server/simulator/index.js';
import { ClockSkew } from '../../../server/upstox/clock-skew.js';
import type { UpstoxClient } from '../../../server/upstox/upstox-client.js';
import { brokerError, clientOf } from './client-under-test.js';

const DATE = '2026-11-23';
const NIFTY = 'NSE_INDEX|Nifty 50';
const TOKEN = { accessToken: DEMO_TOKEN, userId: 'DEMO' };
const clock = new VirtualClock(Date.parse(`${DATE}T11:00:00+05:30`), 60);

interface MasterRow {
  underlying_key?: string;
  instrument_type: string;
  instrument_key: string;
  expiry?: number;
}

describe('UpstoxClient against the simulator', () => {
  let simulator: Simulator;
  let client: UpstoxClient;
  let nearest: { expiry: string; keys: string[] };

  beforeAll(async () => {
    simulator = await startSimulator({
      market: generatedMarket({ seed: 7, date: DATE }),
      now: () => clock.now(),
    });
    client = clientOf(simulator.url, { clock });
    const { body } = await client.instrumentMaster('NSE');
    const rows = JSON.parse(gunzipSync(await buffer(body)).toString()) as MasterRow[];
    const options = rows.filter((r) => r.underlying_key === NIFTY && r.instrument_type === 'CE');
    const first = Math.min(...options.map((r) => r.expiry ?? Infinity));
    nearest = {
      expiry: new Date(first + 19_800_000).toISOString().slice(0, 10),
      keys: options.filter((r) => r.expiry === first).map((r) => r.instrument_key),
    };
  });
  afterAll(() => simulator.close());

  it('should read a chain in which every cell is fit', async () => {
    const chain = await client.optionChain(TOKEN, NIFTY, nearest.expiry);
    expect(chain.rejected).toEqual([]);
    expect(chain.spot).toBeGreaterThan(1_000);
    expect(chain.strikes.length).toBeGreaterThan(20);
    expect(nearest.keys).toEqual(
      expect.arrayContaining([chain.keys.get(chain.strikes[20]?.strike ?? 0)?.call]),
    );
  });

  it('should read quotes, candles, calendar and profile', async () => {
    const quotes = await client.quotes(TOKEN, nearest.keys.slice(0, 500));
    expect(quotes.size).toBeGreaterThan(20);
    const candles = await client.intradayCandles(TOKEN, nearest.keys[20] ?? '');
    expect(candles.length).toBeGreaterThan(0);
    expect(candles.every((c, i) => i === 0 || c.time > (candles[i - 1]?.time ?? 0))).toBe(true);
    expect(await client.marketStatus(TOKEN, 'NSE')).toBe('NORMAL_OPEN');
    expect((await client.timings(TOKEN, DATE)).map((t) => t.exchange)).toContain('NFO');
    expect(Array.isArray(await client.holidays(TOKEN))).toBe(true);
    expect((await client.profile(TOKEN)).userId).not.toBe('');
  });

  it('should see no skew on the clock that both share, however fast it runs', async () => {
    const skew = new ClockSkew({ clock: { start: null, rate: 1 } });
    const own = clientOf(simulator.url, { clock, skew });
    let most = 0;
    for (let i = 0; i < 20; i++) {
      await own.marketStatus(TOKEN, 'NSE');
      most = Math.max(most, Math.abs(skew.ms ?? 0));
    }
    expect(most).toBeLessThan(10_000);
    expect([skew.message, skew.trusted]).toEqual([null, true]);
  });

  it('should end a wrong token and a wrong key as the right errors', async () => {
    const wrong = { accessToken: 'no-such-token', userId: 'X' };
    expect(await brokerError(client.profile(wrong))).toMatchObject({
      kind: 'token-dead',
      code: 'UDAPI100050',
    });
    expect(await brokerError(client.optionChain(TOKEN, 'NSE_INDEX|None', nearest.expiry))).toMatchObject({
      kind: 'refused',
    });
  });

  it('should pace 150 calls at once so that the broker never has to say 429', async () => {
    await Promise.all(Array.from({ length: 150 }, () => client.marketStatus(TOKEN, 'NSE')));
    expect(client.metrics.count('market', 'throttled')).toBe(0);
    expect(client.metrics.count('market', 'ok')).toBeGreaterThanOrEqual(150);
  });
});
