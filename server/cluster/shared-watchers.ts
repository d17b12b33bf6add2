import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { Clock } from '../clock/clock.js';
import { CollectorLease } from '../database/lease.js';
import { dialectFor } from '../database/dialect.js';
import { WriteQueue } from '../database/write-queue.js';
import { SECOND_MS } from '../domain/units.js';
import { WatchRegistry } from '../snapshot/watch-registry.js';

/** How long what a process said of its screens stands without being said again, in the clock's time. */
const STANDS_MS = 15 * SECOND_MS;
const SHORTEST_STAND_MS = 1_500;
/** So often within that time it is said again. */
const TIMES = 3;
/** Chains of one process at most: what else it watches waits. */
const CHAINS_A_PROCESS = 2_000;

const watchingSchema = z.array(
  z.strictObject({
    chain: z.strictObject({ underlying: z.string().min(1).max(100), expiry: z.iso.date() }),
    watchers: z.int().min(0),
  }),
);

/** Tells the other processes what the screens here watch, and learns what theirs do: the collector collects for all. */
@Injectable()
export class SharedWatchers {
  private readonly standsMs: number;
  private said = { text: '', at: -Infinity };

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
    @Inject(WatchRegistry) private readonly registry: WatchRegistry,
    @Inject(Clock) clock: Clock,
  ) {
    this.standsMs = Math.max(SHORTEST_STAND_MS, STANDS_MS / clock.rate);
  }

  /** Says what has changed here, or is due to be said again, and reads what the others say. */
  async beat(): Promise<void> {
    if (!this.lease.isShared) return;
    await this.say();
    this.registry.setElsewhere(await this.others());
  }

  /** Takes back what this process said. */
  async leave(): Promise<void> {
    if (this.lease.isShared && this.said.text !== '')
      await this.writes.write((tx) => tx.query('DELETE FROM gateway WHERE id = $1', [this.lease.me]));
  }

  private async say(): Promise<void> {
    this.registry.wanted();
    const text = JSON.stringify(this.registry.here().slice(0, CHAINS_A_PROCESS));
    const now = performance.now();
    if (text === this.said.text && now - this.said.at < this.standsMs / TIMES) return;
    const { now: databaseNow } = dialectFor(this.db);
    await this.writes.write(async (tx) => {
      await tx.query(
        `INSERT INTO gateway (id, seen_at, watching) VALUES ($1, ${databaseNow}, $2)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, watching = excluded.watching`,
        [this.lease.me, text],
      );
      await tx.query(`DELETE FROM gateway WHERE seen_at < ${databaseNow} - ${10 * this.standsMs}`);
    });
    this.said = { text, at: now };
  }

  private async others() {
    const { now } = dialectFor(this.db);
    const rows: { watching: string }[] = await this.db.query(
      `SELECT watching FROM gateway WHERE id <> $1 AND seen_at > ${now} - ${Math.round(this.standsMs)}`,
      [this.lease.me],
    );
    return rows.flatMap((row) => watchingSchema.parse(JSON.parse(row.watching)));
  }
}
