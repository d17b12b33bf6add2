import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { WriteQueue } from '../../database/write-queue.js';
import { istDate } from '../../domain/slot.js';
import type { EpochMs, Slot } from '../../domain/units.js';
import { COLUMNS, type Column, type MinuteFrame } from './frame.js';
import { DELTA, KEY, MinuteEncoder, type PackedMinute } from './minute-encoder.js';
import { MinuteReader, type StoredMinute } from './minute-reader.js';
import { sameLegs, type Universe, type UniverseColumns } from './universe.js';
import { encodeUniverse } from './universe-codec.js';

/** What became of a minute: `duplicate` = its slot is stored already and stays as it is. */
export type Appended = 'stored' | 'stored-late' | 'duplicate';

/** Whole-market minutes on disk: written in one transaction each, read back in the order of their slots. */
@Injectable()
export class MinuteStore {
  private readonly log = new Logger(MinuteStore.name);
  private readonly reader: MinuteReader;
  private readonly listeners: ((message: string) => void)[] = [];
  private encoder: { universeId: number; minutes: MinuteEncoder } | null = null;

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
  ) {
    this.reader = new MinuteReader(db, (message) => this.damaged(message));
  }

  /** See `Fence.epoch`: what was read under another one may be out of date. */
  get epoch(): number {
    return this.writes.epoch;
  }

  /** @param listener is told, in words, of every minute that cannot be read. */
  onDamage(listener: (message: string) => void): void {
    this.listeners.push(listener);
  }

  /** The stored list of exactly these legs: the newest one where it is the same, else a new one. */
  async universe(columns: UniverseColumns, validFrom: EpochMs): Promise<Universe> {
    const newest = await this.reader.newestUniverse();
    if (newest && sameLegs(newest, columns)) return newest;
    const id = await this.writes.writeFenced(async (tx) => {
      await tx.query('INSERT INTO universe (valid_from, chains, legs, payload) VALUES ($1, $2, $3, $4)', [
        validFrom,
        columns.chainIds.length,
        columns.sides.length,
        encodeUniverse(columns),
      ]);
      const rows: { id: number }[] = await tx.query('SELECT max(id) AS id FROM universe');
      return rows[0]!.id;
    });
    return { id, validFrom, ...columns };
  }

  /**
   * Stores a minute of whatever day. Later than all others it is packed as differences; between others it stands
   * alone, and so does from then on the one after it, whose differences were to the one before both.
   * @throws FenceLost when another process collects by now; nothing is stored.
   */
  append(universe: Universe, frame: MinuteFrame, capturedAt: EpochMs): Promise<Appended> {
    const encoder = this.encoderFor(universe);
    return this.writes
      .writeFenced(async (tx) => {
        const newest = await newestSlot(tx);
        if (newest !== null && frame.slot <= newest) return this.insertLate(tx, universe, frame, capturedAt);
        const packed = encoder.encode(frame, this.kindAfter(encoder, newest, frame.slot));
        await insert(tx, universe.id, frame.slot, capturedAt, packed);
        // Nothing can fail between here and the commit but the commit itself, which `forget` answers.
        encoder.accept(frame, packed.kind);
        return 'stored' as const;
      })
      .catch((error: unknown) => {
        encoder.forget();
        throw error;
      });
  }

  /**
   * Minutes with `from ≤ slot ≤ to`, ascending. The columns of each are overwritten by the next. A corrupted one is
   * reported and left out, with those up to the next key.
   * @param columns those to unpack; the others stay unknown.
   */
  frames(from: EpochMs, to: EpochMs, columns: readonly Column[] = COLUMNS): AsyncGenerator<StoredMinute> {
    return this.reader.frames(from, to, columns);
  }

  /** The newest stored slot at or before `at`, or `null`. */
  newestSlot(at: EpochMs): Promise<Slot | null> {
    return newestSlot(this.db.manager, at);
  }

  /** Stored slots of a span, ascending. */
  async slots(from: EpochMs, to: EpochMs): Promise<Slot[]> {
    const rows: { slot: number | string }[] = await this.db.query(
      'SELECT slot FROM minute WHERE slot >= $1 AND slot <= $2 ORDER BY slot',
      [from, to],
    );
    return rows.map((row) => Number(row.slot) as Slot);
  }

  private damaged(message: string): void {
    this.log.error(message);
    for (const listener of this.listeners) listener(message);
  }

  private kindAfter(encoder: MinuteEncoder, newest: Slot | null, slot: Slot): PackedMinute['kind'] {
    const follows = newest !== null && encoder.lastSlot === newest && istDate(newest) === istDate(slot);
    return follows && !encoder.isKeyDue ? DELTA : KEY;
  }

  private encoderFor(universe: Universe): MinuteEncoder {
    if (this.encoder?.universeId !== universe.id)
      this.encoder = { universeId: universe.id, minutes: new MinuteEncoder(universe, universe.id) };
    return this.encoder.minutes;
  }

  private async insertLate(
    tx: EntityManager,
    universe: Universe,
    frame: MinuteFrame,
    capturedAt: EpochMs,
  ): Promise<Appended> {
    const [here]: unknown[] = await tx.query('SELECT slot FROM minute WHERE slot = $1', [frame.slot]);
    if (here !== undefined) return 'duplicate';
    await this.standAlone(tx, frame.slot);
    const packed = new MinuteEncoder(universe, universe.id).encode(frame, KEY);
    await insert(tx, universe.id, frame.slot, capturedAt, packed);
    return 'stored-late';
  }

  /** Writes the first minute after `slot` anew as a key, if it is told by differences. */
  private async standAlone(tx: EntityManager, slot: Slot): Promise<void> {
    const next = await this.reader.next(tx, slot);
    if (!next || next.kind === KEY) return;
    const stored = await this.reader.one(next.slot);
    // One that cannot be read is left as it is: nothing is made up for it.
    if (!stored) return;
    const { payload } = new MinuteEncoder(stored.universe, stored.universe.id)
      .adopt(stored.frame)
      .encode(stored.frame, KEY);
    await tx.query('UPDATE minute SET kind = $1, payload = $2 WHERE slot = $3', [KEY, payload, next.slot]);
  }
}

async function newestSlot(manager: EntityManager, at?: EpochMs): Promise<Slot | null> {
  const rows: { slot: number | string | null }[] =
    at === undefined
      ? await manager.query('SELECT max(slot) AS slot FROM minute')
      : await manager.query('SELECT max(slot) AS slot FROM minute WHERE slot <= $1', [at]);
  const slot = rows[0]?.slot ?? null;
  return slot === null ? null : (Number(slot) as Slot);
}

function insert(
  tx: EntityManager,
  universeId: number,
  slot: Slot,
  capturedAt: EpochMs,
  packed: PackedMinute,
): Promise<unknown> {
  return tx.query(
    'INSERT INTO minute (slot, universe_id, kind, captured_at, payload) VALUES ($1, $2, $3, $4, $5)',
    [slot, universeId, packed.kind, capturedAt, packed.payload],
  );
}
