import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { WriteQueue } from '../database/write-queue.js';
import type { Session } from '../domain/calendar.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import type { EpochMs, Slot } from '../domain/units.js';
import { SnapshotStore } from './snapshot-store.js';

/** A chain that is to be collected from a slot on. */
export interface WantedFrom {
  chain: ChainId;
  slot: Slot;
  session: Session;
}

/**
 * From which slot on each chain was to be collected in a session, whether anything came of it or not. It outlives the
 * process; the first to say so for a chain and session stands.
 */
@Injectable()
export class WantedSince {
  /** The newest that is known of each chain. */
  private readonly known = new Map<string, Slot>();

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(SnapshotStore) private readonly store: SnapshotStore,
  ) {}

  /** As far as memory knows; see `learn`. @returns `null` when it was not wanted in the session. */
  inMemory(chain: ChainId, session: Session | null): Slot | null {
    const slot = this.known.get(chainKey(chain)) ?? null;
    return slot !== null && session && slot >= session.start && slot < session.end ? slot : null;
  }

  /** Takes up what is stored of the session that began at `start`, also by another process. */
  async learn(chain: ChainId, id: number, start: EpochMs): Promise<void> {
    const slot = await this.firstBetween(id, start, Number.MAX_SAFE_INTEGER);
    if (slot !== null) this.known.set(chainKey(chain), slot);
  }

  /**
   * Stores from when chains are wanted, in one transaction, unless their sessions have a slot already.
   * @throws FenceLost when another process collects by now, or the database's error; nothing is stored then.
   */
  async note(wanted: readonly WantedFrom[]): Promise<void> {
    await this.store.numberChains(wanted.map(({ chain }) => chain));
    const numbered: (WantedFrom & { id: number })[] = [];
    for (const one of wanted) numbered.push({ ...one, id: await this.store.chainId(one.chain) });
    await this.writes.writeFenced(async (tx) => {
      for (const { id, slot, session } of numbered)
        await tx.query(
          `INSERT INTO wanted_since (chain_id, slot) SELECT id, CAST($1 AS BIGINT) FROM chain WHERE id = $2 AND NOT EXISTS
             (SELECT 1 FROM wanted_since w WHERE w.chain_id = $3 AND w.slot >= $4 AND w.slot < $5)`,
          [slot, id, id, session.start, session.end],
        );
    });
    for (const { chain, id, session } of numbered) await this.learn(chain, id, session.start);
  }

  /** The first slot with `from ≤ slot < to` from which the chain was wanted; `null` when there is none. */
  async firstBetween(id: number, from: EpochMs, to: EpochMs): Promise<Slot | null> {
    const rows: { slot: number | string | null }[] = await this.db.query(
      'SELECT min(slot) AS slot FROM wanted_since WHERE chain_id = $1 AND slot >= $2 AND slot < $3',
      [id, from, to],
    );
    const slot = rows[0]?.slot ?? null;
    return slot === null ? null : (Number(slot) as Slot);
  }

  /** Chains that were wanted from a slot with `from ≤ slot ≤ to` on. */
  async chainsBetween(from: EpochMs, to: EpochMs): Promise<(ChainId & { id: number })[]> {
    const rows: { id: number; underlying_key: string; expiry: string }[] = await this.db.query(
      `SELECT id, underlying_key, expiry FROM chain WHERE EXISTS
         (SELECT 1 FROM wanted_since w WHERE w.chain_id = chain.id AND w.slot >= $1 AND w.slot <= $2)`,
      [from, to],
    );
    return rows.map((row) => ({ id: row.id, underlying: row.underlying_key, expiry: row.expiry }));
  }
}
