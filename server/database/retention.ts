import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { addDays, istDate, istMidnight } from '../domain/slot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import { WriteQueue } from './write-queue.js';

/** Tables with a row for each chain and slot, and those with a row for each slot of the whole market. */
const BY_CHAIN = ['snapshot', 'refusal', 'wanted_since'] as const;
const BY_SLOT = ['minute'] as const;
/** Tables with rows for each day. */
const BY_DATE = ['snapshot_day', 'day_chunk', 'day_packed'] as const;

/**
 * Deletes minutes that are older than the owner wants to keep; off unless RETENTION_DAYS is set. Today's and
 * yesterday's are never deleted, whatever it says. SQLite reuses the space; the file does not shrink.
 */
@Injectable()
export class Retention {
  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The first IST date that is kept; null when everything is. */
  keptSince(): IsoDate | null {
    const { retentionDays } = this.config;
    if (retentionDays === 0) return null;
    return addDays(istDate(this.clock.now()), -Math.max(1, retentionDays));
  }

  /**
   * Deletes what is too old, a day of a chain at a time, so that captures are held up by milliseconds at most.
   * @returns how many rows were deleted.
   */
  async run(): Promise<number> {
    const since = this.keptSince();
    if (since === null) return 0;
    let deleted = 0;
    const chains: { id: number }[] = await this.db.query('SELECT id FROM chain ORDER BY id');
    for (const table of BY_CHAIN)
      for (const { id } of chains) deleted += await this.deleteDays(table, since, id);
    for (const table of BY_SLOT) deleted += await this.deleteDays(table, since, null);
    for (const table of BY_DATE) deleted += await this.deleteDates(table, since);
    return deleted;
  }

  private async deleteDays(table: string, since: IsoDate, chain: number | null): Promise<number> {
    const cutoff = istMidnight(since);
    let deleted = 0;
    for (;;) {
      const oldest = await this.oldestSlot(table, chain);
      if (oldest === null || oldest >= cutoff) return deleted;
      // Never beyond the end of that day: `since` begins a day, so this stays below the cutoff.
      const end = istMidnight(addDays(istDate(oldest), 1));
      const where = chain === null ? 'slot < $1' : 'slot < $1 AND chain_id = $2';
      const rows = await this.delete(table, where, chain === null ? [end] : [end, chain]);
      if (rows === 0) throw new Error(`Nothing could be deleted from ${table}.`);
      deleted += rows;
    }
  }

  private async oldestSlot(table: string, chain: number | null): Promise<EpochMs | null> {
    const where = chain === null ? '' : ' WHERE chain_id = $1';
    const rows: { slot: number | string | null }[] = await this.db.query(
      `SELECT min(slot) AS slot FROM ${table}${where}`,
      chain === null ? [] : [chain],
    );
    const slot = rows[0]?.slot ?? null;
    return slot === null ? null : Number(slot);
  }

  private async deleteDates(table: string, since: IsoDate): Promise<number> {
    const dates: { date: IsoDate }[] = await this.db.query(
      `SELECT DISTINCT date FROM ${table} WHERE date < $1 ORDER BY date`,
      [since],
    );
    let deleted = 0;
    for (const { date } of dates) deleted += await this.delete(table, 'date = $1', [date]);
    return deleted;
  }

  /** @param table one of the names above, never from outside. */
  private delete(table: string, where: string, parameters: (number | string)[]): Promise<number> {
    return this.writes.write(async (tx) => {
      const runner = tx.queryRunner;
      if (!runner) throw new Error('Rows are only deleted inside a transaction.');
      const result = await runner.query(`DELETE FROM ${table} WHERE ${where}`, parameters, true);
      return result.affected ?? 0;
    });
  }
}
