import { INTERVALS, TOLERANCE_MS } from '../../domain/table.js';
import { MINUTE_MS, type Slot } from '../../domain/units.js';
import { type OiRing, UNKNOWN } from './oi-ring.js';

/** A change that does not fit into 32 bits: it stands in a map. */
const BIG = -(2 ** 31);

/**
 * All changes of all legs over all windows at one slot, in arrays that are written anew each time. By the rules of
 * truth: base = the newest minute `b` of the session with `slot − w − tolerance ≤ b ≤ slot − w` in which the leg's OI
 * is known.
 */
export class Pass {
  slot: Slot | null = null;
  /** Minutes from the base to the slot, by window and leg; 0 = no base, so no change. */
  readonly back: readonly Uint8Array[];
  private readonly abs: readonly Int32Array[];
  private readonly big = new Map<number, number>();
  private readonly reach: number;

  /** @param intervals minutes. @param toleranceMs how much older than the window a base may be. */
  constructor(
    private readonly legs: number,
    readonly intervals: readonly number[] = INTERVALS,
    toleranceMs: number = TOLERANCE_MS,
  ) {
    this.back = intervals.map(() => new Uint8Array(legs));
    this.abs = intervals.map(() => new Int32Array(legs));
    this.reach = Math.floor(toleranceMs / MINUTE_MS);
  }

  /** Change of a leg over a window in units. Only where `back` is not 0. */
  absAt(window: number, leg: number): number {
    const abs = this.abs[window]![leg]!;
    return abs === BIG ? this.big.get(window * this.legs + leg)! : abs;
  }

  /** Slot the change is measured from. Only where `back` is not 0. */
  baseSlotAt(window: number, leg: number): number {
    return this.slot! - this.back[window]![leg]! * MINUTE_MS;
  }

  /** Computes every window of every leg at `slot`. */
  run(ring: OiRing, slot: Slot): this {
    this.slot = slot;
    this.big.clear();
    const now = ring.rowOf(slot);
    this.intervals.forEach((minutes, window) => {
      const baseOf = (late: number): number => ring.rowOf(slot - (minutes + late) * MINUTE_MS);
      this.runNewest(ring, now, baseOf(0), window, minutes);
      for (let late = 1; late <= this.reach; late++)
        this.runOlder(ring, now, baseOf(late), window, minutes + late);
    });
    return this;
  }

  /** Measures every leg from the newest base that the window allows. */
  private runNewest(ring: OiRing, now: number, base: number, window: number, minutes: number): void {
    const { cells } = ring;
    const [abs, back] = [this.abs[window]!, this.back[window]!];
    for (let leg = 0; leg < this.legs; leg++) {
      const oi = cells[now + leg]!;
      const then = cells[base + leg]!;
      const isKnown = oi !== UNKNOWN && then !== UNKNOWN;
      back[leg] = isKnown ? minutes : 0;
      if (isKnown) abs[leg] = oi >= 0 && then >= 0 ? oi - then : this.bigChange(ring, now, base, window, leg);
    }
  }

  /** Measures the legs that have no newer base from an older one. */
  private runOlder(ring: OiRing, now: number, base: number, window: number, minutes: number): void {
    const { cells } = ring;
    const [abs, back] = [this.abs[window]!, this.back[window]!];
    for (let leg = 0; leg < this.legs; leg++) {
      if (back[leg] !== 0) continue;
      const oi = cells[now + leg]!;
      const then = cells[base + leg]!;
      if (oi === UNKNOWN || then === UNKNOWN) continue;
      back[leg] = minutes;
      abs[leg] = oi >= 0 && then >= 0 ? oi - then : this.bigChange(ring, now, base, window, leg);
    }
  }

  private bigChange(ring: OiRing, now: number, base: number, window: number, leg: number): number {
    this.big.set(window * this.legs + leg, ring.get(now + leg) - ring.get(base + leg));
    return BIG;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.intervals.length * 5 * this.legs;
  }
}
