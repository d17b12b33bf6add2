import type { EntityManager } from 'typeorm';
import { pieces, type Cell } from './rows.js';

/** PostgreSQL's protocol numbers parameters with 16 bits. */
const PARAMETERS = 60_000;

/** Multi-row VALUES, as many rows a statement as parameters allow. */
export async function insertByValues(
  manager: EntityManager,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): Promise<void> {
  const width = columns.length;
  const names = columns.map((column) => `"${column}"`).join(', ');
  for (const piece of pieces(rows, Math.floor(PARAMETERS / width))) {
    const tuples = piece.map((_, row) => `(${columns.map((_c, i) => `$${row * width + i + 1}`).join(', ')})`);
    await manager.query(`INSERT INTO "${table}" (${names}) VALUES ${tuples.join(', ')}`, piece.flat());
  }
}
