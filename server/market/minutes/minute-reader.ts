import type { DataSource, EntityManager } from 'typeorm';
import type { EpochMs, Slot } from '../../domain/units.js';
import { CorruptBlock } from './block.js';
import { COLUMNS, type Column, type MinuteFrame } from './frame.js';
import { MinuteDecoder, MissingPredecessor } from './minute-decoder.js';
import { KEY } from './minute-encoder.js';
import type { Universe } from './universe.js';
import { decodeUniverse } from './universe-codec.js';

/** A minute read back. `frame` is overwritten by the next one of the same reading. */
export interface StoredMinute {
  universe: Universe;
  frame: MinuteFrame;
  capturedAt: EpochMs;
}

interface MinuteRow {
  slot: number | string;
  universe_id: number;
  kind: number;
  captured_at: number | string;
  payload: Buffer;
}

/** A reading under way. */
interface Current {
  universe: Universe;
  minutes: MinuteDecoder;
  /** In a run of minutes whose predecessor is missing: one report is enough. */
  isBroken: boolean;
}

/** Rows fetched at once: a megabyte or less. */
const FETCH = 16;
/** Lists of legs kept unpacked; a reading of a month meets a new one each day. */
const UNIVERSES_KEPT = 4;

/** Reads minutes in the order of their slots. */
export class MinuteReader {
  private readonly universes = new Map<number, Universe>();

  /** @param report is told, in words, of everything that cannot be read. */
  constructor(
    private readonly db: DataSource,
    private readonly report: (message: string) => void,
  ) {}

  async newestUniverse(): Promise<Universe | null> {
    const rows: { id: number | null }[] = await this.db.query('SELECT max(id) AS id FROM universe');
    const id = rows[0]?.id ?? null;
    return id === null ? null : this.universeById(id);
  }

  async *frames(from: EpochMs, to: EpochMs, columns: readonly Column[]): AsyncGenerator<StoredMinute> {
    let current: Current | null = null;
    for await (const row of this.rows(await this.keyBefore(from), to)) {
      if (current?.universe.id !== row.universe_id) {
        const universe = await this.universeById(row.universe_id);
        current = universe && {
          universe,
          minutes: new MinuteDecoder(universe, columns, universe.id),
          isBroken: false,
        };
      }
      const slot = Number(row.slot) as Slot;
      const frame = current && this.decode(current, slot, row.payload);
      if (!current || !frame || slot < from) continue;
      yield { universe: current.universe, frame, capturedAt: Number(row.captured_at) };
    }
  }

  /** The minute of exactly this slot, or `null` when there is none or it cannot be read. */
  async one(slot: Slot): Promise<StoredMinute | null> {
    for await (const stored of this.frames(slot, slot, COLUMNS)) return stored;
    return null;
  }

  /** The first minute after `slot`, as it stands in the transaction. */
  async next(tx: EntityManager, slot: Slot): Promise<{ slot: Slot; kind: number } | null> {
    const rows: MinuteRow[] = await tx.query(
      'SELECT slot, kind FROM minute WHERE slot > $1 ORDER BY slot LIMIT 1',
      [slot],
    );
    const row = rows[0];
    return row ? { slot: Number(row.slot) as Slot, kind: row.kind } : null;
  }

  private decode(current: Current, slot: Slot, payload: Buffer): MinuteFrame | null {
    try {
      const frame = current.minutes.read(slot, payload);
      current.isBroken = false;
      return frame;
    } catch (error) {
      if (error instanceof CorruptBlock) this.report(`${error.message} It is left out.`);
      else if (!(error instanceof MissingPredecessor)) throw error;
      else if (!current.isBroken)
        this.report(`${error.message} It is left out, with those up to the next key.`);
      current.isBroken = error instanceof MissingPredecessor;
      return null;
    }
  }

  private async universeById(id: number): Promise<Universe | null> {
    const known = this.universes.get(id);
    if (known) return known;
    const rows: { valid_from: number | string; payload: Buffer }[] = await this.db.query(
      'SELECT valid_from, payload FROM universe WHERE id = $1',
      [id],
    );
    const row = rows[0];
    if (!row) return this.unreadable(`The list of contracts ${id} is missing.`);
    try {
      const universe = { id, validFrom: Number(row.valid_from), ...decodeUniverse(id, row.payload) };
      this.keep(universe);
      return universe;
    } catch (error) {
      if (!(error instanceof CorruptBlock)) throw error;
      return this.unreadable(error.message);
    }
  }

  private unreadable(why: string): null {
    this.report(`${why} The minutes that follow it cannot be read.`);
    return null;
  }

  private keep(universe: Universe): void {
    const oldest = this.universes.keys().next().value;
    if (this.universes.size >= UNIVERSES_KEPT && oldest !== undefined) this.universes.delete(oldest);
    this.universes.set(universe.id, universe);
  }

  /** The key that the minute `at` builds on, or `at` itself when there is none. */
  private async keyBefore(at: EpochMs): Promise<EpochMs> {
    const rows: { slot: number | string }[] = await this.db.query(
      'SELECT slot FROM minute WHERE slot <= $1 AND kind = $2 ORDER BY slot DESC LIMIT 1',
      [at, KEY],
    );
    return Number(rows[0]?.slot ?? at);
  }

  /** The next rows are fetched while those before them are unpacked. */
  private async *rows(from: EpochMs, to: EpochMs): AsyncGenerator<MinuteRow> {
    let fetching = this.fetch(from, to);
    for (;;) {
      const rows = await fetching;
      const last = rows.at(-1);
      if (!last || rows.length < FETCH) return yield* rows;
      fetching = this.fetch(Number(last.slot) + 1, to);
      // A failure is thrown where the rows are awaited, which nobody does who stops reading before.
      fetching.catch(() => undefined);
      yield* rows;
    }
  }

  private fetch(from: EpochMs, to: EpochMs): Promise<MinuteRow[]> {
    return this.db.query(
      `SELECT slot, universe_id, kind, captured_at, payload FROM minute
       WHERE slot >= $1 AND slot <= $2 ORDER BY slot LIMIT $3`,
      [from, to, FETCH],
    );
  }
}
