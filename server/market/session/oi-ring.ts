import { MINUTE_MS, type Slot } from '../../domain/units.js';

/** Minutes kept: the longest window, its tolerance, and some room. */
export const MINUTES_KEPT = 35;
/** The row after the minutes is never written: it stands for a minute that was not captured. */
const VOID = MINUTES_KEPT;

/** Cells below 0 are no OI. */
export const UNKNOWN = -1;
/** The OI does not fit into 31 bits: it stands in a map. No contract of today comes near. */
const BIG = -2;
const MAX_CELL = 2 ** 31 - 1;

/** The OI of all legs in the newest minutes, in units: one row of 32-bit numbers a minute, used in turn. */
export class OiRing {
  readonly cells: Int32Array;
  private readonly slots = new Float64Array(MINUTES_KEPT).fill(NaN);
  private readonly big = new Map<number, number>();

  constructor(private readonly legs: number) {
    this.cells = new Int32Array((MINUTES_KEPT + 1) * legs).fill(UNKNOWN);
  }

  /** Index of the first leg of a minute; of a row of unknowns when the minute is not there. */
  rowOf(slot: number): number {
    const row = indexOf(slot);
    return (this.slots[row] === slot ? row : VOID) * this.legs;
  }

  /** Makes room for a minute, at the cost of the one that it takes the place of. @returns index of its first leg. */
  open(slot: Slot): number {
    const row = indexOf(slot);
    const start = row * this.legs;
    if (this.slots[row] !== slot) {
      this.clear(start, start + this.legs);
      this.slots[row] = slot;
    }
    return start;
  }

  /** @param oi units; NaN = unknown. */
  set(cell: number, oi: number): void {
    if (oi !== oi) this.cells[cell] = UNKNOWN;
    else if (oi < MAX_CELL) this.cells[cell] = oi;
    else {
      this.cells[cell] = BIG;
      this.big.set(cell, oi);
    }
  }

  /** Units; NaN = unknown. */
  get(cell: number): number {
    const value = this.cells[cell]!;
    if (value >= 0) return value;
    return value === BIG ? this.big.get(cell)! : NaN;
  }

  /** Forgets the legs from `from` up to, not including, `to` in all minutes. */
  forgetLegs(from: number, to: number): void {
    for (let row = 0; row < MINUTES_KEPT; row++) this.clear(row * this.legs + from, row * this.legs + to);
  }

  /** Bytes held. */
  get bytes(): number {
    return this.cells.byteLength + this.slots.byteLength;
  }

  private clear(from: number, to: number): void {
    this.cells.fill(UNKNOWN, from, to);
    for (const cell of this.big.keys()) if (cell >= from && cell < to) this.big.delete(cell);
  }
}

function indexOf(slot: number): number {
  return (slot / MINUTE_MS) % MINUTES_KEPT;
}
