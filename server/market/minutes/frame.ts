import type { Slot } from '../../domain/units.js';
import { legsOf, type UniverseColumns } from './universe.js';

/** What became of a chain in a minute, one byte a chain. */
export const NOT_ASKED = 0;
export const REFUSED_ALL_ZERO = 1;
export const REFUSED_STALE = 2;
/** Asked for, and nothing came: a failed call, or keys that the broker does not know. */
export const MISSING = 3;
/** `CAPTURED + second of the minute`: answered by the sweep. */
export const CAPTURED = 4;
/** `CAPTURED_APART + second`: taken from the chain's own captures, because somebody watches it. */
export const CAPTURED_APART = 68;

/** Whether the mark says that the chain has values in this minute. */
export function isCaptured(mark: number): boolean {
  return mark >= CAPTURED;
}

/** The second of the minute at which a captured chain was answered, 0–59. */
export function secondOf(mark: number): number {
  return mark >= CAPTURED_APART ? mark - CAPTURED_APART : mark - CAPTURED;
}

/** Columns of a minute, one value a leg, in the order of the universe. NaN = unknown. */
export const COLUMNS = ['oi', 'ltp', 'volume', 'prevOi'] as const;
export type Column = (typeof COLUMNS)[number];
export type Columns = Record<Column, Float64Array>;

/**
 * A whole-market minute. OI, previous OI and volume in units, LTP in rupees. Values of a chain that was not captured
 * in the minute mean nothing: its mark says so.
 */
export interface MinuteFrame extends Columns {
  slot: Slot;
  /** One byte a chain: `NOT_ASKED` … `CAPTURED_APART + 59`. */
  marks: Uint8Array;
}

export function emptyColumns(legs: number): Columns {
  const unknown = (): Float64Array => new Float64Array(legs).fill(NaN);
  return { oi: unknown(), ltp: unknown(), volume: unknown(), prevOi: unknown() };
}

export function emptyFrame(universe: UniverseColumns, slot: Slot): MinuteFrame {
  return { slot, marks: new Uint8Array(universe.chainIds.length), ...emptyColumns(legsOf(universe)) };
}
