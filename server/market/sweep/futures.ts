import type { DataSource } from 'typeorm';
import type { IsoDate } from '../../domain/units.js';

/** The nearest future of an underlying. */
export interface NearFuture {
  contractId: number;
  key: string;
  /** Units per lot; `null` where the list has none. */
  lotSize: number | null;
}

/** The nearest listed future of each underlying that has not expired on `today`, by row number of the underlying. */
export async function nearestFutures(db: DataSource, today: IsoDate): Promise<Map<number, NearFuture>> {
  const rows: { id: number; underlying_id: number; lot_size: number | null; instrument_key: string }[] =
    await db.query(
      `SELECT c."id", c."underlying_id", c."lot_size", k."instrument_key"
       FROM "contract" c JOIN "contract_key" k ON k."contract_id" = c."id" AND k."valid_to" IS NULL
       WHERE c."type" = 'FUT' AND c."listed_to" IS NULL AND c."expiry" >= $1
       ORDER BY c."underlying_id", c."expiry" DESC`,
      [today],
    );
  // The last one set wins: the nearest.
  return new Map(
    rows.map((row) => [
      row.underlying_id,
      { contractId: row.id, key: row.instrument_key, lotSize: row.lot_size },
    ]),
  );
}
