import type { EntityManager } from 'typeorm';
import type { ContractType } from '../domain/contract.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { KnownContract } from './import-diff.js';

interface Row {
  id: number;
  underlying_id: number;
  underlying_key: string;
  exchange: string;
  expiry: IsoDate;
  strike: number;
  type: ContractType;
  lot_size: number | null;
  weekly: number | null;
  trading_symbol: string | null;
  future_key: string | null;
  listed_to: string | number | null;
  instrument_key: string | null;
}

/**
 * The contracts that a new list is compared with: what is listed, and what is not but has not expired before `from`
 * (it may be listed again).
 */
export async function loadKnown(
  manager: EntityManager,
  exchanges: readonly string[],
  from: IsoDate,
): Promise<KnownContract[]> {
  const among = exchanges.map((_, i) => `$${i + 2}`).join(', ');
  const rows: Row[] = await manager.query(
    `SELECT c."id", c."underlying_id", u."key" AS underlying_key, u."exchange", c."expiry", c."strike", c."type", c."lot_size", c."weekly",
       c."trading_symbol", c."future_key", c."listed_to", k."instrument_key"
     FROM "contract" c JOIN "underlying" u ON u."id" = c."underlying_id"
     LEFT JOIN "contract_key" k ON k."contract_id" = c."id" AND k."valid_to" IS NULL
     WHERE (c."listed_to" IS NULL OR c."expiry" >= $1) AND u."exchange" IN (${among})`,
    [from, ...exchanges],
  );
  return rows.map(knownOf);
}

function knownOf(row: Row): KnownContract {
  return {
    id: row.id,
    underlyingId: row.underlying_id,
    underlyingKey: row.underlying_key,
    exchange: row.exchange,
    expiry: row.expiry,
    strike: row.strike,
    type: row.type,
    lotSize: row.lot_size,
    weekly: row.weekly === null ? null : row.weekly === 1,
    tradingSymbol: row.trading_symbol,
    futureKey: row.future_key,
    listed: row.listed_to === null,
    instrumentKey: row.instrument_key,
  };
}

/** What moment the newest list of any of these exchanges describes; `null` when there was none. */
export async function lastAsOf(
  manager: EntityManager,
  exchanges: readonly string[],
): Promise<EpochMs | null> {
  const rows: { exchanges: string; as_of: string | number }[] = await manager.query(
    'SELECT "exchanges", MAX("as_of") AS as_of FROM "instrument_import" GROUP BY "exchanges"',
  );
  const times = rows
    .filter((row) => row.exchanges.split(',').some((exchange) => exchanges.includes(exchange)))
    .map((row) => Number(row.as_of));
  return times.length === 0 ? null : Math.max(...times);
}

/** The newest accepted import; `null` when there was none. */
export async function newestImport(manager: EntityManager): Promise<{ rows: number; asOf: EpochMs } | null> {
  const rows: { as_of: string | number; row_count: number }[] = await manager.query(
    'SELECT "as_of", "row_count" FROM "instrument_import" ORDER BY "as_of" DESC, "id" DESC LIMIT 1',
  );
  const newest = rows[0];
  return newest ? { rows: newest.row_count, asOf: Number(newest.as_of) } : null;
}
