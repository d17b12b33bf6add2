import type { EpochMs } from '../../domain/units.js';

/** What a leg of the universe is. `spot` carries the price of the underlying, and no OI. */
export const SIDES = ['call', 'put', 'future', 'spot'] as const;
export type LegSide = (typeof SIDES)[number];

export const CALL = 0;
export const PUT = 1;
export const FUTURE = 2;
export const SPOT = 3;

/**
 * The ordered list of legs that a whole-market minute is about, in columns. A chain's legs stand together: options by
 * strike, the call before the put, then its future and its spot where it has them. Chain `c` owns the legs from
 * `chainStart[c]` up to, not including, `chainStart[c + 1]`.
 */
export interface UniverseColumns {
  /** Row numbers of the table `chain`, each once. */
  readonly chainIds: Int32Array;
  readonly chainStart: Int32Array;
  /** Row numbers of the table `contract`; 0 for a spot. */
  readonly contractIds: Int32Array;
  /** Rupees; 0 for futures and spots. */
  readonly strikes: Float64Array;
  /** Index in `SIDES`. */
  readonly sides: Uint8Array;
  /** Units per lot, 1 where unknown: what OI and volume move by. */
  readonly lots: Int32Array;
}

/** A universe as it is stored. */
export interface Universe extends UniverseColumns {
  readonly id: number;
  readonly validFrom: EpochMs;
}

/** One chain of a universe in plain terms, to build one from. */
export interface ChainOfUniverse {
  chainId: number;
  legs: readonly { contractId: number; strike: number; side: number; lot: number }[];
}

export function universeOf(chains: readonly ChainOfUniverse[]): UniverseColumns {
  const legs = chains.flatMap((chain) => chain.legs);
  const chainStart = new Int32Array(chains.length + 1);
  chains.forEach((chain, i) => (chainStart[i + 1] = chainStart[i]! + chain.legs.length));
  return {
    chainIds: Int32Array.from(chains, (chain) => chain.chainId),
    chainStart,
    contractIds: Int32Array.from(legs, (leg) => leg.contractId),
    strikes: Float64Array.from(legs, (leg) => leg.strike),
    sides: Uint8Array.from(legs, (leg) => leg.side),
    lots: Int32Array.from(legs, (leg) => Math.max(1, leg.lot)),
  };
}

/** Number of legs. */
export function legsOf(universe: UniverseColumns): number {
  return universe.sides.length;
}

/** Whether two universes list the same legs in the same order, so that minutes of one continue the other's. */
export function sameLegs(a: UniverseColumns, b: UniverseColumns): boolean {
  const same = (x: ArrayLike<number>, y: ArrayLike<number>): boolean => {
    if (x.length !== y.length) return false;
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
    return true;
  };
  return (
    same(a.chainIds, b.chainIds) &&
    same(a.chainStart, b.chainStart) &&
    same(a.contractIds, b.contractIds) &&
    same(a.strikes, b.strikes) &&
    same(a.sides, b.sides) &&
    same(a.lots, b.lots)
  );
}
