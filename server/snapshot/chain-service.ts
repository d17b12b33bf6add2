import { Inject, Injectable } from '@nestjs/common';
import { chainKey, type ChainId } from '../domain/contract.js';
import type { Table } from '../domain/delta-table.js';
import { unknownLegs } from '../domain/pack.js';
import { slotOf } from '../domain/slot.js';
import type { ChainQuote, ChainSnapshot } from '../domain/snapshot.js';
import type { EpochMs, IsoDate, Slot } from '../domain/units.js';
import { InstrumentsService, type ChainListing } from '../instruments/instruments.service.js';
import { CalendarService } from './calendar-service.js';
import { ChainListings } from './chain-listings.js';
import { ChainMemory } from './chain-memory.js';
import { learnStored } from './chain-news.js';
import { ChainPast } from './chain-past.js';
import { ChainReader } from './chain-reader.js';
import type { ChainState } from './chain-state.js';
import { Feed } from './feed.js';
import { encodeChange } from './frame-encoder.js';
import { SnapshotMetrics, type Recorded } from './metrics.js';
import { SessionSeed } from './session-seed.js';
import { countsInMemory } from './slot-counts.js';
import { SnapshotStore, type CountedSnapshot } from './snapshot-store.js';
import { WantedSince } from './wanted-since.js';

/**
 * Chains in memory and their tables: judges answers, commits them, computes the table once, publishes it.
 * Nothing is published that is not committed.
 */
@Injectable()
export class ChainService {
  private readonly memory = new ChainMemory();
  private readonly listings: ChainListings;
  private readonly past: ChainPast;
  private readonly reader: ChainReader;

  constructor(
    @Inject(SnapshotStore) private readonly store: SnapshotStore,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(InstrumentsService) instruments: InstrumentsService,
    @Inject(Feed) private readonly feed: Feed,
    @Inject(SnapshotMetrics) private readonly metrics: SnapshotMetrics,
    @Inject(SessionSeed) seed: SessionSeed,
    @Inject(WantedSince) private readonly wanted: WantedSince,
  ) {
    this.past = new ChainPast(store, seed);
    this.listings = new ChainListings(instruments);
    const { memory, listings, past } = this;
    this.reader = new ChainReader({ store, past, listings, memory, calendar, wanted, metrics });
  }

  /**
   * The contracts of a chain.
   * @throws ApiError 404 for an underlying or expiry that the instrument master does not have.
   */
  listing(chain: ChainId): Promise<ChainListing> {
    return this.listings.listing(chain);
  }

  /** The latest table of a chain, from memory or from disk; `null` when nothing was ever captured. */
  async latest(chain: ChainId): Promise<Table | null> {
    return this.latestInMemory(chain) ?? this.reader.latest(chain);
  }

  /** The latest table if it is in memory: for a caller that must not let a push slip in between. */
  latestInMemory(chain: ChainId): Table | null {
    return this.memory.get(chain)?.table ?? null;
  }

  /** What screens show of a chain in the session that it was collected in last, as far as memory knows. */
  newestShown(chain: ChainId): { slot: EpochMs; capturedAt: EpochMs } | null {
    return this.memory.newestShown(chain);
  }

  /** The state of a chain in the session that it was used in last, when it is in memory. */
  stateInMemory(chain: ChainId): ChainState | null {
    return this.memory.get(chain);
  }

  /**
   * The table of the newest captured slot at or before `at`, of whatever day.
   * @returns `null` when nothing was captured by then.
   */
  at(chain: ChainId, at: EpochMs): Promise<Table | null> {
    return this.reader.at(chain, at);
  }

  /** Whether a chain, named by its underlying's key, is listed and in memory so that `open` would change nothing. */
  isOpen(chain: ChainId, at: EpochMs): boolean {
    return this.memory.isIdle(chain) && this.reader.isUpToDate(chain, slotOf(at));
  }

  /** Brings a chain into memory for the session of `at`, so that it can be watched and collected. */
  open(chain: ChainId, at: EpochMs): Promise<ChainState> {
    return this.memory.exclusive(chain, () => this.stateFor(chain, at));
  }

  /**
   * Judges an answer and, when it is accepted and its slot is new, commits and publishes it.
   * @param capturedAt when the answer was received; decides the slot.
   */
  record(chain: ChainId, quote: ChainQuote, capturedAt: EpochMs): Promise<Recorded> {
    return this.memory.exclusive(chain, async () => {
      const state = await this.stateFor(chain, capturedAt);
      const slot = slotOf(capturedAt);
      const legs = quote.strikes.reduce((sum, s) => sum + (s.call ? 1 : 0) + (s.put ? 1 : 0), 0);
      if (state.isSettled(slot))
        return { outcome: 'skipped', slot, legs, unknownLegs: 0, detail: 'the slot is settled already' };
      const verdict = state.acceptance.judge(quote, slot, capturedAt, 'live');
      if (!verdict.accepted) {
        await this.store.refuse(state.id, { slot, reason: verdict.reason, detail: verdict.detail });
        state.acceptance.commit(verdict);
        state.tally.refused.push(slot);
        return { outcome: 'refused', slot, legs, unknownLegs: 0, detail: verdict.detail };
      }
      const { snapshot, unknownLegs, phantomLegs } = verdict;
      const stored = await this.commit(state, [{ snapshot, unknownLegs, phantomLegs }], () => {
        state.acceptance.commit(verdict);
        state.tally.unknownLegs += unknownLegs;
      });
      const detail = 'the slot was stored by somebody else';
      if (stored === 0) return { outcome: 'skipped', slot, legs, unknownLegs, detail };
      this.metrics.phantomLegs += phantomLegs;
      return { outcome: 'captured', slot, legs, unknownLegs, detail: null };
    });
  }

  /**
   * Adds snapshots rebuilt from candles to the session under way and publishes the table once.
   * Slots that are captured stay as they are. @returns how many were added.
   */
  addBackfill(chain: ChainId, at: EpochMs, snapshots: readonly ChainSnapshot[]): Promise<number> {
    return this.memory.exclusive(chain, async () => {
      const state = await this.stateFor(chain, at);
      const fresh = snapshots.filter((snapshot) => !state.history.at(snapshot.slot));
      const counted = fresh.map((snapshot) => ({
        snapshot,
        unknownLegs: unknownLegs(snapshot),
        phantomLegs: 0,
      }));
      const added = await this.commit(state, counted, (slots) => {
        for (const snapshot of fresh) if (slots.includes(snapshot.slot)) state.history.add(snapshot);
      });
      this.metrics.backfilledSlots += added;
      return added;
    });
  }

  /**
   * Takes up what another process has collected of a chain, and publishes its table to those who watch here. A chain
   * that is not in memory (a failed commit drops it) is read back, and those who watch are told to fetch the table.
   * @returns whether there was anything new.
   */
  follow(chain: ChainId, at: EpochMs): Promise<boolean> {
    return this.memory.exclusive(chain, async () => {
      const known = this.memory.get(chain);
      const before = known?.table ?? null;
      const state = await this.stateFor(chain, at);
      if (state === known) await learnStored(state, this.store);
      if (state === known) await this.wanted.learn(chain, state.id, state.sessionStart);
      const { table } = state;
      if (!table || table.seq <= (before?.seq ?? 0)) return false;
      state.table = before;
      this.publish(state, table);
      return true;
    });
  }

  /** Chains in memory of which the database has a newer table. */
  async behind(): Promise<ChainId[]> {
    const states = this.memory.all();
    const seqs = await this.store.seqs(states.map((state) => state.id));
    return states
      .filter((state) => (seqs.get(state.id) ?? 0) > (state.table?.seq ?? 0))
      .map((state) => state.chain);
  }

  /** All chains in memory. */
  inMemory(): ChainId[] {
    return this.memory.all().map((state) => state.chain);
  }

  /** How many chains there is anything of in memory. */
  get memorySize(): ChainMemory['size'] {
    return this.memory.size;
  }

  /** Drops what is of another day than `today`, but for the chains in `wanted`. @returns how many chains that were */
  async forget(wanted: readonly ChainId[], today: IsoDate): Promise<number> {
    const kept = new Set(wanted.map(chainKey));
    const old = this.memory.notOf(today).filter((chain) => !kept.has(chainKey(chain)));
    // In turn: what is being recorded of a chain is not taken from under it.
    for (const chain of old)
      await this.memory.exclusive(chain, () => Promise.resolve(this.memory.forget(chain, today)));
    return old.length;
  }

  /**
   * Stores captures with the table that follows from them, then publishes it. `learn` takes them into memory; when the
   * transaction fails after that, the state is dropped and read back from disk at its next use.
   */
  private async commit(
    state: ChainState,
    captures: readonly CountedSnapshot[],
    learn: (inserted: readonly Slot[]) => void,
  ): Promise<number> {
    if (captures.length === 0) return 0;
    let table: Table | null = null;
    try {
      const inserted = await this.store.commit(state.id, captures, (slots) => {
        learn(slots);
        table = state.computeNext();
        this.metrics.tablesComputed += 1;
        return table;
      });
      if (table) this.publish(state, table);
      else this.memory.drop(state);
      return inserted.length;
    } catch (error) {
      this.memory.drop(state);
      throw error;
    }
  }

  private publish(state: ChainState, table: Table): void {
    const before = state.table;
    state.table = table;
    // A change is told from the table right before; to those who missed one, it says that they must fetch the table.
    const change = encodeChange(before?.seq === table.seq - 1 ? before : null, table);
    const session = this.calendar.openSession(state.facts.exchange, table.slot);
    const since = this.wanted.inMemory(state.chain, session);
    const frame = { ...change, quality: countsInMemory(state, session, since, table.capturedAt) };
    this.metrics.framesEncoded += 1;
    this.feed.publishTable({ chain: state.chain, table, frame });
  }

  private async stateFor(chain: ChainId, at: EpochMs): Promise<ChainState> {
    const slot = slotOf(at);
    const known = this.reader.inMemory(chain, slot);
    if (known) {
      await this.listings.refresh(known);
      await this.past.topUp(known, slot);
      return known;
    }
    const state = await this.reader.restore(chain, slot);
    this.memory.keep(state);
    return state;
  }
}
