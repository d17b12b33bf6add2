import { Acceptance } from '../domain/acceptance.js';
import type { ChainId, Side } from '../domain/contract.js';
import type { Table, Underlying } from '../domain/delta-table.js';
import { SessionHistory } from '../domain/history.js';
import type { ChainSnapshot } from '../domain/snapshot.js';
import { computeTable } from '../domain/table.js';
import type { EpochMs, Slot } from '../domain/units.js';

/** What a table says about its contracts besides the market data. Keys and lots change: each slot has its own. */
export interface ChainFacts {
  symbol: string;
  /** NSE, BSE, MCX. */
  exchange: string;
  /** The `InstrumentsService.edition` that it was read from. */
  edition: number;
  underlyingAt: (slot: Slot) => Underlying;
  /** The broker's key valid at the slot, or the last that is known; `null` where none is. */
  keyAt: (strike: number, side: Side, slot: Slot) => string | null;
}

/** One chain in one session, in memory: what is known, how answers are judged, and the table last published. */
export class ChainState {
  constructor(
    readonly id: number,
    readonly chain: ChainId,
    /** Of the newest instrument list that it was used under. */
    public facts: ChainFacts,
    readonly sessionStart: EpochMs,
    readonly history: SessionHistory,
    readonly acceptance: Acceptance,
    /** The table last published, of this session or an older one; `null` before the first ever. */
    public table: Table | null,
    /** What the data-quality report counts besides the history. */
    readonly tally: { refused: Slot[]; unknownLegs: number },
    /** Under which `Fence.epoch` it was read: under a later one others have collected in between. */
    readonly epoch: number = 0,
  ) {}

  /** Whether the slot has had its answer: captured, rebuilt, or refused. A second one changes nothing. */
  isSettled(slot: Slot): boolean {
    return this.history.at(slot) !== null || this.tally.refused.includes(slot);
  }

  /** Computes the table of a slot of this session. `seq` 0 marks a table that was not published. */
  compute(slot: Slot, seq: number): Table {
    const { facts } = this;
    return computeTable({
      underlying: facts.underlyingAt(slot),
      expiry: this.chain.expiry,
      history: this.history,
      slot,
      seq,
      keyOf: (strike, side) => facts.keyAt(strike, side, slot),
    });
  }

  /** The table of the newest slot, numbered as the next publication. */
  computeNext(): Table {
    const latest = this.history.latest();
    if (!latest) throw new Error('A table needs at least one snapshot.');
    return this.compute(latest.slot, (this.table?.seq ?? 0) + 1);
  }
}

/** What is stored of a chain and session. */
export interface StoredSession {
  snapshots: readonly ChainSnapshot[];
  refused: readonly Slot[];
  unknownLegs: number;
}

/** Rebuilds a state from what is stored. */
export function restoreState(
  id: number,
  chain: ChainId,
  facts: ChainFacts,
  sessionStart: EpochMs,
  stored: StoredSession,
  epoch = 0,
): ChainState {
  const history = new SessionHistory(sessionStart);
  for (const snapshot of stored.snapshots) history.add(snapshot);
  const answered = stored.snapshots.findLast((snapshot) => snapshot.source !== 'backfill')?.slot ?? 0;
  const inARow = stored.refused.filter((slot) => slot > answered).length;
  const tally = { refused: [...stored.refused], unknownLegs: stored.unknownLegs };
  const acceptance = Acceptance.restore(history, inARow);
  return new ChainState(id, chain, facts, sessionStart, history, acceptance, null, tally, epoch);
}
