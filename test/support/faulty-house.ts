import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext, Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { Clock } from '../../server/clock/clock.js';
import { CONFIG, type Config } from '../../server/config/config.js';
import { loadConfig } from '../../server/config/load-config.js';
import { CollectorLease } from '../../server/database/lease.js';
import type { ChainId } from '../../server/domain/contract.js';
import { istAt } from '../../server/domain/slot.js';
import { MINUTE_MS, SECOND_MS, type EpochMs } from '../../server/domain/units.js';
import { TrackerIoAdapter } from '../../server/gateway/tracker-io.adapter.js';
import { applySecurity } from '../../server/http/security.js';
import { InstrumentsService } from '../../server/instruments/instruments.service.js';
import type { FeedStatus, Table } from '../../server/protocol/index.js';
import { ServerModule } from '../../server/server.module.js';
import { Backfill } from '../../server/snapshot/backfill.js';
import { ChainService } from '../../server/snapshot/chain-service.js';
import { Collector } from '../../server/snapshot/collector.js';
import { SnapshotMetrics } from '../../server/snapshot/metrics.js';
import { SnapshotStore } from '../../server/snapshot/snapshot-store.js';
import { StatusService } from '../../server/snapshot/status-service.js';
import { TimeCheck } from '../../server/snapshot/time-check.js';
import { startSimulator } from '../../server/simulator/index.js';
import { Broker } from '../../server/upstox/broker.js';
import { BrokerMetrics } from '../../server/upstox/broker-metrics.js';
import type { RetryPolicy } from '../../server/upstox/retry.js';
import { ClockSkew } from '../../server/upstox/clock-skew.js';
import { UpstoxClient } from '../../server/upstox/upstox-client.js';
import { DrivenClock } from './driven-clock.js';
import { answersAt, FaultyMarket, NIFTY } from './faulty-market.js';
import { until } from './harness-program.js';
import { connect, Recorder, type ScreenSocket } from './sockets.js';
import { compareTable, truthOf } from './truth/index.js';

export { NIFTY, NIFTY_NEXT, FaultyMarket, withCell } from './faulty-market.js';
export { until } from './harness-program.js';

/** A Tuesday on which NIFTY has an expiry. */
export const DAY = '2026-08-18';
/** A moment of that day, IST. */
export const at = (time: string): EpochMs => istAt(DAY, time);

export interface FaultyHouseOptions {
  /** IST time of day, or epoch ms. At the open unless told: nothing has to be rebuilt then. */
  at?: string | EpochMs;
  market?: FaultyMarket;
  /** Folder of an earlier house, to restart on its database. It stays when the house closes. */
  dir?: string;
  env?: Record<string, string>;
  /** The broker client's patience, real time; the real one takes seconds. */
  retry?: Partial<RetryPolicy>;
  /** Options of the socket engine, such as a shorter ping. */
  sockets?: Record<string, unknown>;
}

/** What the helpers of a house work with. */
interface Parts {
  base: string;
  clock: DrivenClock;
  /** `level message` of every log line. */
  lines: string[];
  chains: ChainService;
  collector: Collector;
  get: <T>(type: Type<T> | (abstract new (...args: never[]) => T)) => T;
}

export type FaultyHouse = Awaited<ReturnType<typeof openFaultyHouse>>;

/** How long a tick may take, real time, on a busy machine. */
const PATIENCE_MS = 30_000;

class QuickAdapter extends TrackerIoAdapter {
  constructor(
    app: INestApplicationContext,
    config: Config,
    private readonly extra: Record<string, unknown>,
  ) {
    super(app, config);
  }

  override createIOServer(port: number, options?: Parameters<TrackerIoAdapter['createIOServer']>[1]) {
    return super.createIOServer(port, { ...options, ...this.extra } as typeof options);
  }
}

/**
 * The whole server (scheduler, gateway, health, the real broker client over HTTP) beside the simulator, in this process
 * and on one clock that a test drives: faults are injected into the simulator, and what the log, the screens and the
 * database say is compared. Captures and statuses tick when the test lets time pass; the other jobs by themselves.
 */
export async function openFaultyHouse(options: FaultyHouseOptions = {}) {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'oi-tracker-faults-')));
  const start = options.at ?? '09:15';
  const clock = new DrivenClock(typeof start === 'string' ? at(start) + SECOND_MS : start);
  const market = options.market ?? new FaultyMarket();
  const simulator = await startSimulator({ market, now: () => clock.now() });
  const config = loadConfig({
    DATABASE_URL: `sqlite:${join(dir, 'tracker.db')}`,
    PINNED: 'NIFTY',
    PORT: '0',
    UPSTOX_API_URL: simulator.url,
    UPSTOX_ASSETS_URL: simulator.url,
    UPSTOX_ACCESS_TOKEN: 'demo',
    // It runs by itself and stores minutes too: how many, the pace of the machine would decide.
    MARKET_SWEEP: 'off',
    ...options.env,
  });
  const lines: string[] = [];
  const write =
    (level: string) =>
    (...parts: unknown[]): void =>
      void lines.push(
        `${level} ${parts.map((part) => (typeof part === 'object' ? '' : String(part))).join(' ')}`,
      );
  const module = await Test.createTestingModule({ imports: [ServerModule.with(config, clock)] })
    .overrideProvider(Broker)
    .useFactory({
      factory: (cfg: Config, time: Clock, metrics: BrokerMetrics, skew: ClockSkew) =>
        new UpstoxClient({ addresses: cfg.upstox, clock: time, metrics, skew, retry: { ...options.retry } }),
      inject: [CONFIG, Clock, BrokerMetrics, ClockSkew],
    })
    .setLogger({
      log: write('log'),
      warn: write('warn'),
      error: write('error'),
      debug: write('debug'),
      verbose: write('verbose'),
    })
    .compile();
  const app = module.createNestApplication<NestExpressApplication>({ forceCloseConnections: true });
  applySecurity(app, config);
  app.useWebSocketAdapter(new QuickAdapter(app, config, options.sockets ?? {}));
  await app.listen(0, '127.0.0.1');
  const get = <T>(type: Type<T> | (abstract new (...args: never[]) => T)): T => app.get<T>(type as Type<T>);
  for (const job of ['capture', 'status', 'clock']) get(SchedulerRegistry).deleteInterval(job);
  const base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const parts: Parts = { base, clock, get, lines, chains: get(ChainService), collector: get(Collector) };
  const house = {
    ...parts,
    app,
    config,
    dir,
    market,
    simulator,
    faults: simulator.faults,
    metrics: get(SnapshotMetrics),
    /** Lets so many seconds of market time pass, the collector and the status ticking at each. */
    live: (seconds: number) => live(parts, seconds),
    /** One tick in each of so many minutes, two seconds into it, beginning with the minute under way. */
    minutes: (count: number) => minutes(parts, count),
    /** Ticks without letting time pass; resolves when the capture is settled or waits for the clock. */
    tick: () => tick(parts),
    /** Moves the clock to an IST time of day and ticks. */
    at: (time: string) => {
      clock.set(at(time));
      return tick(parts);
    },
    /** Log lines that hold all of these. */
    logged: (...parts: string[]) => lines.filter((line) => parts.every((part) => line.includes(part))),
    /** What is stored of a chain: its slots as IST minutes with where each came from. */
    stored: (chain: ChainId = NIFTY) => stored(parts, chain),
    refusals: (chain: ChainId = NIFTY) => refusals(parts, chain),
    /** What the independent checker has against the newest table. Live slots of an unspoiled market only. */
    untruths: (chain: ChainId = NIFTY) => untruths(parts, chain),
    /** A signed-in screen that watches a chain. */
    screen: (chain: ChainId = NIFTY) => openScreen(parts, chain),
    signIn: () => signIn(base),
    /** Resolves when no back-fill of the chain is under way. */
    rebuilt: (chain: ChainId = NIFTY) => rebuilt(parts, chain),
    integrity: async (): Promise<string> => {
      const [row]: { integrity_check: string }[] = await get(DataSource).query('PRAGMA integrity_check');
      return row?.integrity_check ?? 'no answer';
    },
    /** @param keep leaves the folder, for a restart. */
    close: async (keep = options.dir !== undefined): Promise<void> => {
      simulator.faults.clear();
      await app.close();
      await simulator.close();
      if (!keep) await rm(dir, { recursive: true, force: true });
    },
  };
  await until(
    () => `the lease and the first instrument list:\n${lines.join('\n')}`,
    () => get(InstrumentsService).status().asOf !== null && get(CollectorLease).held,
  );
  return house;
}

/** What the collector has under way: captures and back-fills. */
interface UnderWay {
  underWay: ReadonlyMap<string, unknown>;
  background: ReadonlySet<unknown>;
}

async function tick(house: Parts): Promise<void> {
  const { underWay, background } = house.collector as unknown as UnderWay;
  let settled = false;
  void house.collector.tick().then(() => (settled = true));
  const deadline = performance.now() + PATIENCE_MS;
  const time = house.get(TimeCheck);
  void time.tick();
  const isQuiet = (): boolean => {
    const busy = underWay.size + background.size + (time.isAsking ? 1 : 0);
    return busy === 0 ? settled : house.clock.sleepers >= busy;
  };
  while (!isQuiet()) {
    if (performance.now() > deadline)
      throw new Error(`captures neither settled nor paused:\n${house.lines.join('\n')}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  house.get(StatusService).tick();
}

async function live(house: Parts, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    house.clock.advance(SECOND_MS);
    await tick(house);
  }
}

async function minutes(house: Parts, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const now = house.clock.now();
    const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    if (i > 0 || now < minute + 2 * SECOND_MS)
      house.clock.set(minute + (i > 0 ? MINUTE_MS : 0) + 2 * SECOND_MS);
    await tick(house);
    await rebuilt(house, NIFTY);
  }
}

async function rebuilt(house: Parts, chain: ChainId): Promise<void> {
  await until('the end of the back-fill', () => !house.get(Backfill).isRunning(chain));
}

const clockTime = (slot: number): string => new Date(slot + 330 * MINUTE_MS).toISOString().slice(11, 16);

async function stored(house: Parts, chain: ChainId): Promise<string[]> {
  const store = house.get(SnapshotStore);
  const id = await store.findChain(chain);
  if (id === null) return [];
  const slots = await store.slots(id, 0, Number.MAX_SAFE_INTEGER);
  return slots.map(({ slot, source }) =>
    source === 'live' ? clockTime(slot) : `${clockTime(slot)} ${source}`,
  );
}

async function refusals(house: Parts, chain: ChainId): Promise<string[]> {
  const store = house.get(SnapshotStore);
  const id = await store.findChain(chain);
  if (id === null) return [];
  const all = await store.refusals(id, 0, Number.MAX_SAFE_INTEGER);
  return all.map(({ slot, reason }) => `${clockTime(slot)} ${reason}`);
}

async function untruths(house: Parts, chain: ChainId): Promise<string[]> {
  const store = house.get(SnapshotStore);
  const id = await store.findChain(chain);
  const snapshots = id === null ? [] : await store.load(id, 0, Number.MAX_SAFE_INTEGER);
  const table = await house.chains.latest(chain);
  if (!table) return ['there is no table'];
  const truth = truthOf(
    answersAt(
      chain,
      snapshots.filter(({ source }) => source === 'live').map(({ capturedAt }) => capturedAt),
    ),
  );
  return compareTable(truth.at(table.slot), table);
}

/** A screen as the real client is one: its table follows the frames, its status is the newest one told. */
export class FaultyScreen {
  readonly statuses: FeedStatus[] = [];

  constructor(
    readonly socket: ScreenSocket,
    private readonly recorder: Recorder,
    private readonly chain: ChainId,
  ) {
    socket.on('feed:status', (status) => {
      if (status.chain?.expiry === chain.expiry) this.statuses.push(status);
    });
  }

  get table(): Table | null {
    return this.recorder.table;
  }

  get frames(): Recorder['frames'] {
    return this.recorder.frames;
  }

  /** See `Recorder`. */
  get asked(): number {
    return this.recorder.asked;
  }

  /** Asks for the whole table and the status, as after a lost line. */
  async look(): Promise<FeedStatus> {
    const answer = await this.recorder.watch();
    if (!answer.ok) throw new Error(`${this.chain.expiry}: ${answer.error.message}`);
    this.statuses.push(answer.status);
    return answer.status;
  }

  get status(): FeedStatus {
    const newest = this.statuses.at(-1);
    if (!newest) throw new Error('the screen was told no status');
    return newest;
  }
}

async function openScreen(house: Parts, chain: ChainId): Promise<FaultyScreen> {
  const socket = await connect(house.base, { cookie: await signIn(house.base), origin: house.base });
  const screen = new FaultyScreen(socket, new Recorder(socket, chain), chain);
  await screen.look();
  return screen;
}

/** @throws when the server refuses */
async function signIn(base: string): Promise<string> {
  const answer = await fetch(`${base}/api/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: base },
    body: JSON.stringify({ accessToken: 'demo' }),
  });
  if (!answer.ok) throw new Error(`sign-in refused: ${answer.status} ${await answer.text()}`);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}
