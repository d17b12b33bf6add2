import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ChainId } from '../domain/contract.js';
import { chainKey } from '../domain/contract.js';
import type { Row, Table } from '../domain/delta-table.js';
import { packQuote } from '../domain/pack.js';
import { istTime, slotAdd, slotOf } from '../domain/slot.js';
import type { ChainSnapshot, LegQuote, StrikeQuote } from '../domain/snapshot.js';
import { MINUTE_MS, type EpochMs, type Slot } from '../domain/units.js';
import { Broker, type BrokerCandle, type BrokerToken } from '../upstox/broker.js';
import { CalendarService } from './calendar-service.js';
import { fetchCandles } from './candle-fetch.js';
import { ChainService } from './chain-service.js';
import { ChainSource } from './chain-source.js';
import type { ChainState } from './chain-state.js';

/** How far back a chain's history is rebuilt: the longest window, its tolerance, and some room. */
const DEPTH_MINUTES = 35;
/** Strikes on either side of ATM that are rebuilt: one candle call a leg. */
const STRIKES_EACH_SIDE = 10;

/** Rebuilds the slots of the last 35 minutes that nobody captured, from the broker's one-minute candles. */
@Injectable()
export class Backfill {
  private readonly log = new Logger(Backfill.name);
  private readonly running = new Set<string>();
  /** Slots that the candles have nothing for: nothing of the chain had traded by then. Asking again is no use. */
  private readonly vain = new WeakMap<ChainState, Set<Slot>>();
  /** Keys that the broker refused candles of: not asked for again in the session. */
  private readonly refused = new WeakMap<ChainState, Set<string>>();

  constructor(
    @Inject(Broker) private readonly broker: Broker,
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(ChainSource) private readonly source: ChainSource,
  ) {}

  isRunning(chain: ChainId): boolean {
    return this.running.has(chainKey(chain));
  }

  /** Slots of the last 35 minutes of the session under way that were neither captured, refused nor rebuilt. */
  missing(state: ChainState, now: EpochMs): Slot[] {
    const session = this.calendar.openSession(state.facts.exchange, now);
    if (!session) return [];
    const current = slotOf(now);
    const missing: Slot[] = [];
    for (let back = DEPTH_MINUTES; back >= 1; back--) {
      const slot = slotAdd(current, -back);
      if (slot < session.start || state.isSettled(slot) || this.vain.get(state)?.has(slot)) continue;
      missing.push(slot);
    }
    return missing;
  }

  /**
   * Fetches the candles of the strikes around ATM and adds the missing slots, marked as back-filled.
   * A contract has no candle for a minute without a trade, and OI cannot change without one: the OI of the newest
   * earlier candle of the session stands. What the broker refuses a single key of is unknown.
   * @returns how many slots were added.
   * @throws BrokerError when the broker does not give the candles; nothing is added then.
   */
  async run(chain: ChainId, token: BrokerToken, now: EpochMs): Promise<number> {
    const key = chainKey(chain);
    if (this.running.has(key)) return 0;
    this.running.add(key);
    try {
      return await this.rebuildMissing(chain, token, now);
    } finally {
      this.running.delete(key);
    }
  }

  private async rebuildMissing(chain: ChainId, token: BrokerToken, now: EpochMs): Promise<number> {
    const state = await this.chains.open(chain, now);
    const missing = this.missing(state, now);
    const table = state.table;
    if (missing.length === 0 || !table) return 0;
    const rows = rowsInView(table);
    const candles = await this.fetch(token, state, rows);
    const snapshots = missing.flatMap((slot) => rebuild(slot, rows, candles, state.sessionStart) ?? []);
    const added = await this.chains.addBackfill(chain, now, snapshots);
    const rebuilt = new Set(snapshots.map((snapshot) => snapshot.slot));
    this.vain.set(state, new Set(missing.filter((slot) => !rebuilt.has(slot))));
    const from = istTime(missing[0]!).slice(0, 5);
    this.log.log(`back-fill ${state.facts.symbol} ${chain.expiry} from=${from} slots=${added}`);
    return added;
  }

  private async fetch(token: BrokerToken, state: ChainState, rows: readonly Row[]): Promise<Candles> {
    const legs = rows.flatMap((row) => [row.call?.instrumentKey, row.put?.instrumentKey]);
    const spotKey = await this.source.spotKey(state.chain, state.facts.exchange);
    const known = this.refused.get(state) ?? new Set();
    const keys = [spotKey, ...legs].filter((key) => key != null).filter((key) => !known.has(key));
    const { candles, refused } = await fetchCandles(this.broker, token, keys);
    if (refused.size > 0) {
      this.refused.set(state, new Set([...known, ...refused.keys()]));
      this.log.warn(`back-fill ${state.facts.symbol} ${state.chain.expiry} ${refusedText(refused)}`);
    }
    return { spot: candles.get(spotKey ?? '') ?? [], legs: candles };
  }
}

interface Candles {
  spot: readonly BrokerCandle[];
  legs: ReadonlyMap<string, readonly BrokerCandle[]>;
}

function refusedText(refused: ReadonlyMap<string, string>): string {
  const [first] = refused.values();
  return `leaves ${refused.size} unknown, the broker refuses their candles: ${[...refused.keys()].join(', ')} (${first})`;
}

/** The rows around ATM, nearest first; around the heaviest strike where spot is unknown. */
function rowsInView(table: Table): Row[] {
  const weight = (row: Row): number => (row.call?.oi ?? 0) + (row.put?.oi ?? 0);
  const centre =
    table.atmStrike ??
    table.rows.reduce((best, row) => (weight(row) > weight(best) ? row : best), table.rows[0]!).strike;
  const at = table.rows.findIndex((row) => row.strike === centre);
  return table.rows.slice(Math.max(0, at - STRIKES_EACH_SIDE), at + STRIKES_EACH_SIDE + 1);
}

function rebuild(slot: Slot, rows: readonly Row[], candles: Candles, since: EpochMs): ChainSnapshot | null {
  const strikes = rows.map((row): StrikeQuote => {
    const leg = (side: 'call' | 'put'): LegQuote | null => {
      const now = row[side];
      if (!now?.instrumentKey) return null;
      const candle = lastBy(candles.legs.get(now.instrumentKey) ?? [], slot, since);
      return candle ? { oi: candle.oi, ltp: candle.close, prevOi: now.prevOi, volume: null } : null;
    };
    return { strike: row.strike, call: leg('call'), put: leg('put') };
  });
  if (strikes.every((strike) => !strike.call && !strike.put)) return null;
  const spot = lastBy(candles.spot, slot, since)?.close ?? null;
  return packQuote({ spot, strikes }, slot, slot + MINUTE_MS - 1, 'backfill');
}

/** The newest candle of the session that began at or before the slot. Candles ascend by time. */
function lastBy(candles: readonly BrokerCandle[], slot: Slot, since: EpochMs): BrokerCandle | null {
  return candles.findLast((candle) => candle.time <= slot && candle.time >= since) ?? null;
}
