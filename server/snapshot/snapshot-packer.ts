import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { WriteQueue } from '../database/write-queue.js';
import { addDays, istDate, istMidnight } from '../domain/slot.js';
import { DAY_MS, type EpochMs, type IsoDate } from '../domain/units.js';
import type { CountedSnapshot } from './day-codec.js';
import { SnapshotDays } from './snapshot-days.js';
import { SnapshotStore } from './snapshot-store.js';

/** What packing did. */
export interface PackedSnapshots {
  /** Days of a chain. */
  days: number;
  snapshots: number;
  /** Snapshots that stay as they are: they cannot be read, or their packed day cannot. */
  left: number;
}

/**
 * Packs the snapshots of past days, a chain and day at a time: one transaction reads them, compares what the block
 * gives back with them, bit for bit, and only then deletes them.
 */
@Injectable()
export class SnapshotPacker {
  private readonly log = new Logger(SnapshotPacker.name);

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SnapshotStore) private readonly store: SnapshotStore,
    @Inject(SnapshotDays) private readonly days: SnapshotDays,
  ) {}

  /** Packs what is stored of every day before today. */
  async run(): Promise<PackedSnapshots> {
    const today = istMidnight(istDate(this.clock.now()));
    const done: PackedSnapshots = { days: 0, snapshots: 0, left: 0 };
    const chains: { id: number }[] = await this.db.query('SELECT id FROM chain ORDER BY id');
    for (const { id } of chains)
      for (let date = await this.next(id, 0, today); date !== null;) {
        await this.pack(id, date, done);
        date = await this.next(id, istMidnight(addDays(date, 1)), today);
      }
    if (done.days > 0 || done.left > 0)
      this.log.log(
        `${done.snapshots} snapshots packed into ${done.days} days of chains` +
          (done.left > 0 ? `, ${done.left} cannot be packed and stay` : ''),
      );
    return done;
  }

  private async pack(id: number, date: IsoDate, done: PackedSnapshots): Promise<void> {
    const from = istMidnight(date);
    await this.writes.writeFenced(async (tx) => {
      const { readable, unreadable } = await this.store.stored(tx, id, from, from + DAY_MS - 1);
      const packed = await this.days.day(tx, id, date);
      done.left += unreadable + (packed ? 0 : readable.length);
      if (!packed || readable.length === 0) return;
      await this.days.put(tx, id, date, mergedDay(packed, readable));
      for (const { snapshot } of readable)
        await tx.query('DELETE FROM snapshot WHERE chain_id = $1 AND slot = $2', [id, snapshot.slot]);
      done.days += 1;
      done.snapshots += readable.length;
    });
  }

  /** The first date of a chain at or after `from` of which anything is stored unpacked. */
  private async next(id: number, from: EpochMs, before: EpochMs): Promise<IsoDate | null> {
    const rows: { slot: number | string | null }[] = await this.db.query(
      'SELECT min(slot) AS slot FROM snapshot WHERE chain_id = $1 AND slot >= $2 AND slot < $3',
      [id, from, before],
    );
    const slot = rows[0]?.slot ?? null;
    return slot === null ? null : istDate(Number(slot));
  }
}

/** Both in one, by slot; a slot that both have stays as it was packed. */
export function mergedDay(
  packed: readonly CountedSnapshot[],
  late: readonly CountedSnapshot[],
): CountedSnapshot[] {
  const bySlot = new Map([...late, ...packed].map((one) => [one.snapshot.slot, one]));
  return [...bySlot.values()].sort((a, b) => a.snapshot.slot - b.snapshot.slot);
}
