import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleLogger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { type Clock, ManualClock, VirtualClock } from '../../../server/clock/clock.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { CoreModule } from '../../../server/core.module.js';
import { istAt, istDate } from '../../../server/domain/slot.js';
import { MINUTE_MS, SECOND_MS } from '../../../server/domain/units.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { MarketFeed } from '../../../server/market/market-feed.js';
import {
  CAPTURED_APART,
  isCaptured,
  MISSING,
  secondOf,
  type MinuteFrame,
} from '../../../server/market/minutes/frame.js';
import { MinuteStore } from '../../../server/market/minutes/minute-store.js';
import type { Universe } from '../../../server/market/minutes/universe.js';
import { SweepMetrics } from '../../../server/market/sweep/sweep-metrics.js';
import { CALLS_A_SLOT, Sweeper } from '../../../server/market/sweep/sweeper.js';
import { Collector } from '../../../server/snapshot/collector.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import { WatchRegistry } from '../../../server/snapshot/watch-registry.js';
import {
  type Market,
  recordedMarket,
  type Simulator,
  startSimulator,
} from '../../../server/simulator/index.js';
import { until } from '../../support/harness-program.js';
import { describeWithData } from '../../support/shared-data.js';
import { type Answer, type ChainAnswers, readDay } from '../../support/truth/index.js';

const DATE = '2026-01-30';
const FILES = {
  master: 'instruments/reconstructed-nse-fo-2026-01-30.json.gz',
  day: 'days/stocks-2026-01-30-5min.csv.gz',
};

describeWithData('the whole market of a recorded day, swept over HTTP', FILES, ({ master, day }) => {
  let market: Market;
  /** Answers of the file by symbol: every stock has one expiry. */
  let truth: Map<string, ChainAnswers>;
  let open: { module: TestingModule; simulator: Simulator; dir: string; clock: Clock } | null = null;

  beforeAll(async () => {
    market = await recordedMarket({ instrumentsFile: master, dayFile: day });
    truth = new Map(readDay(day).map((chain) => [chain.underlying, chain]));
  }, 240_000);

  afterEach(async () => {
    if (!open) return;
    await open.module.get(Sweeper).stop(10_000);
    await open.module.close();
    await open.simulator.close();
    await rm(open.dir, { recursive: true, force: true });
    open = null;
  });

  /** The core of the server on a simulator of the day that enforces the broker's limits. */
  async function start(clock: Clock): Promise<{ module: TestingModule; simulator: Simulator }> {
    const dir = await mkdtemp(join(tmpdir(), 'oi-tracker-test-'));
    const simulator = await startSimulator({ market, now: () => clock.now() });
    const config = loadConfig({
      DATABASE_URL: `sqlite:${join(dir, 'tracker.db')}`,
      UPSTOX_API_URL: simulator.url,
      UPSTOX_LOGIN_URL: simulator.url,
      UPSTOX_ASSETS_URL: simulator.url,
      UPSTOX_ACCESS_TOKEN: 'demo',
      PINNED: ',',
      MARKET_SWEEP: 'on',
    });
    const module = await Test.createTestingModule({ imports: [CoreModule.with(config, clock)] })
      .setLogger(new ConsoleLogger({ logLevels: [] }))
      .compile();
    await module.init();
    open = { module, simulator, dir, clock };
    await module
      .get(InstrumentsService)
      .importFrom(createReadStream(master), { source: 'test', asOf: istAt(DATE, '08:00') });
    return { module, simulator };
  }

  /** The file's answer of a chain at a time, and the one before while the new one is so fresh that either may do. */
  function answersAt(symbol: string, at: number): Answer[] {
    const { answers } = truth.get(symbol)!;
    const newest = answers.findLastIndex((answer) => answer.at <= at);
    const isFresh = newest > 0 && at - answers[newest]!.at < MINUTE_MS;
    return [answers[newest], isFresh ? answers[newest - 1] : undefined].filter((one) => one !== undefined);
  }

  /** Compares every leg of every captured chain with the file; counts what it compared. */
  async function compareMinutes(module: TestingModule) {
    const names = await chainNames(module);
    const counts = { minutes: 0, chains: 0, legs: 0, refused: 0, missing: 0 };
    for await (const { universe, frame } of module.get(MinuteStore).frames(0, Date.UTC(2030, 0))) {
      counts.minutes += 1;
      frame.marks.forEach((mark, chain) => {
        const symbol = names.get(universe.chainIds[chain]!)!;
        // Indices are in the list of contracts, and not in this file.
        if (mark === MISSING && truth.has(symbol)) counts.missing += 1;
        if (mark > 0 && mark < MISSING) counts.refused += 1;
        if (!isCaptured(mark)) return;
        counts.chains += 1;
        counts.legs += compareChain(universe, frame, chain, symbol);
      });
    }
    return counts;
  }

  function compareChain(universe: Universe, frame: MinuteFrame, chain: number, symbol: string): number {
    const at = frame.slot + secondOf(frame.marks[chain]!) * SECOND_MS + SECOND_MS - 1;
    const answers = answersAt(symbol, at);
    let legs = 0;
    for (let leg = universe.chainStart[chain]!; leg < universe.chainStart[chain + 1]!; leg++) {
      const side = universe.sides[leg]!;
      if (side > 1) continue;
      const strike = universe.strikes[leg]!;
      const stored = { oi: frame.oi[leg]!, ltp: frame.ltp[leg]!, volume: frame.volume[leg]! };
      const expected = answers.map(
        (answer) => answer.strikes.get(strike)?.[side === 0 ? 'call' : 'put'] ?? null,
      );
      if (!expected.some((one) => isSame(stored, one)))
        throw new Error(`${symbol} ${strike}: ${JSON.stringify({ stored, expected, at: new Date(at) })}`);
      legs += 1;
    }
    return legs;
  }

  it('should store every contract each minute as it is in the file, and never break a limit of the broker', async () => {
    const clock = new ManualClock(istAt(DATE, '11:04') + SECOND_MS);
    const { module, simulator } = await start(clock);
    const sweeper = module.get(Sweeper);
    const pages: number[] = [];
    module.get(MarketFeed).onRows(({ rows }) => pages.push(rows.filter(({ slot }) => slot !== null).length));
    while (clock.now() < istAt(DATE, '11:09')) {
      await sweeper.tick();
      await sweeper.idle();
      clock.advance(SECOND_MS);
    }
    await sweeper.stop();
    const counts = await compareMinutes(module);
    expect(counts).toMatchObject({ minutes: 5, missing: 0, refused: 0 });
    expect(counts.chains).toBe(5 * 206);
    expect(counts.legs).toBeGreaterThan(5 * 14_000);
    expect(pages.at(-1)).toBe(206);
    const calls = simulator.calls.list('quotes-v3');
    expect(calls.filter(({ status }) => status !== 200)).toEqual([]);
    expect(calls.length).toBeGreaterThanOrEqual(5 * 30);
    expect(calls.length).toBeLessThanOrEqual(5 * 56);
  }, 240_000);

  it('should sweep the rest beside watched chains for more than half an hour, each in every minute, with a part of the budget to spare', async () => {
    const clock = new ManualClock(istAt(DATE, '12:04') + SECOND_MS);
    const { module, simulator } = await start(clock);
    const [sweeper, collector] = [module.get(Sweeper), module.get(Collector)];
    const stocks = (await module.get(InstrumentsService).underlyings(DATE)).filter(({ symbol }) =>
      truth.has(symbol),
    );
    const watched = stocks
      .slice(0, 12)
      .map(({ key, nearestExpiry }) => ({ underlying: key, expiry: nearestExpiry! }));
    for (const chain of watched) module.get(WatchRegistry).enter(chain);
    while (clock.now() < istAt(DATE, '12:36')) {
      await Promise.all([collector.tick(), sweeper.tick()]);
      await sweeper.idle();
      clock.advance(SECOND_MS);
    }
    await collector.stop();
    await sweeper.stop();
    const apart = new Map<number, number>();
    const store = module.get(SnapshotStore);
    const ids = await Promise.all(watched.map((chain) => store.findChain(chain)));
    for await (const { universe, frame } of module.get(MinuteStore).frames(0, Date.UTC(2030, 0)))
      for (const id of ids) {
        const mark = frame.marks[universe.chainIds.indexOf(id!)]!;
        if (mark >= CAPTURED_APART) apart.set(id!, (apart.get(id!) ?? 0) + 1);
      }
    expect([...apart.values()]).toEqual(new Array(12).fill(32));
    expect(await compareMinutes(module)).toMatchObject({
      minutes: 32,
      chains: 32 * 206,
      missing: 0,
      refused: 0,
    });
    const calls = (api: 'option-chain' | 'quotes-v3') => simulator.calls.list(api);
    expect(calls('option-chain')).toHaveLength(32 * 12);
    expect([...calls('option-chain'), ...calls('quotes-v3')].filter(({ status }) => status !== 200)).toEqual(
      [],
    );
    for (const api of ['option-chain', 'quotes-v3'] as const)
      // The broker counts each API by itself. Fifteen per cent of its half hour are left over.
      expect(mostWithin(30 * MINUTE_MS, calls(api))).toBeLessThanOrEqual(0.85 * 2000);
    expect(calls('quotes-v3').length).toBeGreaterThan(32 * 28);
    expect(calls('quotes-v3').length).toBeLessThanOrEqual(32 * CALLS_A_SLOT);
  }, 240_000);

  it('should keep to the limits and to the truth at 60 times the speed, whatever it misses on the way', async () => {
    const clock = new VirtualClock(istAt(DATE, '13:30'), 60);
    const { module, simulator } = await start(clock);
    const sweeper = module.get(Sweeper);
    const ticking = setInterval(() => void sweeper.tick(), 16);
    try {
      const metrics = module.get(SweepMetrics);
      await until('six swept minutes', () => metrics.minutesStored >= 6, 180_000);
    } finally {
      clearInterval(ticking);
    }
    await sweeper.stop();
    const counts = await compareMinutes(module);
    expect(counts.minutes).toBeGreaterThanOrEqual(6);
    expect(counts.legs).toBeGreaterThan(0);
    const refusals = simulator.calls.list('quotes-v3').filter(({ status }) => status === 429);
    expect(refusals).toEqual([]);
  }, 240_000);

  /** Symbols by the number of the chain. */
  async function chainNames(module: TestingModule): Promise<Map<number, string>> {
    const [instruments, store] = [module.get(InstrumentsService), module.get(SnapshotStore)];
    const names = new Map<number, string>();
    for (const { key, symbol, nearestExpiry } of await instruments.underlyings(
      istDate(istAt(DATE, '11:00')),
    )) {
      const id = await store.findChain({ underlying: key, expiry: nearestExpiry! });
      if (id !== null) names.set(id, symbol);
    }
    return names;
  }
});

/** The most calls that any span of so many ms holds. */
function mostWithin(span: number, calls: readonly { at: number }[]): number {
  return Math.max(...calls.map(({ at }) => calls.filter((one) => one.at > at - span && one.at <= at).length));
}

interface Values {
  oi: number | null;
  ltp: number | null;
  volume: number | null;
}

/** A zero may be stored as unknown: the rules do not believe each. */
function isSame(stored: { oi: number; ltp: number; volume: number }, expected: Values | null): boolean {
  const same = (value: number, of: number | null | undefined): boolean => Object.is(value, of ?? NaN);
  if (!same(stored.ltp, expected?.ltp) || !same(stored.volume, expected?.volume)) return false;
  return same(stored.oi, expected?.oi) || (expected?.oi === 0 && Number.isNaN(stored.oi));
}
