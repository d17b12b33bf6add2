import { chainKey, type ChainId } from '../domain/contract.js';
import type { Table } from '../domain/delta-table.js';
import { istDate } from '../domain/slot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { ChainState } from './chain-state.js';

/** The chains in memory, and whose turn it is to work on one. */
export class ChainMemory {
  private readonly states = new Map<string, ChainState>();
  /** The tables of states that were dropped, until those are read back. */
  private readonly shown = new Map<string, { chain: ChainId; table: Table }>();
  private readonly turns = new Map<string, Promise<void>>();

  get(chain: ChainId): ChainState | null {
    return this.states.get(chainKey(chain)) ?? null;
  }

  all(): ChainState[] {
    return [...this.states.values()];
  }

  keep(state: ChainState): void {
    const key = chainKey(state.chain);
    this.states.set(key, state);
    this.shown.delete(key);
  }

  /** What it has learnt may not be stored. What screens show of this session is known all the same, and its age counts. */
  drop(state: ChainState): void {
    const { chain, table, sessionStart } = state;
    this.states.delete(chainKey(chain));
    if (table && table.slot >= sessionStart) this.shown.set(chainKey(chain), { chain, table });
  }

  /** What screens show of a chain in the session that it was collected in last. */
  newestShown(chain: ChainId): { slot: EpochMs; capturedAt: EpochMs } | null {
    const state = this.get(chain);
    return state ? state.history.latest() : (this.shown.get(chainKey(chain))?.table ?? null);
  }

  /** Chains of which there is something of another date (IST). */
  notOf(date: IsoDate): ChainId[] {
    const states = this.all().filter((state) => istDate(state.sessionStart) !== date);
    const shown = [...this.shown.values()].filter(({ table }) => istDate(table.slot) !== date);
    return [...states, ...shown].map(({ chain }) => chain);
  }

  /** Drops what is not of that date. */
  forget(chain: ChainId, date: IsoDate): void {
    if (!this.notOf(date).some((one) => chainKey(one) === chainKey(chain))) return;
    this.states.delete(chainKey(chain));
    this.shown.delete(chainKey(chain));
  }

  /** One piece of work at a time for each chain: a back-fill and a capture must not interleave. */
  exclusive<T>(chain: ChainId, work: () => Promise<T>): Promise<T> {
    const key = chainKey(chain);
    const turn = (this.turns.get(key) ?? Promise.resolve()).then(work);
    const over = (): void => {
      if (this.turns.get(key) === settled) this.turns.delete(key);
    };
    const settled: Promise<void> = turn.then(over, over);
    this.turns.set(key, settled);
    return turn;
  }

  /** Whether nobody works on a chain now. */
  isIdle(chain: ChainId): boolean {
    return !this.turns.has(chainKey(chain));
  }

  /** How many chains there is anything of. */
  get size(): { states: number; shown: number; turns: number } {
    return { states: this.states.size, shown: this.shown.size, turns: this.turns.size };
  }
}
