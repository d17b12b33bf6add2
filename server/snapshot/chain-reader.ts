import { Logger } from '@nestjs/common';
import { sessionStartFor } from '../domain/calendar.js';
import type { ChainId } from '../domain/contract.js';
import type { Table } from '../domain/delta-table.js';
import type { EpochMs, Slot } from '../domain/units.js';
import type { CalendarService } from './calendar-service.js';
import type { ChainListings } from './chain-listings.js';
import type { ChainMemory } from './chain-memory.js';
import type { ChainPast } from './chain-past.js';
import { restoreState, type ChainState } from './chain-state.js';
import type { SnapshotMetrics } from './metrics.js';
import type { Published, SnapshotStore } from './snapshot-store.js';
import type { WantedSince } from './wanted-since.js';

/** What a chain is read back with. */
export interface ChainSources {
  store: SnapshotStore;
  past: ChainPast;
  listings: ChainListings;
  memory: ChainMemory;
  calendar: CalendarService;
  wanted: WantedSince;
  metrics: SnapshotMetrics;
}

/** Tables and sessions of chains from disk. */
export class ChainReader {
  private readonly log = new Logger('ChainService');

  constructor(private readonly from: ChainSources) {}

  /** The latest table on disk; `null` when nothing was ever captured. */
  async latest(chain: ChainId): Promise<Table | null> {
    const { store } = this.from;
    const id = await store.findChain(chain);
    if (id === null) return null;
    const table = await this.at(chain, Number.MAX_SAFE_INTEGER);
    const last = await store.lastPublished(id);
    // An imported or swept day has slots but was never published.
    return table && last?.slot === table.slot ? { ...table, seq: last.seq } : table;
  }

  /**
   * The table of the newest captured slot at or before `at`, of whatever day; from memory where its session is there.
   * @returns `null` when nothing was captured by then.
   */
  async at(chain: ChainId, at: EpochMs): Promise<Table | null> {
    const { store, past, listings, memory, calendar, metrics } = this.from;
    const id = await store.findChain(chain);
    const slot = id === null ? null : await past.newestSlot(chain, id, at);
    if (id === null || slot === null) return null;
    const facts = await listings.facts(chain);
    const start = sessionStartFor(calendar.dayAt(facts.exchange, slot), slot);
    const live = memory.get(chain);
    if (live && live.sessionStart === start && live.history.at(slot)) {
      await listings.refresh(live);
      return live.compute(slot, 0);
    }
    const refused = (await store.refusals(id, start, slot)).map((refusal) => refusal.slot);
    const snapshots = await past.upTo(chain, id, start, slot, refused);
    const newest = snapshots.at(-1);
    if (!newest) return null;
    metrics.tablesComputed += 1;
    const stored = { snapshots, refused: [], unknownLegs: 0 };
    return restoreState(id, chain, facts, start, stored).compute(newest.slot, 0);
  }

  /** The session of `slot`, if it is in memory and nobody else has collected since it was read. */
  inMemory(chain: ChainId, slot: Slot): ChainState | null {
    const { store, memory, calendar } = this.from;
    const state = memory.get(chain);
    if (!state || state.epoch !== store.epoch) return null;
    const start = sessionStartFor(calendar.dayAt(state.facts.exchange, slot), slot);
    return state.sessionStart === start ? state : null;
  }

  /** Whether it is, and neither the list nor what was swept has anything for it. */
  isUpToDate(chain: ChainId, slot: Slot): boolean {
    const { listings, past } = this.from;
    const state = this.inMemory(chain, slot);
    return state !== null && listings.knows(state) && past.isFresh(state, slot);
  }

  /** The session of `slot`, with the table that was published last. */
  async restore(chain: ChainId, slot: Slot): Promise<ChainState> {
    const { store, past, listings, calendar, wanted } = this.from;
    const { epoch } = store;
    const facts = await listings.facts(chain);
    const id = await store.chainId(chain);
    // Read first: captures of another process may then be ahead of it, never behind.
    const last = await store.lastPublished(id);
    const start = sessionStartFor(calendar.dayAt(facts.exchange, slot), slot);
    await wanted.learn(chain, id, start);
    const refused = (await store.refusals(id, start, slot)).map((refusal) => refusal.slot);
    const snapshots = await past.before(chain, id, start, slot, refused);
    const counted = await store.slots(id, start, slot);
    const unknownLegs = counted.reduce((sum, one) => sum + one.unknownLegs, 0);
    const state = restoreState(id, chain, facts, start, { snapshots, refused, unknownLegs }, epoch);
    const newest = snapshots.at(-1);
    // A clock that was ahead has left a table of a slot still to come, and screens show it.
    const isAhead = last !== null && last.slot > slot;
    if (newest && !isAhead) state.table = state.compute(newest.slot, numberOf(newest.slot, last));
    else if (last) state.table = await this.published(chain, last);
    this.log.log(`chain ${facts.symbol} ${chain.expiry}: ${snapshots.length} slots of the session read back`);
    return state;
  }

  /** The table that was published last, computed again from what it was made of; of an earlier session, as a rule. */
  private async published(chain: ChainId, last: Published): Promise<Table | null> {
    const table = await this.at(chain, last.slot);
    return table && { ...table, seq: numberOf(table.slot, last) };
  }
}

/**
 * The number of the table of a slot, `last` being the one published last. The table of any other slot is another one and
 * never has its number, by which screens know what a change applies to: slots that came in while this process was away
 * (an import, another collector), or those before one that can no longer be read.
 */
function numberOf(slot: number, last: Published | null): number {
  if (!last) return 1;
  return slot === last.slot ? last.seq : last.seq + 1;
}
