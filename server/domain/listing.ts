import type { Side } from './contract.js';
import { legAt } from './pack.js';
import type { ChainSnapshot } from './snapshot.js';
import type { Slot } from './units.js';

/** Since when a strike, and each of its legs, has been seen in a session. `Infinity` = not seen. */
interface Seen {
  strike: number;
  call: number;
  put: number;
}

/**
 * What a session has listed so far: once seen, a strike and a leg stay listed. Order of adding does not
 * matter.
 */
export class Listing {
  readonly #seen = new Map<number, Seen>();
  #sorted: Float64Array | null = null;

  add(snapshot: ChainSnapshot): void {
    const { slot, strikes, present } = snapshot;
    for (let row = 0; row < strikes.length; row++) {
      const seen = this.#entry(strikes[row]!);
      if (slot < seen.strike) seen.strike = slot;
      if (slot < seen.call && present[legAt(row, 'call')] === 1) seen.call = slot;
      if (slot < seen.put && present[legAt(row, 'put')] === 1) seen.put = slot;
    }
  }

  /** Strikes in rupees, ascending; only those seen at or before `upTo` when it is given. */
  strikes(upTo: number = Infinity): Float64Array {
    this.#sorted ??= Float64Array.from(this.#seen.keys()).sort();
    const isSeen = (strike: number) => this.#seen.get(strike)!.strike <= upTo;
    return this.#sorted.every(isSeen) ? this.#sorted : this.#sorted.filter(isSeen);
  }

  /** The first slot that carried the leg, or `null` when none did. */
  since(strike: number, side: Side): Slot | null {
    const first = this.#seen.get(strike)?.[side] ?? Infinity;
    return first === Infinity ? null : (first as Slot);
  }

  #entry(strike: number): Seen {
    let seen = this.#seen.get(strike);
    if (seen === undefined) {
      seen = { strike: Infinity, call: Infinity, put: Infinity };
      this.#seen.set(strike, seen);
      this.#sorted = null;
    }
    return seen;
  }
}
