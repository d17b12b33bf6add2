import { DataSource } from 'typeorm';
import { WriteQueue } from '../../../server/database/write-queue.js';
import type { ChainQuality, QualityReport } from '../../../server/protocol/index.js';
import { MINUTE_MS } from '../../../server/domain/units.js';
import { CalendarService } from '../../../server/snapshot/calendar-service.js';
import { BrokerError } from '../../../server/upstox/errors.js';
import { DAY, NIFTY, TOKEN, at, openHouse, share, slotAtTime, type House } from '../../support/house.js';
import { marketQuote } from '../../support/market.js';

let house: House;
afterEach(() => house.close());

async function report(date?: string): Promise<QualityReport> {
  const query = date === undefined ? '' : `?date=${date}`;
  const answer = await fetch(`${house.base()}/api/quality${query}`, {
    headers: { cookie: await house.signIn() },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as QualityReport;
}

const nifty = async (date?: string): Promise<ChainQuality> => {
  const found = (await report(date)).chains.filter((chain) => chain.expiry === NIFTY.expiry);
  expect(found).toHaveLength(1);
  return found[0]!;
};

describe("the day's data-quality report", () => {
  beforeEach(async () => {
    house = await openHouse({ listening: true, at: '09:15' });
  });

  it('should account for every slot: captured, refused, missed, with the gaps and the reasons', async () => {
    // 09:15–09:19 captured, 09:20 all zeros, 09:21–09:22 missed, 09:23 captured, 09:24 stale, 09:25 captured.
    await house.run(5);
    const answer = house.broker.onChain;
    house.broker.onChain = async (call) => {
      const quote = await answer(call);
      const zero = <T extends { oi: number | null }>(leg: T | null): T | null => leg && { ...leg, oi: 0 };
      return {
        ...quote,
        strikes: quote.strikes.map((s) => ({ ...s, call: zero(s.call), put: zero(s.put) })),
      };
    };
    await house.tick('09:20');
    house.broker.onChain = answer;
    await house.tick('09:23');
    house.broker.onChain = ({ chain }) => marketQuote(chain, slotAtTime('09:16'));
    await house.tick('09:24');
    house.broker.onChain = answer;
    await house.tick('09:25');

    const quality = await nifty();
    expect(quality).toMatchObject({
      symbol: 'NIFTY',
      captured: 7,
      refused: 2,
      backfilled: 0,
      missed: 2,
      expected: 11,
    });
    expect(quality.captured + quality.refused + quality.backfilled + quality.missed).toBe(quality.expected);
    expect(quality.gaps).toEqual([{ from: slotAtTime('09:21'), to: slotAtTime('09:22') }]);
    expect(quality.refusals.map(({ slot, reason }) => [slot, reason])).toEqual([
      [slotAtTime('09:20'), 'all-zero'],
      [slotAtTime('09:24'), 'stale-volume'],
    ]);
    expect(house.status.current(NIFTY).quality).toMatchObject({
      captured: 7,
      refused: 2,
      missed: 2,
      expected: 11,
    });
  });

  it('should count every leg whose OI is not known', async () => {
    await house.tick();
    const answer = house.broker.onChain;
    house.broker.onChain = async (call) => {
      const quote = await answer(call);
      const [first, ...rest] = quote.strikes;
      return {
        ...quote,
        strikes: [{ ...first!, call: first!.call && { ...first!.call, oi: null } }, ...rest],
      };
    };
    await house.tick('09:16');
    await house.tick('09:17');
    expect((await nifty()).unknownLegs).toBe(2);
  });

  it('should count a leg that falls to 0 while nothing was traded as unknown, not as 0', async () => {
    await house.tick();
    const answer = house.broker.onChain;
    house.broker.onChain = async (call) => {
      const before = await answer({ ...call, slot: slotAtTime('09:15') });
      const [first, ...rest] = before.strikes;
      return { ...before, strikes: [{ ...first!, put: first!.put && { ...first!.put, oi: 0 } }, ...rest] };
    };
    await house.tick('09:16');
    expect(await nifty()).toMatchObject({ captured: 2, unknownLegs: 1 });
  });

  it('should mark the slots that were rebuilt from candles as such', async () => {
    house.clock.set(at('09:45') + 2_000);
    house.broker.onCandles = () =>
      Array.from({ length: 40 }, (_, i) => ({
        time: slotAtTime('09:15') + i * MINUTE_MS,
        close: 100,
        volume: 1,
        oi: 75,
      }));
    await house.tick();
    await house.collector.stop();
    const quality = await nifty();
    expect(quality).toMatchObject({ captured: 1, backfilled: 30, missed: 0, expected: 31, gaps: [] });
  });

  it('should go on counting misses until the close, and not beyond', async () => {
    await house.tick('15:35');
    await house.tick('20:00');
    expect(await nifty()).toMatchObject({
      captured: 1,
      expected: 5,
      missed: 4,
      gaps: [{ from: slotAtTime('15:36'), to: slotAtTime('15:39') }],
    });
  });

  it('should count each session of a day with two: the pause is no gap, and what the first missed is missed', async () => {
    const sessions = [
      ['09:15', '10:00'],
      ['11:30', '12:30'],
    ].map(([from, to]) => ({ start: at(from!), end: at(to!) }));
    await house
      .get(DataSource)
      .query(
        'INSERT INTO trading_day (exchange, date, sessions, note, fetched_at) VALUES ($1, $2, $3, NULL, 0)',
        [...['NSE', DAY, JSON.stringify(sessions)]],
      );
    await house.get(CalendarService).load();
    house.broker.onCandles = () => Promise.reject(new BrokerError('unreachable', 'the broker is down'));
    // Five minutes of the first session, a hole of four, and nothing of its last half hour.
    for (const time of ['09:15', '09:16', '09:17', '09:22', '09:29']) await house.tick(time);
    await house.tick('10:30');
    const first = { expected: 45, captured: 5, missed: 40, refused: 0, backfilled: 0 };
    const firstGaps = [
      { from: slotAtTime('09:18'), to: slotAtTime('09:21') },
      { from: slotAtTime('09:23'), to: slotAtTime('09:28') },
      { from: slotAtTime('09:30'), to: slotAtTime('09:59') },
    ];
    expect(await nifty()).toMatchObject({ ...first, gaps: firstGaps });

    for (const time of ['11:30', '11:31', '11:35']) await house.tick(time);
    expect(await nifty()).toMatchObject({
      ...first,
      expected: 45 + 6,
      captured: 5 + 3,
      missed: 40 + 3,
      gaps: [...firstGaps, { from: slotAtTime('11:32'), to: slotAtTime('11:34') }],
    });
    await house.tick('13:00');
    const evening = await nifty();
    expect(evening).toMatchObject({ expected: 45 + 60, captured: 8, missed: 40 + 57 });
    expect(evening.gaps.at(-1)).toEqual({ from: slotAtTime('11:36'), to: slotAtTime('12:29') });
  });

  it('should stay readable by its date, and be empty for a day without data', async () => {
    await house.run(3);
    house.clock.set(at('10:00') + 86_400_000);
    expect(await nifty(DAY)).toMatchObject({ captured: 3 });
    expect(await report('2026-08-17')).toEqual({ date: '2026-08-17', chains: [] });
    expect((await report()).date).toBe('2026-08-19');
  });

  it.each(['2026-8-1', '2026-02-30', "2026-08-18' OR 1=1 --", '18.08.2026', '99999-01-01'])(
    'should refuse the date %j',
    async (date) => {
      const answer = await fetch(`${house.base()}/api/quality?date=${encodeURIComponent(date)}`, {
        headers: { cookie: await house.signIn() },
      });
      expect(answer.status).toBe(400);
    },
  );
});

describe('the report of a chain that was to be collected from the open', () => {
  const down = () => Promise.reject(new BrokerError('unreachable', 'the broker is down'));

  /** What the report, the status and the last change say: they must not differ. */
  async function agreed(): Promise<ChainQuality> {
    const quality = await nifty();
    const { expected, captured, refused, backfilled, missed, unknownLegs } = quality;
    const counts = { expected, captured, refused, backfilled, missed, unknownLegs };
    expect(house.status.current(NIFTY).quality).toEqual(counts);
    expect(captured + refused + backfilled + missed).toBe(expected);
    const named = quality.gaps.reduce((sum, { from, to }) => sum + (to - from) / MINUTE_MS + 1, 0);
    expect(named).toBe(missed);
    return quality;
  }

  it('should miss what the broker did not give at the open, and go on missing it after a restart', async () => {
    house = await openHouse({ listening: true, at: '09:14' });
    const answer = house.broker.onChain;
    house.broker.onChain = house.broker.onCandles = down;
    await house.tick();
    expect((await report()).chains).toEqual([]);
    for (const time of ['09:15', '09:16', '09:17', '09:18']) await house.tick(time);
    const gaps = [{ from: slotAtTime('09:15'), to: slotAtTime('09:17') }];
    expect(await agreed()).toMatchObject({ symbol: 'NIFTY', expected: 3, captured: 0, missed: 3, gaps });

    const { dir } = house;
    await house.close(true);
    house = await openHouse({ listening: true, at: '09:20', dir });
    house.broker.onChain = answer;
    house.broker.onCandles = down;
    await house.run(2);
    await house.collector.stop();
    const all = [{ from: slotAtTime('09:15'), to: slotAtTime('09:19') }];
    expect(await agreed()).toMatchObject({ expected: 7, captured: 2, missed: 5, gaps: all });
    expect(house.published.at(-1)!.frame.quality).toEqual(house.status.current(NIFTY).quality);
    await house.close(false);
  });

  it('should miss what passed without a sign-in', async () => {
    house = await openHouse({ listening: true, at: '09:15', signedIn: false });
    await house.run(3);
    house.broker.onCandles = down;
    house.clock.set(at('09:18') + 2_000);
    await house.tokens.add({ userId: 'A', method: 'token', accessToken: TOKEN, expiresAt: null });
    await house.tick();
    await house.collector.stop();
    expect(await agreed()).toMatchObject({ expected: 4, captured: 1, missed: 3 });
  });

  it('should miss the whole session when nothing came, also once the market is closed', async () => {
    house = await openHouse({ listening: true, at: '15:36' });
    house.broker.onChain = house.broker.onCandles = down;
    for (const time of ['15:36', '15:37', '15:38', '15:39', '20:00']) await house.tick(time);
    expect(await agreed()).toMatchObject({ expected: 4, captured: 0, missed: 4 });
  });

  it('should not miss what nobody wanted: a chain counts from when it was first watched', async () => {
    house = await openHouse({ listening: true, at: '09:15', shares: 1 });
    await house.run(5);
    house.broker.onChain = house.broker.onCandles = down;
    house.registry.enter(share(0));
    for (const time of ['09:20', '09:21', '09:22']) await house.tick(time);
    const chains = (await report()).chains.filter(({ symbol }) => symbol === 'SHARE0');
    expect(chains).toMatchObject([{ expected: 2, missed: 2, captured: 0 }]);
    expect(chains[0]!.gaps).toEqual([{ from: slotAtTime('09:20'), to: slotAtTime('09:21') }]);
  });

  it('should say so of what the disk had no room for, once it has', async () => {
    house = await openHouse({ listening: true, at: '09:15' });
    const writes = house.get(WriteQueue);
    const write = writes.write.bind(writes);
    writes.write = () => Promise.reject(new Error('database or disk is full'));
    for (const time of ['09:15', '09:16']) await house.tick(time);
    writes.write = write;
    house.broker.onCandles = down;
    await house.tick('09:18');
    await house.collector.stop();
    expect(await agreed()).toMatchObject({ expected: 4, captured: 1, missed: 3 });
  });
});
