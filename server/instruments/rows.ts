import type { EntityManager } from 'typeorm';

/** A value of a column. */
export type Cell = string | number | null;

/** `items` in pieces of at most `size`. */
export function* pieces<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}

/** Any number, the same in every process of this program. */
const IDS_LOCK = 1_700_000_001;

/** The first free id. Until the transaction ends no other process can ask: SQLite has one writer, PostgreSQL a lock. */
export async function nextId(manager: EntityManager, table: 'contract' | 'underlying'): Promise<number> {
  if (manager.connection.options.type === 'postgres')
    await manager.query('SELECT pg_advisory_xact_lock($1)', [IDS_LOCK]);
  const rows: { id: number | null }[] = await manager.query(`SELECT MAX("id") AS id FROM "${table}"`);
  return (rows[0]?.id ?? 0) + 1;
}
