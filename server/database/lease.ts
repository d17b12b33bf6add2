import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { SECOND_MS } from '../domain/units.js';
import { dialectFor } from './dialect.js';
import { describeHolder, forgetHolder, isGone, newHolder } from './lease-holder.js';
import { WriteQueue, type Fence } from './write-queue.js';

/** A capture was begun by a collector that is no longer the one: another process has taken over. */
export class FenceLost extends Error {
  override readonly name = 'FenceLost';
}

/** A quarter of a slot: with the wait for the next try a successor is there well within one. */
const TTL_MS = 15 * SECOND_MS;
/** At a high clock rate, real ms: a busy machine must not lose the lease to a hiccup. */
const SHORTEST_TTL_MS = 600;
/** One process is meant to use the database; a dead one is recognised by its number, so this may be long. */
const ALONE_TTL_MS = 60 * SECOND_MS;
const RENEWALS_A_TTL = 5;

/**
 * Who collects, among the processes that share a database: one row, held for seconds at a time by the database's clock.
 * A take-over raises the fence number, and each capture is committed only while its number still stands, so that two
 * collectors never write and one that was paused cannot when it wakes up
 * (https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
 *
 * Until `begin` is called this process is taken for the only one: commands and tests that run no schedule.
 */
@Injectable()
export class CollectorLease implements Fence {
  /** The fence number of this process's newest holding; 0 before the first. */
  epoch = 0;
  /** Captures that the fence refused, and how often this process became the collector. */
  refusedWrites = 0;
  takeovers = 0;
  /** Who holds the lease as of the last look; `null` before the first and while nobody does. */
  holder: string | null = null;
  readonly me = newHolder();
  /** Whether other processes are expected: a database that machines can share, or a Redis to tell each other news. */
  readonly isShared: boolean;
  private readonly log = new Logger('Collector');
  private readonly ttlMs: number;
  private governed = false;
  private ready = false;
  /** By `performance.now()`: the process's own, earlier idea of when the lease ends. */
  private validUntil = 0;
  private onTake: () => Promise<unknown> = () => Promise.resolve();
  private warnedOf: string | null = null;

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(CONFIG) config: Config,
  ) {
    this.isShared = config.database.kind === 'postgres' || config.redisUrl !== null;
    this.ttlMs = this.isShared ? Math.max(SHORTEST_TTL_MS, TTL_MS / config.clock.rate) : ALONE_TTL_MS;
  }

  /** Whether this process may ask the broker now. */
  get held(): boolean {
    return !this.governed || (this.ready && performance.now() < this.validUntil);
  }

  /** How often `renew` wants to be called, ms of real time. */
  get renewEveryMs(): number {
    return this.ttlMs / RENEWALS_A_TTL;
  }

  /**
   * Puts this process under the lease and tries to take it.
   * @param onTake brings what is in memory up to date; the collection begins when it is done.
   */
  async begin(onTake: () => Promise<unknown>): Promise<void> {
    this.governed = true;
    this.onTake = onTake;
    this.writes.fence = this;
    await this.renew();
  }

  /** Extends the lease, or takes it when it is free. @throws the database's error; the lease then runs out by itself. */
  async renew(): Promise<void> {
    const asked = performance.now();
    await this.claim(this.me);
    let row = await this.read();
    if (row.holder !== this.me && !this.isShared && isGone(row.holder)) {
      await this.claim(row.holder);
      row = await this.read();
    }
    this.holder = row.holder === '' ? null : row.holder;
    if (row.holder === this.me) await this.won(row.fence, asked);
    else this.lost();
  }

  /** Gives the lease back, so that a successor need not wait for its end. */
  async release(): Promise<void> {
    if (!this.governed) return;
    this.ready = false;
    forgetHolder(this.me);
    await this.run((db) =>
      db.query(`UPDATE lease SET holder = '', expires_at = 0 WHERE name = 'collector' AND holder = $1`, [
        this.me,
      ]),
    );
  }

  async check(tx: EntityManager, epoch: number): Promise<void> {
    const rows: { holder: string; fence: number | string }[] = await tx.query(
      `SELECT holder, fence FROM lease WHERE name = 'collector'${dialectFor(this.db).lockRow}`,
    );
    const row = rows[0];
    const isMine = row?.holder === this.me;
    if (isMine && Number(row.fence) === epoch) return;
    this.refusedWrites += 1;
    if (isMine)
      throw new FenceLost('Another process has collected in between: what is from before was not stored.');
    this.lost();
    throw new FenceLost(
      `Another process collects by now (${row ? describeHolder(row.holder) : 'nobody knows which'}): ` +
        'what this one captured was not stored.',
    );
  }

  /** One statement, so that of two who try at the same moment one wins. */
  private async claim(from: string): Promise<void> {
    const { now } = dialectFor(this.db);
    await this.run((db) =>
      db.query(
        `UPDATE lease SET fence = fence + CASE WHEN holder = $1 THEN 0 ELSE 1 END, holder = $1,
           expires_at = ${now} + ${Math.round(this.ttlMs)}
         WHERE name = 'collector' AND (holder = $1 OR holder = $2 OR holder = '' OR expires_at <= ${now})`,
        [this.me, from],
      ),
    );
  }

  private async read(): Promise<{ holder: string; fence: number }> {
    const rows: { holder: string; fence: number | string }[] = await this.writes.dataSource.query(
      "SELECT holder, fence FROM lease WHERE name = 'collector'",
    );
    const row = rows[0];
    if (!row) throw new Error('The row of the lease is missing from the database.');
    return { holder: row.holder, fence: Number(row.fence) };
  }

  private async won(fence: number, asked: number): Promise<void> {
    const isNew = !this.ready || this.epoch !== fence;
    this.epoch = fence;
    this.validUntil = asked + this.ttlMs;
    if (!isNew) return;
    this.ready = false;
    await this.onTake();
    this.ready = true;
    this.takeovers += 1;
    this.warnedOf = null;
    if (this.isShared) this.log.log(`this process collects from now on (fence ${fence})`);
  }

  private lost(): void {
    if (this.ready) this.log.warn('another process collects from now on');
    this.ready = false;
    if (this.isShared || this.holder === null || this.holder === this.me || this.warnedOf === this.holder)
      return;
    this.warnedOf = this.holder;
    this.log.warn(
      `Another server (${describeHolder(this.holder)}) uses this database and collects into it. This one shows its ` +
        'tables and collects nothing until that one ends. Stop one of the two.',
    );
  }

  /** Beside the reads (see `openWriter`). SQLite has one connection: a plain statement beside an open transaction would be rolled back with it. */
  private run(work: (db: DataSource | EntityManager) => Promise<unknown>): Promise<unknown> {
    return dialectFor(this.db).kind === 'sqlite' ? this.writes.write(work) : work(this.writes.dataSource);
  }
}
