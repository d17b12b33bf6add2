/** What the market page shows of the board: filters, columns, order. Pure. */
import type { MarketBoard, MarketMover, MarketRow, MarketWindow } from '../../server/protocol/index.js';
import type { MarketColumn, MarketKind, MarketSide, MarketSort } from './market-columns.js';

/** Which legs compete for the largest build-up and unwinding, and in which window. */
export interface Lens {
  /** Place of the window in the board's intervals. */
  window: number;
  side: MarketSide;
  /** Lots that a leg must have had at the base. */
  floor: number;
}

export interface MarketFilter {
  kind: MarketKind;
  text: string;
}

export type Direction = 'build' | 'unwind';

/** Why a mover is not there. */
export type NoMover = 'waiting' | 'no-base' | 'none' | 'below-floor';

export type Found = { mover: MarketMover; why: null } | { mover: null; why: NoMover };

/** The leg that was added to, or reduced, most in per cent of its base, among those the lens lets through. */
export function moverOf(row: MarketRow, direction: Direction, lens: Lens): Found {
  if (row.slot === null) return { mover: null, why: 'waiting' };
  const window = row.windows[lens.window];
  if (!window || window.legs === 0) return { mover: null, why: 'no-base' };
  const candidates = candidatesOf(window, direction, lens.side);
  const floor = lens.floor * (row.lotSize ?? 1);
  const [best] = candidates
    .filter((mover) => mover.oi - mover.abs >= floor)
    .sort((a, b) => Math.abs(b.pct) - Math.abs(a.pct));
  if (best) return { mover: best, why: null };
  return { mover: null, why: candidates.length > 0 ? 'below-floor' : 'none' };
}

function candidatesOf({ movers }: MarketWindow, direction: Direction, side: MarketSide): MarketMover[] {
  const [call, put] =
    direction === 'build'
      ? [movers.callBuildUp, movers.putBuildUp]
      : [movers.callUnwinding, movers.putUnwinding];
  return [side === 'put' ? null : call, side === 'call' ? null : put].filter((mover) => mover !== null);
}

/**
 * Change of a side's OI in per cent of what it was; only where every known leg has a base, since otherwise the sums at
 * both ends are not over the same legs.
 */
export function addPercent(row: MarketRow, window: number, side: 'call' | 'put'): number | null {
  const w = row.windows[window];
  const oi = side === 'call' ? row.callOi : row.putOi;
  const abs = side === 'call' ? w?.callAdd : w?.putAdd;
  if (!w || oi === null || abs == null || w.legs !== row.legs - row.unknownLegs || oi === abs) return null;
  return (100 * abs) / (oi - abs) + 0;
}

/** What a column is sorted by; `null` = unknown, which comes last either way. */
export function sortValue(row: MarketRow, column: MarketColumn, lens: Lens): number | string | null {
  const window = row.windows[lens.window];
  switch (column) {
    case 'symbol':
      return row.symbol;
    case 'expiry':
      return row.expiry;
    case 'age':
      return row.capturedAt === null ? null : -row.capturedAt;
    case 'pcrChange':
    case 'callAdd':
    case 'putAdd':
      return window?.[column] ?? null;
    case 'callAddPct':
      return addPercent(row, lens.window, 'call');
    case 'putAddPct':
      return addPercent(row, lens.window, 'put');
    case 'buildPct':
    case 'unwindPct':
      return moverOf(row, column === 'buildPct' ? 'build' : 'unwind', lens).mover?.pct ?? null;
    case 'buildAbs':
    case 'unwindAbs':
      return moverOf(row, column === 'buildAbs' ? 'build' : 'unwind', lens).mover?.abs ?? null;
    default:
      return row[column];
  }
}

/** Sorted anew; unknown last, ties by symbol, so that equal rows never change places. */
export function sortRows(rows: readonly MarketRow[], sort: MarketSort, lens: Lens): MarketRow[] {
  return rows
    .map((row) => ({ row, value: sortValue(row, sort.column, lens) }))
    .sort((a, b) => compare(a.value, b.value, sort.dir) || compareText(a.row, b.row))
    .map(({ row }) => row);
}

function compare(a: number | string | null, b: number | string | null, dir: 1 | -1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (a === b) return 0;
  return a < b ? -dir : dir;
}

function compareText(a: MarketRow, b: MarketRow): number {
  return compare(a.symbol, b.symbol, 1) || compare(a.key, b.key, 1);
}

/** Largest first for figures, except where the interesting end is the smallest. */
export function firstDirection(column: MarketColumn): 1 | -1 {
  return ['symbol', 'expiry', 'unwindPct', 'unwindAbs', 'age'].includes(column) ? 1 : -1;
}

/** Sorting by the same column again turns the order round. */
export function nextSort(now: MarketSort, column: MarketColumn): MarketSort {
  return now.column === column
    ? { column, dir: now.dir === 1 ? -1 : 1 }
    : { column, dir: firstDirection(column) };
}

/** Rows of a kind whose symbol or name holds every word that was typed. */
export function filterRows(rows: readonly MarketRow[], { kind, text }: MarketFilter): MarketRow[] {
  const words = text.trim().toUpperCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (kind !== 'all' && row.kind !== kind) return false;
    const name = `${row.symbol} ${row.name}`.toUpperCase();
    return words.every((word) => name.includes(word));
  });
}

/**
 * The rows in the order in which they stand on the screen, with the figures of now. Rows that the order does not know
 * come last.
 */
export function inOrder(rows: readonly MarketRow[], order: readonly string[]): MarketRow[] {
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const known = order.flatMap((key) => {
    const row = byKey.get(key);
    byKey.delete(key);
    return row ? [row] : [];
  });
  return [...known, ...byKey.values()];
}

/** How many rows stand elsewhere than they would if sorted now. */
export function movedRows(shown: readonly MarketRow[], wanted: readonly MarketRow[]): number {
  return shown.filter((row, i) => row.key !== wanted[i]?.key).length;
}

export interface SweepCount {
  swept: number;
  all: number;
}

/** Underlyings that have a capture in this session. */
export function sweptOf(board: MarketBoard): SweepCount {
  return { swept: board.rows.filter((row) => row.slot !== null).length, all: board.rows.length };
}

/** How many underlyings went up and down. */
export interface UpDown {
  up: number;
  down: number;
}
export interface Breadth {
  pcr: UpDown;
  calls: UpDown;
  puts: UpDown;
}

/** Counts the rows by the direction of their sums over a window; unknown and unchanged ones count for neither. */
export function breadthOf(rows: readonly MarketRow[], window: number): Breadth {
  const count = (of: 'pcrChange' | 'callAdd' | 'putAdd'): UpDown => {
    const changes = rows.map((row) => row.windows[window]?.[of] ?? 0);
    return { up: changes.filter((c) => c > 0).length, down: changes.filter((c) => c < 0).length };
  };
  return { pcr: count('pcrChange'), calls: count('callAdd'), puts: count('putAdd') };
}

/** Older than two slots: the slot under way and the one before have gone by without the row. */
export function isLate(row: MarketRow, now: number): boolean {
  return row.slot !== null && Math.floor(now / 60_000) - row.slot / 60_000 > 2;
}

/** Short age: `5 s`, `12 min`, `3 h`. */
export function shortAge(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  return s < 3600 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;
}

/** Rows that are drawn in full beyond either end of what is in sight. */
const BESIDE = 8;
/** The range moves in steps, so that scrolling seldom draws. */
const STEP = 8;

/**
 * Which rows are in sight or nearly, as `[from, to)`.
 * @param top how far the first row lies above the upper edge of the view, px
 * @param view height of the view, px
 * @param row height of a row, px
 */
export function awakeRows(top: number, view: number, row: number): readonly [from: number, to: number] {
  const first = Math.floor(Math.max(0, top) / row / STEP) * STEP;
  return [Math.max(0, first - BESIDE), first + Math.ceil(view / row) + STEP + BESIDE];
}
