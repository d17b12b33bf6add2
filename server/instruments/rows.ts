import type { EntityManager } from 'typeorm';

/** A value of a column. */
export type Cell = string | number | null;

/** `items` in pieces of at most `size`. */
export function* pieces<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}

/** The first free id. Safe in the write transaction: all writes go through one queue. */
export async function nextId(manager: EntityManager, table: 'contract' | 'underlying'): Promise<number> {
  const rows: { id: number | null }[] = await manager.query(`SELECT MAX("id") AS id FROM "${table}"`);
  return (rows[0]?.id ?? 0) + 1;
}
