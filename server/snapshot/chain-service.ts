import { HttpStatus, Inject, Injectable, Logger } from '@nestjs/common';
import { sessionStartFor } from '../domain/calendar.js';
import { chainKey, type ChainId, type Side } from '../domain/contract.js';
import type { Table } from '../domain/delta-table.js';
import { slotOf } from '../domain/slot.js';
import type { ChainQuote, ChainSnapshot } from '../domain/snapshot.js';
import type { EpochMs, Slot } from '../domain/units.js';
import { ApiError } from '../http/api-error.js';
import { InstrumentsService, type ChainListing } from '../instruments/instruments.service.js';
import { CalendarService } from './calendar-service.js';
import { ChainPast } from './chain-past.js';
import { learnStored } from './chain-news.js';
import { restoreState, type ChainFacts, type ChainState } from './chain-state.js';
import { Feed } from './feed.js';
import { encodeChange } from './frame-encoder.js';
import { countsInMemory } from './slot-counts.js';
import { SnapshotMetrics, type CaptureOutcome } from './metrics.js';
import { SessionSeed } from './session-seed.js';
import { SnapshotStore, type CountedSnapshot, type Published } from './snapshot-store.js';
import { WantedSince } from './wanted-since.js';

/** What became of an answer, for the collector's log line. */
export interface Recorded {
  outcome: Exclude<CaptureOutcome, 'failed'>;
  slot: Slot;
  legs: number;
  unknownLegs: number;
  detail: string | null;
}

/**
 * Chains in memory and their tables: judges answers, commits them, computes the table once, publishes it.
 * Nothing is published that is not committed.
 */
@Injectable()
export class ChainService {
  private readonly log = new Logger(ChainService.name);
  private readonly states = new Map<string, ChainState>();
  /** The tables of states that were dropped, until those are read back. */
  private readonly shown = new Map<string, Table>();
  private readonly turns = new Map<string, Promise<unknown>>();
  private readonly past: ChainPast;

  constructor(
    @Inject(SnapshotStore) private readonly store: SnapshotStore,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(Feed) private readonly feed: Feed,
    @Inject(SnapshotMetrics) private readonly metrics: SnapshotMetrics,
    @Inject(SessionSeed) seed: SessionSeed,
    @Inject(WantedSince) private readonly wanted: WantedSince,
  ) {
    this.past = new ChainPast(store, seed);
  }

  /**
   * The contracts of a chain.
   * @throws ApiError 404 for an underlying or expiry that the instrument master does not have.
   */
  async listing(chain: ChainId): Promise<ChainListing> {
    const underlying = await this.instruments.resolve(chain.underlying);
    if (!underlying)
      throw new ApiError(
        HttpStatus.NOT_FOUND,
        'unknown-underlying',
        'There is no such underlying in the instrument list. Pick one from the list, or import the list again.',
      );
    const listing = await this.instruments.chain(underlying.key, chain.expiry);
    if (!listing)
      throw new ApiError(
        HttpStatus.NOT_FOUND,
        'unknown-expiry',
        `${underlying.symbol} has no contracts that expire on ${chain.expiry}. Pick one of its expiries.`,
      );
    return listing;
  }

  /** The latest table of a chain, from memory or from disk; `null` when nothing was ever captured. */
  async latest(chain: ChainId): Promise<Table | null> {
    const state = this.states.get(chainKey(chain));
    if (state?.table) return state.table;
    const id = await this.store.findChain(chain);
    if (id === null) return null;
    const table = await this.at(chain, Number.MAX_SAFE_INTEGER);
    const last = await this.store.lastPublished(id);
    // An imported or swept day has slots but was never published.
    return table && last?.slot === table.slot ? { ...table, seq: last.seq } : table;
  }

  /** The latest table if it is in memory: for a caller that must not let a push slip in between. */
  latestInMemory(chain: ChainId): Table | null {
    return this.states.get(chainKey(chain))?.table ?? null;
  }

  /** What screens show of a chain in the session that it was collected in last, as far as memory knows. */
  newestShown(chain: ChainId): { slot: EpochMs; capturedAt: EpochMs } | null {
    const state = this.states.get(chainKey(chain));
    return state ? state.history.latest() : (this.shown.get(chainKey(chain)) ?? null);
  }

  /** The state of a chain in the session of `at`, when it is in memory. */
  stateInMemory(chain: ChainId): ChainState | null {
    return this.states.get(chainKey(chain)) ?? null;
  }

  /**
   * The table of the newest captured slot at or before `at`, of whatever day.
   * @returns `null` when nothing was captured by then.
   */
  async at(chain: ChainId, at: EpochMs): Promise<Table | null> {
    const id = await this.store.findChain(chain);
    const slot = id === null ? null : await this.past.newestSlot(chain, id, at);
    if (id === null || slot === null) return null;
    const live = this.states.get(chainKey(chain));
    const facts = await this.facts(chain, slot);
    const start = sessionStartFor(this.calendar.dayAt(facts.exchange, slot), slot);
    if (live && live.sessionStart === start && live.history.at(slot)) return live.compute(slot, 0);
    const refused = (await this.store.refusals(id, start, slot)).map((refusal) => refusal.slot);
    const snapshots = await this.past.upTo(chain, id, start, slot, refused);
    const newest = snapshots.at(-1);
    if (!newest) return null;
    this.metrics.tablesComputed += 1;
    const stored = { snapshots, refused: [], unknownLegs: 0 };
    return restoreState(id, chain, facts, start, stored).compute(newest.slot, 0);
  }

  /** Brings a chain into memory for the session of `at`, so that it can be watched and collected. */
  open(chain: ChainId, at: EpochMs): Promise<ChainState> {
    return this.exclusive(chain, () => this.stateFor(chain, at));
  }

  /**
   * Judges an answer and, when it is accepted and its slot is new, commits and publishes it.
   * @param capturedAt when the answer was received; decides the slot.
   */
  record(chain: ChainId, quote: ChainQuote, capturedAt: EpochMs): Promise<Recorded> {
    return this.exclusive(chain, async () => {
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
      if (stored === 0)
        return {
          outcome: 'skipped',
          slot,
          legs,
          unknownLegs,
          detail: 'the slot was stored by somebody else',
        };
      this.metrics.phantomLegs += phantomLegs;
      return { outcome: 'captured', slot, legs, unknownLegs, detail: null };
    });
  }

  /**
   * Adds snapshots rebuilt from candles to the session under way and publishes the table once.
   * Slots that are captured stay as they are. @returns how many were added.
   */
  addBackfill(chain: ChainId, at: EpochMs, snapshots: readonly ChainSnapshot[]): Promise<number> {
    return this.exclusive(chain, async () => {
      const state = await this.stateFor(chain, at);
      const fresh = snapshots.filter((snapshot) => !state.history.at(snapshot.slot));
      const counted = fresh.map((snapshot) => ({
        snapshot,
        unknownLegs: unknownLegsOf(snapshot),
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
    return this.exclusive(chain, async () => {
      const known = this.states.get(chainKey(chain));
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
    const states = [...this.states.values()];
    const seqs = await this.store.seqs(states.map((state) => state.id));
    return states
      .filter((state) => (seqs.get(state.id) ?? 0) > (state.table?.seq ?? 0))
      .map((state) => state.chain);
  }

  /** All chains in memory. */
  inMemory(): ChainId[] {
    return [...this.states.values()].map((state) => state.chain);
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
      else this.drop(state);
      return inserted.length;
    } catch (error) {
      this.drop(state);
      throw error;
    }
  }

  /** What it has learnt may not be stored. What screens show of this session is known all the same, and its age counts. */
  private drop(state: ChainState): void {
    const key = chainKey(state.chain);
    this.states.delete(key);
    if (state.table && state.table.slot >= state.sessionStart) this.shown.set(key, state.table);
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
    const known = this.states.get(chainKey(chain));
    const slot = slotOf(at);
    if (known) {
      const start = sessionStartFor(this.calendar.dayAt(known.facts.exchange, slot), slot);
      if (known.sessionStart === start && known.epoch === this.store.epoch) {
        await this.past.topUp(known, slot);
        return known;
      }
    }
    const state = await this.restore(chain, slot);
    this.states.set(chainKey(chain), state);
    this.shown.delete(chainKey(chain));
    return state;
  }

  private async restore(chain: ChainId, slot: Slot): Promise<ChainState> {
    const { epoch } = this.store;
    const facts = await this.facts(chain, slot);
    const id = await this.store.chainId(chain);
    // Read first: captures of another process may then be ahead of it, never behind.
    const last = await this.store.lastPublished(id);
    const start = sessionStartFor(this.calendar.dayAt(facts.exchange, slot), slot);
    await this.wanted.learn(chain, id, start);
    const refused = (await this.store.refusals(id, start, slot)).map((refusal) => refusal.slot);
    const snapshots = await this.past.before(chain, id, start, slot, refused);
    const counted = await this.store.slots(id, start, slot);
    const unknownLegs = counted.reduce((sum, one) => sum + one.unknownLegs, 0);
    const state = restoreState(id, chain, facts, start, { snapshots, refused, unknownLegs }, epoch);
    const newest = snapshots.at(-1);
    // A clock that was ahead has left a table of a slot still to come, and screens show it.
    const isAhead = last !== null && last.slot > slot;
    if (newest && !isAhead) state.table = state.compute(newest.slot, numberOf(newest.slot, last));
    else if (last) state.table = await this.published(chain, last);
    this.log.log(
      `chain ${facts.underlying.symbol} ${chain.expiry}: ${snapshots.length} slots of the session read back`,
    );
    return state;
  }

  /** The table that was published last, computed again from what it was made of; of an earlier session, as a rule. */
  private async published(chain: ChainId, last: Published): Promise<Table | null> {
    const table = await this.at(chain, last.slot);
    return table && { ...table, seq: numberOf(table.slot, last) };
  }

  private async facts(chain: ChainId, at: EpochMs): Promise<ChainFacts> {
    const listing = await this.listing(chain);
    const keys = new Map<string, string | null>();
    for (const contract of listing.contracts)
      keys.set(
        `${contract.side} ${contract.strike}`,
        this.instruments.keyAt(contract, at) ?? contract.instrumentKey,
      );
    const { key, symbol, name, lotSize, exchange } = listing.underlying;
    return {
      underlying: { key, symbol, name, lotSize },
      exchange,
      keyOf: (strike: number, side: Side) => keys.get(`${side} ${strike}`) ?? null,
    };
  }

  /** One piece of work at a time for each chain: a back-fill and a capture must not interleave. */
  private exclusive<T>(chain: ChainId, work: () => Promise<T>): Promise<T> {
    const key = chainKey(chain);
    const turn = (this.turns.get(key) ?? Promise.resolve()).then(work);
    this.turns.set(
      key,
      turn.catch(() => undefined),
    );
    return turn;
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

function unknownLegsOf(snapshot: ChainSnapshot): number {
  let unknown = 0;
  snapshot.present.forEach((present, leg) => {
    if (present && Number.isNaN(snapshot.oi[leg])) unknown += 1;
  });
  return unknown;
}
