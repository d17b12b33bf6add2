import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DataSource, QueryFailedError } from 'typeorm';
import { applyChange, FrameMismatch } from '../../../client/lib/merge.js';
import { TokenPool } from '../../../server/auth/token-pool.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { CoreModule } from '../../../server/core.module.js';
import { WriteQueue } from '../../../server/database/write-queue.js';
import { slotOf } from '../../../server/domain/slot.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import type { Table } from '../../../server/protocol/index.js';
import { ChainService } from '../../../server/snapshot/chain-service.js';
import { Collector } from '../../../server/snapshot/collector.js';
import { Feed } from '../../../server/snapshot/feed.js';
import { QualityService } from '../../../server/snapshot/quality-service.js';
import { Broker } from '../../../server/upstox/broker.js';
import { UpstoxClient } from '../../../server/upstox/upstox-client.js';
import { chainRows, masterFile, NIFTY_INDEX, streamOf } from '../../unit/instruments/master-rows.js';
import type { DrivenClock } from '../driven-clock.js';
import type { Answer } from '../truth/index.js';
import type { SimulatedBroker } from './broker.js';
import { CHAIN, FIRST_KEY, STRIKES } from './market.js';

const ADDRESS = 'https://broker.invalid';
/** Real time in which nothing of this may take longer, however busy the machine is. */
const PATIENCE_MS = 600_000;

/** An answer that reached the server's judgement. */
export interface Delivery {
  answer: Answer;
  /** The disk did not take what came of it. */
  lost: boolean;
}

/** What of a day must outlive a restart of the server. */
export interface Ledger {
  deliveries: Delivery[];
  errors: string[];
  /** The next write of a capture meets a full disk. @returns whether it does */
  diskIsFull: () => boolean;
}

export type SimulatedHouse = Awaited<ReturnType<typeof openSimulatedHouse>>;

/** The core of the server with the real broker client, on a clock that is driven, over a database in `dir`. No sockets. */
export async function openSimulatedHouse(
  dir: string,
  clock: DrivenClock,
  broker: SimulatedBroker,
  ledger: Ledger,
) {
  const config = loadConfig({
    DATABASE_URL: `sqlite:${join(dir, 'tracker.db')}`,
    PINNED: 'NIFTY',
    UPSTOX_API_URL: ADDRESS,
    UPSTOX_ASSETS_URL: ADDRESS,
  });
  const random = (): number => broker.below(1_000) / 1_000;
  const client = new UpstoxClient({
    addresses: config.upstox,
    clock,
    retry: { random, tryMs: PATIENCE_MS, totalMs: PATIENCE_MS },
    pacing: { random },
  });
  const silent = (): void => undefined;
  const module = await Test.createTestingModule({ imports: [CoreModule.with(config, clock)] })
    .overrideProvider(Broker)
    .useValue(client)
    .setLogger({
      ...{ log: silent, warn: silent, debug: silent, verbose: silent },
      error: (message: unknown) => void ledger.errors.push(String(message)),
    })
    .compile();
  await module.init();
  const get = <T>(type: Type<T> | (abstract new (...args: never[]) => T)): T =>
    module.get<T>(type as Type<T>);
  const db = get(DataSource);
  // A power cut is not among these faults, and thousands of captures need not wait for the disk.
  await db.query('PRAGMA synchronous = OFF');
  await get(TokenPool).add({ userId: 'A', method: 'token', accessToken: 'demo', expiresAt: null });
  await importContracts(get(InstrumentsService), clock.now());
  const chains = get(ChainService);
  watchDeliveries(chains, get(WriteQueue), db, broker, ledger);
  const screen = new Screen(get(Feed), chains);
  return {
    db,
    chains,
    screen,
    quality: get(QualityService),
    settle: () => settle(get(Collector), chains, clock),
    close: () => module.close(),
  };
}

async function importContracts(instruments: InstrumentsService, asOf: number): Promise<void> {
  if (instruments.status().asOf !== null) return;
  const rows = [NIFTY_INDEX, ...chainRows(CHAIN.expiry, STRIKES, FIRST_KEY)];
  await instruments.importFrom(streamOf(masterFile(rows)), { source: 'simulation', asOf });
}

/** Notes every answer that is judged for a slot which has none yet, and lets the disk fail where the day says so. */
function watchDeliveries(
  chains: ChainService,
  writes: WriteQueue,
  db: DataSource,
  broker: SimulatedBroker,
  ledger: Ledger,
): void {
  const current = new AsyncLocalStorage<Delivery>();
  const record = chains.record.bind(chains);
  chains.record = async (chain, quote, capturedAt) => {
    const delivery = { answer: broker.told(capturedAt), lost: false };
    const settled: unknown[] = await db.query(
      'SELECT slot FROM snapshot WHERE slot = $1 UNION SELECT slot FROM refusal WHERE slot = $2',
      [slotOf(capturedAt), slotOf(capturedAt)],
    );
    // One capture a slot: a second answer changes nothing.
    if (settled.length === 0) ledger.deliveries.push(delivery);
    return current.run(delivery, () => record(chain, quote, capturedAt));
  };
  const writeFenced = writes.writeFenced.bind(writes);
  writes.writeFenced = (work) => {
    const delivery = current.getStore();
    if (!delivery || !ledger.diskIsFull()) return writeFenced(work);
    return writeFenced(async (manager) => {
      await work(manager);
      delivery.lost = true;
      const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
      throw new QueryFailedError('COMMIT', [], full);
    });
  };
}

/** A screen that lives through restarts of nothing: applies each change, and asks for the whole table after a gap. */
class Screen {
  private table: Table | null = null;

  constructor(
    feed: Feed,
    private readonly chains: ChainService,
  ) {
    feed.onTable(({ frame }) => {
      if (!this.table) return;
      try {
        this.table = applyChange(this.table, frame);
      } catch (error) {
        if (!(error instanceof FrameMismatch)) throw error;
        this.table = null;
      }
    });
  }

  /** The table shown, asked for where there is none or a change did not fit. */
  async shown(): Promise<Table | null> {
    this.table ??= await this.chains.latest(CHAIN);
    return this.table;
  }
}

interface UnderWay {
  underWay: ReadonlyMap<string, Promise<void>>;
  background: ReadonlySet<Promise<void>>;
}

/** One tick; resolves when all that it began is done or waits for the clock. @returns whether all is done */
async function settle(collector: Collector, chains: ChainService, clock: DrivenClock): Promise<boolean> {
  const { underWay, background } = collector as unknown as UnderWay;
  const busy = (): number => underWay.size + background.size;
  // A tick in a minute that has its capture finds nothing due: most of a day is that, and would cost as much as the rest.
  if (busy() === 0 && chains.stateInMemory(CHAIN)?.isSettled(slotOf(clock.now()))) return true;
  let ticked = false;
  const tick = collector.tick().then(() => void (ticked = true));
  // Woken by what can end the waiting: to ask again and again would keep the processor from the database's threads.
  while (busy() === 0 ? !ticked : clock.sleepers < busy())
    await Promise.race([clock.nextSleeper(), ...(ticked ? [] : [tick]), ...underWay.values(), ...background]);
  return busy() === 0;
}
