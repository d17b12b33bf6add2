import type { DataSource } from 'typeorm';
import { chainKey } from '../../server/domain/contract.js';
import { istDate, istTime } from '../../server/domain/slot.js';
import { decodeChunk } from '../../server/market/minutes/day-chunk.js';
import type { ChainDay } from '../../server/market/minutes/chain-day.js';
import { CALL, PUT } from '../../server/market/minutes/universe.js';
import type { CrashChild } from './crash.js';

/** What a child says of a swept minute: its slot, and Σ call OI and Σ put OI of each chain captured in it. */
type Swept = [slot: number, chains: [key: string, callOi: number | null, putOi: number | null][]];

interface ChunkRow {
  id: number;
  underlying_key: string;
  expiry: string;
  date: string;
  payload: Buffer;
}

/** Whole-market minutes that children said they had stored, against `minute`, or `day_chunk` once they are packed. */
export class MarketLedger {
  private readonly told = new Map<number, Map<string, [number | null, number | null]>>();
  /** Minutes found packed, of those that were acknowledged. */
  readonly packed = new Set<number>();

  get size(): number {
    return this.told.size;
  }

  acknowledged(child: CrashChild): void {
    for (const [slot, chains] of child.of<Swept>('W'))
      this.told.set(slot, new Map(chains.map(([key, call, put]) => [key, [call, put]])));
  }

  /** @returns complaints about minutes from `since` on */
  async compare(db: DataSource, since: number): Promise<string[]> {
    const slots = [...this.told.keys()].filter((slot) => slot >= since);
    if (slots.length === 0) return [];
    const rows: { slot: number }[] = await db.query('SELECT slot FROM minute WHERE slot >= $1', [since]);
    const loose = new Set(rows.map(({ slot }) => slot));
    const days = await this.days(db, istDate(since));
    return slots.flatMap((slot) => {
      const name = `the swept minute ${istDate(slot)} ${istTime(slot)}`;
      if (loose.has(slot)) return [];
      return [...this.told.get(slot)!].flatMap(([key, sums]) => {
        const day = days.get(`${key} ${istDate(slot)}`);
        const at = day?.slots.indexOf(slot as ChainDay['slots'][number]) ?? -1;
        if (!day || at < 0) return [`${name} was acknowledged and is not there: ${key}`];
        this.packed.add(slot);
        const found = [sumOf(day, at, CALL), sumOf(day, at, PUT)];
        return String(found) === String(sums)
          ? []
          : [`${name} is not what was acknowledged: ${key} ${found}`];
      });
    });
  }

  private async days(db: DataSource, since: string): Promise<Map<string, ChainDay>> {
    const rows: ChunkRow[] = await db.query(
      `SELECT chain.id, underlying_key, expiry, date, payload FROM day_chunk
       JOIN chain ON chain.id = chain_id WHERE date >= $1`,
      [since],
    );
    return new Map(
      rows.map(({ id, underlying_key: underlying, expiry, date, payload }) => [
        `${chainKey({ underlying, expiry })} ${date}`,
        decodeChunk(id, date, payload),
      ]),
    );
  }
}

/** Over the legs that are known; `null` when none is. */
function sumOf(day: ChainDay, at: number, side: number): number | null {
  const known = day.legs.flatMap((leg, i) => {
    const oi = day.values[i]!.oi[at]!;
    return leg.side === side && !Number.isNaN(oi) ? [oi] : [];
  });
  return known.length === 0 ? null : known.reduce((sum, oi) => sum + oi, 0);
}
