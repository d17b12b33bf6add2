import { DataSource } from 'typeorm';
import { istAt } from '../../server/domain/slot.js';
import type { Simulator } from '../../server/simulator/index.js';
import { ownDatabase } from '../medium/cluster/databases.js';
import {
  balancer,
  brokerOn,
  newSecret,
  OwnRedis,
  sharedClock,
  startMember,
  type Server,
  type SharedClock,
} from './cluster.js';
import { nearestChain } from './harness-chains.js';
import { closeSockets, metric, Visitor } from './harness-client.js';
import { cleanUp, Program, until } from './harness.js';
import { Watcher } from './harness-watch.js';
import { OwnPostgres } from './own-postgres.js';
import { MINUTE } from './truth/index.js';

const DATE = '2026-08-18';
/**
 * By itself a slot takes 15 seconds and the lease lasts 3.75: room for a busy machine. No test waits for a slot to go
 * by, `minutes` moves the clock on when the slot has been shown.
 */
export const RATE = 4;
/** What a busy machine may take for something that takes a second. */
const PATIENCE_MS = 90_000;
/** And for a program to start, which takes seconds by itself. */
const STARTING_MS = 240_000;

/** A database that a room may use, and what is known of its server. */
interface RoomDatabase {
  url: string;
  /** The server itself, where it is the room's own. */
  server: OwnPostgres | null;
  remove(): Promise<void>;
}

/** A PostgreSQL server of the room's own where the machine has its programs, else a database on the machine's server. */
async function roomDatabase(): Promise<RoomDatabase> {
  if (OwnPostgres.lacking !== null) return { ...(await ownDatabase('postgres')), server: null };
  const server = await OwnPostgres.start();
  return { url: server.url, server, remove: () => server.remove() };
}

type Chain = Watcher['chain'];
type Ending = () => unknown;

/** Newest first; one that fails does not stop the others. @throws what failed */
async function endAll(endings: Ending[]): Promise<void> {
  const failed: unknown[] = [];
  for (const end of endings.splice(0).reverse())
    try {
      await end();
    } catch (error) {
      failed.push(error);
    }
  if (failed.length > 0)
    throw new AggregateError(failed, 'not everything in the machine room could be ended');
}

/** Two servers on one PostgreSQL, one Redis and one clock, with a broker before them and a balancer behind. */
export class MachineRoom {
  /** Those that run; one that is killed is replaced by the test. */
  servers: Server[] = [];
  visitor!: Visitor;
  /** The nearest of NIFTY. */
  chain!: Chain;
  private readonly secret = newSecret();
  private readonly screens: Watcher[] = [];

  private constructor(
    readonly clock: SharedClock,
    readonly database: RoomDatabase,
    readonly redis: OwnRedis,
    readonly broker: Simulator,
    readonly db: DataSource,
    /** Undo what has been started, newest first. */
    private readonly endings: Ending[],
  ) {}

  /** @throws when a part does not start; then nothing of the others is left behind */
  static async open(): Promise<MachineRoom> {
    const endings: Ending[] = [() => cleanUp()];
    try {
      return await MachineRoom.build(endings);
    } catch (error) {
      await endAll(endings);
      throw error;
    }
  }

  private static async build(endings: Ending[]): Promise<MachineRoom> {
    const clock = sharedClock(istAt(DATE, '10:30'), RATE);
    const database = await roomDatabase();
    endings.push(() => database.remove());
    const redis = await OwnRedis.start();
    endings.push(() => redis.kill());
    const broker = await brokerOn(clock, DATE);
    endings.push(() => broker.close());
    const db = new DataSource({ type: 'postgres', url: database.url, poolErrorHandler: () => undefined });
    const room = new MachineRoom(clock, database, redis, broker, db, endings);
    await room.man();
    return room;
  }

  /** Starts the servers, at once and on an empty database, and what stands before and behind them. */
  private async man(): Promise<void> {
    this.endings.push(() => Program.killAll());
    this.servers = await Promise.all([this.member(), this.member()]);
    const front = await balancer(() => this.servers.filter(({ program }) => !program.ended));
    this.endings.push(() => front.close());
    this.endings.push(() => this.db.isInitialized && this.db.destroy());
    await this.db.initialize();
    this.visitor = await Visitor.enter(front.url);
    // The one that does not collect learns of the list from the database.
    for (const server of this.servers) await nearestChain(this.at(server), 'NIFTY', PATIENCE_MS);
    this.chain = await nearestChain(this.visitor, 'NIFTY');
  }

  async close(): Promise<void> {
    closeSockets();
    await endAll(this.endings);
  }

  /** The balancer's address. */
  get url(): string {
    return this.visitor.base;
  }

  /** Starts one more server. */
  member(): Promise<Server> {
    const urls = { database: this.database.url, redis: this.redis.url, broker: this.broker.url };
    return startMember(this.clock, urls, this.secret, STARTING_MS);
  }

  /** The same person, straight to one of the servers. */
  at(server: Server): Visitor {
    return new Visitor(server.url, this.visitor.cookie);
  }

  metric(server: Server, name: string, labels: Record<string, string> = {}): Promise<number> {
    return metric(this.at(server), name, labels);
  }

  async collects(server: Server): Promise<boolean> {
    return (await this.metric(server, 'oi_collects').catch(() => 0)) === 1;
  }

  /** The server that collects, once there is one. */
  collector(): Promise<Server> {
    return this.until('a collector', async () => {
      for (const server of this.servers)
        if (!server.program.ended && (await this.collects(server))) return server;
      return null;
    });
  }

  otherThan(server: Server): Server {
    return this.servers.find((one) => one !== server)!;
  }

  /** A screen on one server, or behind the balancer. @param comesBack whether it connects again by itself */
  async screen(server: Server | null = null, of = this.chain, comesBack = false): Promise<Watcher> {
    const through = server ? this.at(server) : this.visitor;
    const screen = await Watcher.open(await through.socket(comesBack), of);
    this.screens.push(screen);
    return screen;
  }

  /**
   * Goes through slots: moves the clock to the next one and waits until the screens show it, `count` times.
   * @param screens all that are connected, unless told
   */
  async minutes(count: number, screens?: readonly Watcher[]): Promise<void> {
    for (let i = 0; i < count; i++) {
      const slot = this.slotNow() + MINUTE;
      this.clock.skipTo(slot + 1_000);
      const watching = screens ?? this.screens.filter(({ isConnected }) => isConnected);
      await Promise.all(
        watching.map((one) => one.when(`slot ${slot}`, (table) => table.slot >= slot, PATIENCE_MS)),
      );
    }
  }

  slotNow(): number {
    return Math.floor(this.clock.now() / MINUTE) * MINUTE;
  }

  /** The slots of a chain that were captured live, as the database has them. */
  async slots(of = this.chain): Promise<number[]> {
    const rows: { slot: string }[] = await this.db.query(
      `SELECT slot FROM snapshot s JOIN chain c ON c.id = s.chain_id
       WHERE c.underlying_key = $1 AND c.expiry = $2 AND s.source = 0 ORDER BY slot`,
      [of.underlying, of.expiry],
    );
    return rows.map(({ slot }) => Number(slot));
  }

  /** Calls for a chain that came to the broker, by slot. */
  callsBySlot(of = this.chain): Map<number, number> {
    const counts = new Map<number, number>();
    for (const { at: time, subject } of this.broker.calls.list('option-chain'))
      if (subject.includes(encodeURIComponent(of.underlying)) && subject.includes(of.expiry)) {
        const slot = Math.floor(time / MINUTE) * MINUTE;
        counts.set(slot, (counts.get(slot) ?? 0) + 1);
      }
    return counts;
  }

  /**
   * Holds up whatever needs what a statement locks.
   * @returns a function that lets it go on; closing the room does so, too
   */
  async holdUp(locking: string, values: unknown[] = []): Promise<() => Promise<void>> {
    const runner = this.db.createQueryRunner();
    const letGo = async (): Promise<void> => {
      if (runner.isReleased) return;
      try {
        await runner.rollbackTransaction();
      } finally {
        await runner.release();
      }
    };
    await runner.startTransaction();
    this.endings.push(letGo);
    await runner.query(locking, values);
    return letGo;
  }

  until<T>(what: string, check: () => Promise<T | null | false> | T | null | false): Promise<T> {
    return until(what, check, PATIENCE_MS);
  }
}

/** Slots from one stored to the next; 1 where none is missing. */
export const steps = (slots: readonly number[]): number[] =>
  slots.slice(1).map((slot, i) => (slot - slots[i]!) / MINUTE);
