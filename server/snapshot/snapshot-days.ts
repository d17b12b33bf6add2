import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { istDate } from '../domain/slot.js';
import type { EpochMs, IsoDate, Slot } from '../domain/units.js';
import { CorruptSnapshot } from './codec.js';
import { decodeDay, encodeDay, slotsOfDay, type CountedSnapshot } from './day-codec.js';

interface DayRow {
  date: IsoDate;
  first_slot: number | string;
  last_slot: number | string;
  payload: Buffer;
}

/** Past days of chains, each packed as one block. Every query about them is here. */
@Injectable()
export class SnapshotDays {
  private readonly log = new Logger(SnapshotDays.name);

  constructor(@Inject(DataSource) private readonly db: DataSource) {}

  /** Packed snapshots of a chain with `from ≤ slot ≤ to`, ascending. A corrupted day is reported and left out. */
  async load(id: number, from: EpochMs, to: EpochMs): Promise<CountedSnapshot[]> {
    const rows: DayRow[] = await this.db.query(
      `SELECT date, payload FROM snapshot_day
       WHERE chain_id = $1 AND last_slot >= $2 AND first_slot <= $3 ORDER BY date`,
      [id, from, to],
    );
    return rows
      .flatMap(({ date, payload }) => this.unpack(id, date, payload) ?? [])
      .filter(({ snapshot: { slot } }) => slot >= from && slot <= to);
  }

  /** The newest packed slot at or before `at`, or `null`. */
  async newestSlot(id: number, at: EpochMs): Promise<Slot | null> {
    const rows: DayRow[] = await this.db.query(
      `SELECT date, first_slot, last_slot, payload FROM snapshot_day
       WHERE chain_id = $1 AND first_slot <= $2 ORDER BY date DESC LIMIT 1`,
      [id, at],
    );
    const row = rows[0];
    if (!row) return null;
    if (Number(row.last_slot) <= at) return Number(row.last_slot) as Slot;
    const within = this.unpack(id, row.date, row.payload)?.findLast(({ snapshot: { slot } }) => slot <= at);
    return within?.snapshot.slot ?? (Number(row.first_slot) as Slot);
  }

  /**
   * The packed snapshots of a date, as they stand in the transaction.
   * @returns `null` when the block is corrupted, which is reported; an empty list when there is none.
   */
  async day(tx: EntityManager, id: number, date: IsoDate): Promise<CountedSnapshot[] | null> {
    const payload = await payloadOf(tx, id, date);
    return payload ? this.unpack(id, date, payload) : [];
  }

  /** Stores a day in place of what is there. @throws Error when what was packed is not what comes back. */
  async put(tx: EntityManager, id: number, date: IsoDate, day: readonly CountedSnapshot[]): Promise<void> {
    const payload = encodeDay(id, date, day);
    if (!sameDay(decodeDay(id, date, payload), day))
      throw new Error(`The packed day ${date} of chain ${id} is not what was captured.`);
    const slots = day.map(({ snapshot: { slot } }) => slot);
    await tx.query(
      `INSERT INTO snapshot_day (chain_id, date, first_slot, last_slot, snapshots, payload)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (chain_id, date) DO UPDATE SET first_slot = excluded.first_slot, last_slot = excluded.last_slot,
         snapshots = excluded.snapshots, payload = excluded.payload`,
      [id, date, slots[0], slots.at(-1), slots.length, payload],
    );
  }

  private unpack(id: number, date: IsoDate, payload: Buffer): CountedSnapshot[] | null {
    try {
      return decodeDay(id, date, payload);
    } catch (error) {
      if (!(error instanceof CorruptSnapshot)) throw error;
      this.log.error(`Chain ${id}, day ${date}: ${error.message} It is left out.`);
      return null;
    }
  }
}

/** Which slots of a transaction's chains are packed already; each day is looked at once. */
export class PackedSlots {
  private readonly days = new Map<string, ReadonlySet<Slot>>();

  constructor(private readonly tx: EntityManager) {}

  async has(id: number, slot: Slot): Promise<boolean> {
    const date = istDate(slot);
    const name = `${id} ${date}`;
    const slots = this.days.get(name) ?? (await this.read(id, date));
    this.days.set(name, slots);
    return slots.has(slot);
  }

  /** A corrupted day has no slots: what is captured or imported again takes the place of what was lost. */
  private async read(id: number, date: IsoDate): Promise<ReadonlySet<Slot>> {
    const payload = await payloadOf(this.tx, id, date);
    if (!payload) return new Set();
    try {
      return new Set(slotsOfDay(id, date, payload));
    } catch (error) {
      if (error instanceof CorruptSnapshot) return new Set();
      throw error;
    }
  }
}

async function payloadOf(tx: EntityManager, id: number, date: IsoDate): Promise<Buffer | null> {
  const rows: { payload: Buffer }[] = await tx.query(
    'SELECT payload FROM snapshot_day WHERE chain_id = $1 AND date = $2',
    [id, date],
  );
  return rows[0]?.payload ?? null;
}

/** Whether two days are the same, bit for bit. */
export function sameDay(a: readonly CountedSnapshot[], b: readonly CountedSnapshot[]): boolean {
  const same = (x: ArrayLike<number>, y: ArrayLike<number>): boolean =>
    x.length === y.length && Array.prototype.every.call(x, (value, i) => Object.is(value, y[i]));
  return (
    a.length === b.length &&
    a.every(({ snapshot: one, unknownLegs, phantomLegs }, i) => {
      const { snapshot: other, ...counts } = b[i]!;
      return (
        [one.slot, one.capturedAt, one.source, one.spot].every((value, k) =>
          Object.is(value, [other.slot, other.capturedAt, other.source, other.spot][k]),
        ) &&
        unknownLegs === counts.unknownLegs &&
        phantomLegs === counts.phantomLegs &&
        (['strikes', 'present', 'oi', 'prevOi', 'ltp', 'volume'] as const).every((column) =>
          same(one[column], other[column]),
        )
      );
    })
  );
}
