import type { ChainId } from '../domain/contract.js';
import { slotAdd } from '../domain/slot.js';
import type { ChainSnapshot } from '../domain/snapshot.js';
import { MINUTE_MS, type EpochMs, type Slot } from '../domain/units.js';
import type { ChainState } from './chain-state.js';
import { withSeeds, type SessionSeed } from './session-seed.js';
import type { SnapshotStore } from './snapshot-store.js';

/** How much of the swept history a chain takes over: the longest window, its tolerance, and some room. */
const SEED_MINUTES = 36;

/** What is stored of a chain: its own captures, and under them what was swept while nobody watched it. */
export class ChainPast {
  constructor(
    private readonly store: SnapshotStore,
    private readonly seed: SessionSeed,
  ) {}

  /** The newest slot at or before `at` that was captured or swept; `null` when there is none. */
  async newestSlot(chain: ChainId, id: number, at: EpochMs): Promise<Slot | null> {
    const [own, seed] = [await this.store.newestSlot(id, at), await this.seed.newest(chain, at)];
    return own === null || (seed !== null && seed > own) ? seed : own;
  }

  /** Captures with `start ≤ slot ≤ to`, ascending, and what was swept as far as any window from `to` reaches. */
  async upTo(
    chain: ChainId,
    id: number,
    start: EpochMs,
    to: Slot,
    refused: readonly Slot[],
  ): Promise<ChainSnapshot[]> {
    const own = await this.store.load(id, start, to);
    return withSeeds(own, await this.seeds(chain, start, to), refused);
  }

  /** Whether a chain was collected up to now, so that there is nothing to give it. */
  isFresh({ history }: ChainState, slot: Slot): boolean {
    const latest = history.latest()?.slot ?? null;
    return latest !== null && slot - latest < 2 * MINUTE_MS;
  }

  /**
   * The same for a chain that is about to be collected, on from what was swept last. The slot under way is left to
   * the collector: what it captures is published, a seed is not.
   */
  async before(
    chain: ChainId,
    id: number,
    start: EpochMs,
    slot: Slot,
    refused: readonly Slot[],
  ): Promise<ChainSnapshot[]> {
    const own = await this.store.load(id, start, slot);
    const newest = await this.seed.newest(chain, slot - 1);
    return newest === null ? own : withSeeds(own, await this.seeds(chain, start, newest), refused);
  }

  /** Gives a chain that was left for a while what was swept since. */
  async topUp(state: ChainState, slot: Slot): Promise<void> {
    if (this.isFresh(state, slot)) return;
    const latest = state.history.latest()?.slot ?? null;
    const since = Math.max(state.sessionStart, slotAdd(slot, -SEED_MINUTES), (latest ?? 0) + 1);
    for (const snapshot of await this.seed.load(state.chain, since, slot - 1))
      if (!state.isSettled(snapshot.slot)) state.history.add(snapshot);
  }

  private seeds(chain: ChainId, start: EpochMs, to: Slot): Promise<ChainSnapshot[]> {
    return this.seed.load(chain, Math.max(start, slotAdd(to, -SEED_MINUTES)), to);
  }
}
