import type { EntityManager } from 'typeorm';
import { addDays, istMidnight } from '../domain/slot.js';
import type { EpochMs } from '../domain/units.js';
import { bulkInsert } from './bulk-insert.js';
import type { ImportDiff, KeptContract, KnownContract, NewContract } from './import-diff.js';
import { nextId, pieces, type Cell } from './rows.js';

const IDS_PER_STATEMENT = 5_000;
const UPDATES_PER_STATEMENT = 200;
const CONTRACT_COLUMNS = [
  'underlying_id',
  'expiry',
  'strike',
  'type',
  'lot_size',
  'weekly',
  'trading_symbol',
  'future_key',
];

/**
 * Writes what changed. To be called inside one transaction.
 * @param at from when the new list holds, epoch ms: old validities end there, new ones begin.
 */
export async function writeDiff(manager: EntityManager, diff: ImportDiff, at: EpochMs): Promise<void> {
  await close(manager, diff.gone, at);
  await insertContracts(manager, diff.added, at);
  await relist(manager, diff.relisted);
  await replaceKeys(manager, diff.rekeyed, at);
  await recordLots(manager, diff.lotChanged, at);
  await update(manager, diff.updated);
}

/** Ends listing and key. What expired between two imports ended with its expiry day, not with this import. */
async function close(manager: EntityManager, gone: readonly KnownContract[], at: EpochMs): Promise<void> {
  const byEnd = new Map<EpochMs, number[]>();
  for (const contract of gone) {
    const end = Math.min(at, istMidnight(addDays(contract.expiry, 1)));
    const ids = byEnd.get(end);
    if (ids) ids.push(contract.id);
    else byEnd.set(end, [contract.id]);
  }
  for (const [end, ids] of byEnd) {
    await forIds(manager, ids, `UPDATE "contract" SET "listed_to" = ${end} WHERE "id" IN`);
    await endKeys(manager, ids, end);
  }
}

async function insertContracts(
  manager: EntityManager,
  added: readonly NewContract[],
  at: EpochMs,
): Promise<void> {
  if (added.length === 0) return;
  const first = await nextId(manager, 'contract');
  // In the order of the unique index: it then grows at its end instead of everywhere.
  const sorted = [...added].sort(byIdentity);
  const contracts = { table: 'contract', counted: { column: 'id', first }, columns: CONTRACT_COLUMNS };
  await bulkInsert(manager, { ...contracts, same: { column: 'listed_from', value: at } }, sorted, cellsOf);
  const keys = {
    table: 'contract_key',
    counted: { column: 'contract_id', first },
    columns: ['instrument_key'],
  };
  await bulkInsert(
    manager,
    { ...keys, same: { column: 'valid_from', value: at } },
    sorted,
    ({ contract }) => [contract.instrumentKey],
  );
  await manager.query(
    `INSERT INTO "lot_history" ("contract_id", "valid_from", "lot_size")
     SELECT "id", "listed_from", "lot_size" FROM "contract" WHERE "id" >= $1`,
    [first],
  );
}

function cellsOf({ underlyingId, contract: c }: NewContract): Cell[] {
  const weekly = c.weekly === null ? null : Number(c.weekly);
  return [underlyingId, c.expiry, c.strike, c.type, c.lotSize, weekly, c.tradingSymbol, c.futureKey];
}

function byIdentity(a: NewContract, b: NewContract): number {
  if (a.underlyingId !== b.underlyingId) return a.underlyingId - b.underlyingId;
  if (a.contract.expiry !== b.contract.expiry) return a.contract.expiry < b.contract.expiry ? -1 : 1;
  return a.contract.strike - b.contract.strike || (a.contract.type < b.contract.type ? -1 : 1);
}

async function relist(manager: EntityManager, relisted: readonly KeptContract[]): Promise<void> {
  const ids = relisted.map((pair) => pair.known.id);
  await forIds(manager, ids, 'UPDATE "contract" SET "listed_to" = NULL WHERE "id" IN');
}

async function replaceKeys(
  manager: EntityManager,
  pairs: readonly KeptContract[],
  at: EpochMs,
): Promise<void> {
  const ids = pairs.map((pair) => pair.known.id);
  await endKeys(manager, ids, at);
  const same = { column: 'valid_from', value: at };
  const keys = { table: 'contract_key', same, columns: ['contract_id', 'instrument_key'] };
  await bulkInsert(manager, keys, pairs, ({ known, contract }) => [known.id, contract.instrumentKey]);
}

/** Ends the valid keys; one that began at the same moment or later never held and is dropped. */
async function endKeys(manager: EntityManager, ids: readonly number[], at: EpochMs): Promise<void> {
  await forIds(manager, ids, `DELETE FROM "contract_key" WHERE "valid_from" >= ${at} AND "contract_id" IN`);
  await forIds(
    manager,
    ids,
    `UPDATE "contract_key" SET "valid_to" = ${at} WHERE "valid_to" IS NULL AND "contract_id" IN`,
  );
}

async function recordLots(
  manager: EntityManager,
  pairs: readonly KeptContract[],
  at: EpochMs,
): Promise<void> {
  const ids = pairs.map((pair) => pair.known.id);
  await forIds(manager, ids, `DELETE FROM "lot_history" WHERE "valid_from" >= ${at} AND "contract_id" IN`);
  const same = { column: 'valid_from', value: at };
  const lots = { table: 'lot_history', same, columns: ['contract_id', 'lot_size'] };
  await bulkInsert(manager, lots, pairs, ({ known, contract }) => [known.id, contract.lotSize]);
}

async function update(manager: EntityManager, pairs: readonly KeptContract[]): Promise<void> {
  const types = ['INTEGER', 'INTEGER', 'INTEGER', 'TEXT', 'TEXT'];
  for (const piece of pieces(pairs, UPDATES_PER_STATEMENT)) {
    const tuples = piece.map(
      (_, row) => `(${types.map((type, i) => `CAST($${row * types.length + i + 1} AS ${type})`).join(', ')})`,
    );
    const values = piece.flatMap(({ known, contract: c }): Cell[] => [
      known.id,
      c.lotSize,
      c.weekly === null ? null : Number(c.weekly),
      c.tradingSymbol,
      c.futureKey,
    ]);
    await manager.query(
      `UPDATE "contract" SET "lot_size" = v.column2, "weekly" = v.column3, "trading_symbol" = v.column4,
       "future_key" = v.column5 FROM (VALUES ${tuples.join(', ')}) AS v WHERE "contract"."id" = v.column1`,
      values,
    );
  }
}

async function forIds(manager: EntityManager, ids: readonly number[], sql: string): Promise<void> {
  for (const piece of pieces(ids, IDS_PER_STATEMENT))
    await manager.query(`${sql} (${piece.map(Math.trunc).join(', ')})`);
}
