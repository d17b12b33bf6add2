import type { EntityManager } from 'typeorm';
import { insertByJson } from './bulk-insert-sqlite.js';
import { insertByValues } from './bulk-insert-postgres.js';
import type { Cell } from './rows.js';

/**
 * Inserts many rows with few statements, in the way that is fastest on the database at hand.
 * @param rows one array per row, in the order of `columns`.
 */
export async function bulkInsert(
  manager: EntityManager,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): Promise<void> {
  const insert = manager.connection.options.type === 'postgres' ? insertByValues : insertByJson;
  await insert(manager, table, columns, rows);
}
