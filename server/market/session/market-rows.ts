import { INTERVALS, TOLERANCE_MS } from '../../domain/table.js';
import { MINUTE_MS, type EpochMs, type Slot } from '../../domain/units.js';
import type { MarketFlag, MarketRow, MarketRows, MarketWindow, SweepStatus } from '../../protocol/index.js';
import { CAPTURED_APART, REFUSED_STALE } from '../minutes/frame.js';
import { chainFigures, type ChainFigures } from './chain-figures.js';
import type { ChainNow, MarketSession } from './market-session.js';

/** What a row says besides its figures; `chain` = index in the universe of the underlying's nearest expiry. */
export type RowFacts = Pick<
  MarketRow,
  'key' | 'symbol' | 'name' | 'exchange' | 'kind' | 'lotSize' | 'expiry'
> & { chain: number };

/** Makes the rows of the market page. Figures of a chain are computed once for each of its captures. */
export class MarketRowsBuilder {
  private readonly figures = new Map<number, ChainFigures>();

  constructor(
    private readonly session: MarketSession,
    private readonly facts: readonly RowFacts[],
  ) {}

  /**
   * All rows as of now.
   * @param slot the newest committed one.
   */
  build(slot: Slot, at: EpochMs, sweep: SweepStatus): MarketRows {
    this.refresh();
    const rows = this.facts.map((facts) => this.row(facts, at));
    return { slot, at, intervals: [...INTERVALS], rows, sweep };
  }

  /** One pass for each slot at which a chain was captured since the last time: in a full sweep that is one. */
  private refresh(): void {
    const due = new Map<Slot, number[]>();
    for (const { chain } of this.facts) {
      const { slot } = this.session.chain(chain);
      if (slot === null) this.figures.delete(chain);
      else if (this.figures.get(chain)?.slot !== slot) {
        const chains = due.get(slot);
        if (chains) chains.push(chain);
        else due.set(slot, [chain]);
      }
    }
    for (const [slot, chains] of due) {
      const pass = this.session.pass(slot);
      for (const chain of chains) this.figures.set(chain, chainFigures(this.session, pass, chain));
    }
  }

  private row(facts: RowFacts, at: EpochMs): MarketRow {
    const now = this.session.chain(facts.chain);
    const figures = this.figures.get(facts.chain);
    const { slot, capturedAt, spot } = now;
    // Each property by name: spreading the facts took longer than all the rest of a row.
    return {
      key: facts.key,
      symbol: facts.symbol,
      name: facts.name,
      exchange: facts.exchange,
      kind: facts.kind,
      lotSize: facts.lotSize,
      expiry: facts.expiry,
      spot,
      slot,
      capturedAt,
      ageMs: capturedAt === null ? null : Math.max(0, at - capturedAt),
      callOi: figures?.callOi ?? null,
      putOi: figures?.putOi ?? null,
      pcr: figures?.pcr ?? null,
      legs: figures?.legs ?? 0,
      unknownLegs: figures?.unknownLegs ?? 0,
      windows: figures?.windows ?? INTERVALS.map(noWindow),
      flags: flagsOf(now, at),
    };
  }
}

function flagsOf(now: ChainNow, at: EpochMs): MarketFlag[] {
  if (now.slot === null || now.capturedAt === null) return ['waiting'];
  const flags: MarketFlag[] = [];
  if (at - now.slot > MINUTE_MS + TOLERANCE_MS) flags.push('stale');
  if (now.mark !== 0 && now.mark <= REFUSED_STALE) flags.push('refused');
  // Legs that the session has shown before: one that was never traded has no OI to miss.
  if (now.unknownLegs > 0) flags.push('partial');
  if (now.mark >= CAPTURED_APART) flags.push('watched');
  return flags;
}

function noWindow(): MarketWindow {
  const movers = { callBuildUp: null, callUnwinding: null, putBuildUp: null, putUnwinding: null };
  return {
    callAdd: null,
    putAdd: null,
    pcrChange: null,
    legs: 0,
    topBuildUp: null,
    topUnwinding: null,
    movers,
  };
}
