import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { WriteQueue } from '../../database/write-queue.js';
import { istMidnight } from '../../domain/slot.js';
import { DAY_MS, type EpochMs, type IsoDate, type Slot } from '../../domain/units.js';
import { CorruptBlock } from './block.js';
import type { ChainDay } from './chain-day.js';
import { decodeChunk, encodeChunk } from './day-chunk.js';

/** Days of chains, each packed in one block. */
@Injectable()
export class ChunkStore {
  private readonly log = new Logger(ChunkStore.name);

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
  ) {}

  /** Stores days of chains; one that is there already is replaced. */
  async put(date: IsoDate, days: readonly ChainDay[]): Promise<void> {
    const packed = days.map((day) => ({ day, payload: encodeChunk(day, date) }));
    await this.writes.writeFenced(async (tx) => {
      for (const { day, payload } of packed)
        await tx.query(
          `INSERT INTO day_chunk (chain_id, date, slots, payload) VALUES ($1, $2, $3, $4)
           ON CONFLICT (chain_id, date) DO UPDATE SET slots = excluded.slots, payload = excluded.payload`,
          [day.chainId, date, day.slots.length, payload],
        );
    });
  }

  /**
   * A chain's packed day; `null` when there is none, or it is corrupted, which is reported.
   * @param only the contract to unpack; all when left out.
   */
  async get(chainId: number, date: IsoDate, only?: number): Promise<ChainDay | null> {
    const rows: { payload: Buffer }[] = await this.db.query(
      'SELECT payload FROM day_chunk WHERE chain_id = $1 AND date = $2',
      [chainId, date],
    );
    if (!rows[0]) return null;
    try {
      return decodeChunk(chainId, date, rows[0].payload, only);
    } catch (error) {
      if (!(error instanceof CorruptBlock)) throw error;
      this.log.error(`${error.message} It is left out.`);
      return null;
    }
  }

  /** Whether there is a row, readable or not. */
  async has(chainId: number, date: IsoDate): Promise<boolean> {
    const rows: unknown[] = await this.db.query('SELECT 1 FROM day_chunk WHERE chain_id = $1 AND date = $2', [
      chainId,
      date,
    ]);
    return rows.length > 0;
  }

  /** Chains with a packed day, by their numbers. */
  async chainsOn(date: IsoDate): Promise<number[]> {
    const rows: { chain_id: number }[] = await this.db.query(
      'SELECT chain_id FROM day_chunk WHERE date = $1 ORDER BY chain_id',
      [date],
    );
    return rows.map((row) => row.chain_id);
  }

  /** The day is packed and was compared: its minutes go. Those that are not named stay. */
  async finish(date: IsoDate, slots: readonly Slot[], chunks: number, at: EpochMs): Promise<void> {
    const from = istMidnight(date);
    const own = slots.filter((slot) => slot >= from && slot < from + DAY_MS);
    await this.writes.writeFenced(async (tx) => {
      await tx.query(
        `INSERT INTO day_packed (date, verified_at, chunks, minutes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (date) DO UPDATE SET verified_at = excluded.verified_at, chunks = excluded.chunks,
           minutes = day_packed.minutes + excluded.minutes`,
        [date, at, chunks, own.length],
      );
      for (const slot of own) await tx.query('DELETE FROM minute WHERE slot = $1', [slot]);
    });
  }
}
