import { Injectable } from '@nestjs/common';
import type { ChainId } from '../domain/contract.js';
import type { ChainSnapshot } from '../domain/snapshot.js';
import type { EpochMs, IsoDate, Slot } from '../domain/units.js';

/** Accepted captures of chains that nobody watched. */
export interface SeedSource {
  /** Captures with `from ≤ slot ≤ to`, ascending. */
  load(chain: ChainId, from: EpochMs, to: EpochMs): Promise<ChainSnapshot[]>;
  /** The newest captured slot at or before `at`; `null` when there is none. */
  newest(chain: ChainId, at: EpochMs): Promise<Slot | null>;
  /** Expiries of an underlying with a capture in the span. */
  expiries(underlyingKey: string, from: EpochMs, to: EpochMs): Promise<IsoDate[]>;
}

/**
 * Where a chain that is opened gets the history of the session that it did not collect itself. Empty until something
 * that sweeps the whole market attaches itself: this module has no idea of it.
 */
@Injectable()
export class SessionSeed implements SeedSource {
  private source: SeedSource | null = null;

  attach(source: SeedSource): void {
    this.source = source;
  }

  async load(chain: ChainId, from: EpochMs, to: EpochMs): Promise<ChainSnapshot[]> {
    return this.source && from <= to ? this.source.load(chain, from, to) : [];
  }

  async newest(chain: ChainId, at: EpochMs): Promise<Slot | null> {
    return this.source ? this.source.newest(chain, at) : null;
  }

  async expiries(underlyingKey: string, from: EpochMs, to: EpochMs): Promise<IsoDate[]> {
    return this.source ? this.source.expiries(underlyingKey, from, to) : [];
  }
}

/** A chain's own captures with the seeds of the slots it has not: ascending, and what is its own stays. */
export function withSeeds(
  own: readonly ChainSnapshot[],
  seeds: readonly ChainSnapshot[],
  refused: readonly Slot[] = [],
): ChainSnapshot[] {
  const settled = new Set<Slot>([...own.map(({ slot }) => slot), ...refused]);
  return [...own, ...seeds.filter(({ slot }) => !settled.has(slot))].sort((a, b) => a.slot - b.slot);
}
