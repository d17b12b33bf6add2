import type { EntityManager } from 'typeorm';
import type { BulkTarget } from './bulk-insert.js';
import { pieces, type Cell } from './rows.js';

/** PostgreSQL's protocol numbers parameters with 16 bits. */
const PARAMETERS = 60_000;

/** Multi-row VALUES, as many rows a statement as parameters allow. */
export async function insertByValues<T>(
  manager: EntityManager,
  { table, counted, same, columns }: BulkTarget,
  items: readonly T[],
  cellsOf: (item: T) => readonly Cell[],
): Promise<void> {
  const all = [...columns, ...(counted ? [counted.column] : []), ...(same ? [same.column] : [])];
  const width = all.length;
  const names = all.map((column) => `"${column}"`).join(', ');
  let id = counted?.first ?? 0;
  for (const piece of pieces(items, Math.floor(PARAMETERS / width))) {
    const tuples = piece.map((_, row) => `(${all.map((_c, i) => `$${row * width + i + 1}`).join(', ')})`);
    const cells = piece.flatMap((item) => [
      ...cellsOf(item),
      ...(counted ? [id++] : []),
      ...(same ? [same.value] : []),
    ]);
    await manager.query(`INSERT INTO "${table}" (${names}) VALUES ${tuples.join(', ')}`, cells);
  }
}
