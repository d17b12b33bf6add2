import { isoIst } from '../../domain/slot.js';
import { csv, type CsvCell } from '../../http/csv.js';
import type { MarketBoard, MarketMover, MarketRow, MarketWindow } from '../../protocol/index.js';

const MOVERS = ['call_build_up', 'call_unwinding', 'put_build_up', 'put_unwinding'] as const;

/** The board as CSV: one row an underlying, numbers in full, OI in units. Empty = unknown, or none. */
export function boardCsv(board: MarketBoard): string {
  return csv([header(board.intervals), ...board.rows.map(line)]);
}

function header(intervals: readonly number[]): CsvCell[] {
  const mover = (name: string): string[] =>
    ['strike', 'oi_units', 'change_units', 'change_pct', 'base_ist'].map((what) => `${name}_${what}`);
  const window = (w: number): string[] => [
    `call_add_${w}m_units`,
    `put_add_${w}m_units`,
    `pcr_change_${w}m`,
    `legs_with_base_${w}m`,
    ...MOVERS.flatMap((name) => mover(`${name}_${w}m`)),
  ];
  return [
    ...[
      'symbol',
      'key',
      'name',
      'exchange',
      'kind',
      'lot_size',
      'expiry',
      'spot',
      'slot_ist',
      'captured_ist',
    ],
    ...['call_oi_units', 'put_oi_units', 'pcr', 'legs', 'unknown_legs', 'flags'],
    ...intervals.flatMap(window),
  ];
}

function line(row: MarketRow): CsvCell[] {
  return [
    ...[row.symbol, row.key, row.name, row.exchange, row.kind, row.lotSize, row.expiry, row.spot],
    ...[row.slot === null ? null : isoIst(row.slot), row.capturedAt === null ? null : isoIst(row.capturedAt)],
    ...[row.callOi, row.putOi, row.pcr, row.legs, row.unknownLegs, row.flags.join(' ')],
    ...row.windows.flatMap(windowCells),
  ];
}

function windowCells({ callAdd, putAdd, pcrChange, legs, movers }: MarketWindow): CsvCell[] {
  const { callBuildUp, callUnwinding, putBuildUp, putUnwinding } = movers;
  return [
    ...[callAdd, putAdd, pcrChange, legs],
    ...[callBuildUp, callUnwinding, putBuildUp, putUnwinding].flatMap(moverCells),
  ];
}

function moverCells(mover: MarketMover | null): CsvCell[] {
  if (!mover) return [null, null, null, null, null];
  return [mover.strike, mover.oi, mover.abs, mover.pct, isoIst(mover.baseSlot)];
}
