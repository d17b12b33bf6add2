import type { Side } from './contract.js';
import { Listing } from './listing.js';
import { legAt } from './pack.js';
import type { ChainSnapshot } from './snapshot.js';
import type { EpochMs, Slot } from './units.js';

/**
 * The accepted snapshots of one chain in one session, sorted by slot. One per slot: what came first stays.
 */
export class SessionHistory {
  readonly #slots: Slot[] = [];
  readonly #snapshots: ChainSnapshot[] = [];
  readonly #listing = new Listing();
  #firstAnswerSlot: Slot | null = null;

  /** @param sessionStart epoch ms; no window reaches back over it, see `sessionStartFor`. */
  constructor(readonly sessionStart: EpochMs) {}

  /**
   * Takes a snapshot in, at any place in time.
   * @returns `false`, and nothing changes, when its slot is there already.
   * @throws RangeError when the slot lies before the session: it belongs to another history.
   */
  add(snapshot: ChainSnapshot): boolean {
    const { slot } = snapshot;
    if (slot < this.sessionStart) {
      throw new RangeError(`slot ${slot} lies before the session start ${this.sessionStart}`);
    }
    const index = this.#countBefore(slot);
    if (this.#slots[index] === slot) return false;
    this.#slots.splice(index, 0, slot);
    this.#snapshots.splice(index, 0, snapshot);
    this.#listing.add(snapshot);
    const isAnswer = snapshot.source !== 'backfill';
    if (isAnswer && slot < (this.#firstAnswerSlot ?? Infinity)) this.#firstAnswerSlot = slot;
    return true;
  }

  get size(): number {
    return this.#slots.length;
  }

  /** Oldest slot, `null` when empty. */
  get firstSlot(): Slot | null {
    return this.#slots[0] ?? null;
  }

  /** Oldest slot that was answered as a whole chain, not rebuilt from candles; `null` when there is none. */
  get firstAnswerSlot(): Slot | null {
    return this.#firstAnswerSlot;
  }

  /** Captured slots, ascending. A live view: do not keep it across an `add`. */
  slots(): readonly Slot[] {
    return this.#slots;
  }

  /** The snapshot of exactly this slot. */
  at(slot: Slot): ChainSnapshot | null {
    const index = this.#countBefore(slot);
    return this.#slots[index] === slot ? this.#snapshots[index]! : null;
  }

  latest(): ChainSnapshot | null {
    return this.#snapshots.at(-1) ?? null;
  }

  /** The newest snapshot whose slot is earlier than `t` (exclusive). */
  newestBefore(t: EpochMs): ChainSnapshot | null {
    return this.#snapshots[this.#countBefore(t) - 1] ?? null;
  }

  /** The newest snapshot whose slot is not later than `t` (inclusive). */
  newestAtOrBefore(t: EpochMs): ChainSnapshot | null {
    return this.newestBefore(t + 1);
  }

  /** Snapshots with `from ≤ slot ≤ to`, newest first. */
  *inRange(from: EpochMs, to: EpochMs): Generator<ChainSnapshot, void, undefined> {
    for (let index = this.#countBefore(to + 1) - 1; index >= 0; index--) {
      if (this.#slots[index]! < from) return;
      yield this.#snapshots[index]!;
    }
  }

  /**
   * All strikes listed in the session, ascending; with `upTo`, only those seen in slots not later than it.
   */
  strikes(upTo?: Slot): Float64Array {
    return this.#listing.strikes(upTo);
  }

  /**
   * The first slot of the session that carried the leg, `null` when none did. Once listed, a leg stays
   * listed.
   */
  listedSince(strike: number, side: Side): Slot | null {
    return this.#listing.since(strike, side);
  }

  /** Number of a leg in the columns of a snapshot, or −1 when the snapshot has no such strike. */
  legIndex(snapshot: ChainSnapshot, strike: number, side: Side): number {
    const row = lowerBound(snapshot.strikes, strike);
    return snapshot.strikes[row] === strike ? legAt(row, side) : -1;
  }

  #countBefore(t: EpochMs): number {
    const newest = this.#slots.at(-1);
    if (newest === undefined || newest < t) return this.#slots.length;
    return lowerBound(this.#slots, t);
  }
}

/** Index of the first element that is not below `value`, in an ascending list. */
function lowerBound(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
