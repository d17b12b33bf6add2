import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { ChainId } from '../domain/contract.js';
import { chainKey } from '../domain/contract.js';
import type { Table } from '../domain/delta-table.js';
import type { CaptureSource, ChainSnapshot } from '../domain/snapshot.js';
import type { EpochMs, Slot } from '../domain/units.js';
import { WriteQueue } from '../database/write-queue.js';
import { encodeSnapshot } from './codec.js';
import type { CountedSnapshot } from './day-codec.js';
import { PackedSlots, SnapshotDays } from './snapshot-days.js';
import { insertSnapshot, readRow, sourceOf, type SnapshotRow } from './snapshot-rows.js';

export type { CountedSnapshot };

export interface Refusal {
  slot: Slot;
  reason: 'all-zero' | 'stale-volume';
  detail: string;
}

/** Which table was published last. The table itself follows from the snapshots up to its slot. */
export type Published = Pick<Table, 'slot' | 'seq'>;

/** A row with what was counted. */
interface CountedRow extends SnapshotRow {
  unknown_legs: number;
  phantom_legs: number;
}

/** Snapshots, refusals and latest tables on disk. Every query about them is here. */
@Injectable()
export class SnapshotStore {
  private readonly ids = new Map<string, number>();
  private readonly days: SnapshotDays;

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
  ) {
    this.days = new SnapshotDays(db);
  }

  /** See `Fence.epoch`: what was read under another one may be out of date. */
  get epoch(): number {
    return this.writes.epoch;
  }

  /** The chain's number, or `null` when nothing of it was ever stored. */
  async findChain(chain: ChainId): Promise<number | null> {
    const key = chainKey(chain);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const rows: { id: number }[] = await this.db.query(
      'SELECT id FROM chain WHERE underlying_key = $1 AND expiry = $2',
      [chain.underlying, chain.expiry],
    );
    const id = rows[0]?.id ?? null;
    if (id !== null) this.ids.set(key, id);
    return id;
  }

  /** Gives every chain that has none a number, in one transaction. */
  async numberChains(chains: readonly ChainId[]): Promise<void> {
    const unknown: ChainId[] = [];
    for (const chain of chains) if ((await this.findChain(chain)) === null) unknown.push(chain);
    if (unknown.length === 0) return;
    await this.writes.write(async (tx) => {
      for (const { underlying, expiry } of unknown)
        await tx.query('INSERT INTO chain (underlying_key, expiry) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
          underlying,
          expiry,
        ]);
    });
  }

  /** The chain's number; gives it one when it has none. */
  async chainId(chain: ChainId): Promise<number> {
    const found = await this.findChain(chain);
    if (found !== null) return found;
    await this.writes.write((tx) =>
      tx.query('INSERT INTO chain (underlying_key, expiry) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        chain.underlying,
        chain.expiry,
      ]),
    );
    const id = await this.findChain(chain);
    if (id === null) throw new Error(`The chain ${chainKey(chain)} was written but cannot be read back.`);
    return id;
  }

  /**
   * Commits snapshots and, with `table`, which table of the chain is the latest, in one transaction.
   * @returns the slots that were really inserted: one that is stored already stays as it is.
   */
  async commit(
    id: number,
    captures: readonly CountedSnapshot[],
    table: ((inserted: readonly Slot[]) => Published | null) | null,
  ): Promise<Slot[]> {
    const packed = captures.map((capture) => ({ capture, payload: encodeSnapshot(capture.snapshot) }));
    return this.writes.writeFenced(async (tx) => {
      const inserted: Slot[] = [];
      const there = new PackedSlots(tx);
      for (const { capture, payload } of packed)
        if (await insertSnapshot(tx, there, id, capture, payload)) inserted.push(capture.snapshot.slot);
      const latest = inserted.length > 0 && table ? table(inserted) : null;
      if (latest) await notePublished(tx, id, latest);
      return inserted;
    });
  }

  /** Notes that an answer was refused for a slot; a slot keeps its first refusal. */
  async refuse(id: number, refusal: Refusal): Promise<void> {
    await this.writes.writeFenced((tx) =>
      tx.query(
        'INSERT INTO refusal (chain_id, slot, reason, detail) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
        [id, refusal.slot, refusal.reason, refusal.detail],
      ),
    );
  }

  /** Notes many refusals of many chains at once. */
  async refuseAll(refusals: readonly (Refusal & { chainId: number })[]): Promise<void> {
    if (refusals.length === 0) return;
    await this.writes.write(async (tx) => {
      for (const refusal of refusals)
        await tx.query(
          'INSERT INTO refusal (chain_id, slot, reason, detail) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
          [refusal.chainId, refusal.slot, refusal.reason, refusal.detail],
        );
    });
  }

  /** Commits snapshots of many chains in one transaction; slots stored already stay as they are. @returns how many were new. */
  async commitMany(captures: readonly (CountedSnapshot & { chainId: number })[]): Promise<number> {
    const packed = captures.map((capture) => ({ capture, payload: encodeSnapshot(capture.snapshot) }));
    return this.writes.write(async (tx) => {
      let inserted = 0;
      const there = new PackedSlots(tx);
      for (const { capture, payload } of packed)
        if (await insertSnapshot(tx, there, capture.chainId, capture, payload)) inserted += 1;
      return inserted;
    });
  }

  /**
   * Snapshots of a chain with `from ≤ slot ≤ to`, ascending. One that is corrupted is reported and left out: the
   * rest of the day stays readable.
   */
  async load(id: number, from: EpochMs, to: EpochMs): Promise<ChainSnapshot[]> {
    const rows: SnapshotRow[] = await this.db.query(
      `SELECT slot, captured_at, source, spot, payload FROM snapshot
       WHERE chain_id = $1 AND slot >= $2 AND slot <= $3 ORDER BY slot`,
      [id, from, to],
    );
    const packed = (await this.days.load(id, from, to)).map(({ snapshot }) => snapshot);
    return inOrder(
      packed,
      rows.flatMap((row) => readRow(id, row) ?? []),
    );
  }

  /** What is stored in rows of its own, as it stands in the transaction, and how many of them cannot be read. */
  async stored(tx: EntityManager, id: number, from: EpochMs, to: EpochMs) {
    const rows: CountedRow[] = await tx.query(
      `SELECT slot, captured_at, source, spot, unknown_legs, phantom_legs, payload FROM snapshot
       WHERE chain_id = $1 AND slot >= $2 AND slot <= $3 ORDER BY slot`,
      [id, from, to],
    );
    const readable = rows.flatMap((row): CountedSnapshot[] => {
      const snapshot = readRow(id, row);
      return snapshot ? [{ snapshot, unknownLegs: row.unknown_legs, phantomLegs: row.phantom_legs }] : [];
    });
    return { readable, unreadable: rows.length - readable.length };
  }

  /** The newest stored slot at or before `at`, or `null`. */
  async newestSlot(id: number, at: EpochMs): Promise<Slot | null> {
    const rows: { slot: number | string | null }[] = await this.db.query(
      'SELECT max(slot) AS slot FROM snapshot WHERE chain_id = $1 AND slot <= $2',
      [id, at],
    );
    const slot = rows[0]?.slot ?? null;
    const packed = await this.days.newestSlot(id, at);
    return slot === null ? packed : (Math.max(Number(slot), packed ?? 0) as Slot);
  }

  /** Refusals of a chain with `from ≤ slot ≤ to`, ascending. */
  async refusals(id: number, from: EpochMs, to: EpochMs): Promise<Refusal[]> {
    const rows: { slot: number | string; reason: Refusal['reason']; detail: string }[] = await this.db.query(
      'SELECT slot, reason, detail FROM refusal WHERE chain_id = $1 AND slot >= $2 AND slot <= $3 ORDER BY slot',
      [id, from, to],
    );
    return rows.map((row) => ({ ...row, slot: Number(row.slot) as Slot }));
  }

  /** Slot and number of the table of a chain that was published last, or `null` before the first. */
  async lastPublished(id: number): Promise<Published | null> {
    const rows: { slot: number | string; seq: number | string }[] = await this.db.query(
      'SELECT slot, seq FROM chain_table WHERE chain_id = $1',
      [id],
    );
    return rows[0] ? { slot: Number(rows[0].slot), seq: Number(rows[0].seq) } : null;
  }

  /** Numbers (`seq`) of the latest tables, by chain. */
  async seqs(ids: readonly number[]): Promise<ReadonlyMap<number, number>> {
    if (ids.length === 0) return new Map();
    const rows: { chain_id: number; seq: number | string }[] = await this.db.query(
      `SELECT chain_id, seq FROM chain_table WHERE chain_id IN (${ids.map(Math.trunc).join(', ')})`,
    );
    return new Map(rows.map((row) => [row.chain_id, Number(row.seq)]));
  }

  /** Stored slots of a chain in a span with what was counted, ascending; the packed columns stay on disk. */
  async slots(
    id: number,
    from: EpochMs,
    to: EpochMs,
  ): Promise<{ slot: Slot; source: CaptureSource; unknownLegs: number }[]> {
    const rows: { slot: number | string; source: number; unknown_legs: number }[] = await this.db.query(
      `SELECT slot, source, unknown_legs FROM snapshot
       WHERE chain_id = $1 AND slot >= $2 AND slot <= $3 ORDER BY slot`,
      [id, from, to],
    );
    const packed = (await this.days.load(id, from, to)).map(
      ({ snapshot: { slot, source }, unknownLegs }) => ({
        ...{ slot, source, unknownLegs },
      }),
    );
    const own = rows.map((row) => ({
      slot: Number(row.slot) as Slot,
      source: sourceOf(row.source),
      unknownLegs: row.unknown_legs,
    }));
    return inOrder(packed, own);
  }

  /** Chains with a stored or refused slot in the span; only those of `underlyingKey` where it is given. */
  async chainsBetween(
    from: EpochMs,
    to: EpochMs,
    underlyingKey?: string,
  ): Promise<(ChainId & { id: number })[]> {
    const rows: { id: number; underlying_key: string; expiry: string }[] = await this.db.query(
      `SELECT id, underlying_key, expiry FROM chain WHERE (
         EXISTS (SELECT 1 FROM snapshot s WHERE s.chain_id = chain.id AND s.slot >= $1 AND s.slot <= $2)
         OR EXISTS (SELECT 1 FROM snapshot_day d WHERE d.chain_id = chain.id AND d.last_slot >= $3 AND d.first_slot <= $4)
         OR EXISTS (SELECT 1 FROM refusal r WHERE r.chain_id = chain.id AND r.slot >= $5 AND r.slot <= $6)
       ) ORDER BY underlying_key, expiry`,
      [from, to, from, to, from, to],
    );
    return rows
      .filter((row) => underlyingKey === undefined || row.underlying_key === underlyingKey)
      .map((row) => ({ id: row.id, underlying: row.underlying_key, expiry: row.expiry }));
  }
}

/** Both by slot; a slot that both have stays as it was packed. */
function inOrder<T extends { slot: Slot }>(packed: readonly T[], rows: readonly T[]): T[] {
  if (packed.length === 0) return [...rows];
  const bySlot = new Map([...rows, ...packed].map((one) => [one.slot, one]));
  return [...bySlot.values()].sort((a, b) => a.slot - b.slot);
}

async function notePublished(tx: EntityManager, id: number, { slot, seq }: Published): Promise<void> {
  await tx.query(
    `INSERT INTO chain_table (chain_id, slot, seq) VALUES ($1, $2, $3)
     ON CONFLICT (chain_id) DO UPDATE SET slot = excluded.slot, seq = excluded.seq`,
    [id, slot, seq],
  );
}
