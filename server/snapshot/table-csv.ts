import type { Leg, Row, Table } from '../domain/delta-table.js';
import { isoIst } from '../domain/slot.js';
import { csv, type CsvCell } from '../http/csv.js';

const SIDES = ['call', 'put'] as const;

/**
 * A delta table as CSV: one row a strike, calls then puts, numbers in full. Empty = unknown.
 * Units are in the column names: OI and volume in units (lots × lot size), prices in rupees, changes in units and per cent.
 */
export function tableCsv(table: Table): string {
  const lines = [header(table), ...table.rows.map((row) => line(table, row))];
  return csv(lines);
}

function header(table: Table): string[] {
  const side = (name: string): string[] => [
    `${name}_oi_units`,
    `${name}_prev_oi_units`,
    `${name}_day_change_units`,
    `${name}_ltp_rupees`,
    `${name}_volume_units`,
    ...table.intervals.flatMap((w) => [`${name}_${w}m_units`, `${name}_${w}m_pct`, `${name}_${w}m_base_ist`]),
  ];
  return ['underlying', 'expiry', 'slot_ist', 'source', 'spot', 'strike', ...SIDES.flatMap(side)];
}

function line(table: Table, row: Row): CsvCell[] {
  const legs = SIDES.flatMap((side) => legCells(row[side], table.intervals.length));
  return [
    table.underlying.symbol,
    table.expiry,
    isoIst(table.slot),
    table.source,
    table.spot,
    row.strike,
    ...legs,
  ];
}

function legCells(leg: Leg | null, intervals: number): CsvCell[] {
  if (!leg) return Array.from({ length: 5 + 3 * intervals }, () => null);
  const changes = leg.changes.flatMap((change) =>
    change ? [change.abs, change.pct, isoIst(change.baseSlot)] : [null, null, null],
  );
  return [leg.oi, leg.prevOi, leg.dayChange?.abs ?? null, leg.ltp, leg.volume, ...changes];
}
