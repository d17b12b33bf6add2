import type { Table } from '../domain/delta-table.js';

/** The table with only `strikes` rows on either side of ATM; totals stay those of the whole chain. All rows without an ATM. */
export function rowsAround(table: Table, strikes: number): Table {
  if (table.atmStrike === null) return table;
  const at = table.rows.findIndex((row) => row.strike === table.atmStrike);
  return { ...table, rows: table.rows.slice(Math.max(0, at - strikes), at + strikes + 1) };
}
