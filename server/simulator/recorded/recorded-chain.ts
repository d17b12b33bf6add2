import { istStamp, MINUTE_MS } from '../ist.js';
import type { CandleRow, InstrumentRow, LegAnswer, StrikeAnswer } from '../market.js';
import { prevOiId, type PrevOi } from './prev-oi-file.js';
import type { Field, RecordedChain, RecordedDay } from './day-file.js';

type OptionType = 'CE' | 'PE';
const SIDE_FIELDS: Record<OptionType, { oi: Field; ltp: Field; volume: Field }> = {
  CE: { oi: 'ceOi', ltp: 'ceLtp', volume: 'ceVolume' },
  PE: { oi: 'peOi', ltp: 'peLtp', volume: 'peVolume' },
};

/** One side of a strike as recorded; null = blank. */
export interface RecordedLeg {
  oi: number | null;
  ltp: number | null;
  volume: number | null;
}

const orNull = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

/** The snapshots of one underlying and expiry, with the master's contracts joined to them. */
export class ChainReader {
  /** Contracts of the master by strike. */
  private readonly contracts = new Map<number, Partial<Record<OptionType, InstrumentRow>>>();

  constructor(
    private readonly day: RecordedDay,
    readonly chain: RecordedChain,
    rows: readonly InstrumentRow[],
    private readonly prevOi: PrevOi,
  ) {
    for (const row of rows) {
      const strike = row.strike_price ?? 0;
      const both = this.contracts.get(strike) ?? {};
      this.contracts.set(strike, { ...both, [row.instrument_type]: row });
    }
  }

  /** The newest snapshot at or before `t`; −1 when there is none. */
  at(t: number): number {
    let low = 0;
    let high = this.chain.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.chain.times[middle] ?? Infinity) <= t) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  time(snapshot: number): number {
    return this.chain.times[snapshot] ?? NaN;
  }

  spot(snapshot: number): number | null {
    return orNull(this.chain.spots[snapshot]);
  }

  private leg(row: number, type: OptionType): RecordedLeg {
    const { oi, ltp, volume } = SIDE_FIELDS[type];
    const { columns } = this.day;
    return {
      oi: orNull(columns[oi][row]),
      ltp: orNull(columns[ltp][row]),
      volume: orNull(columns[volume][row]),
    };
  }

  /** A leg in a snapshot; null when its strike has no row there. */
  legAt(snapshot: number, strike: number, type: OptionType): RecordedLeg | null {
    const [from, to] = [this.chain.starts[snapshot] ?? 0, this.chain.ends[snapshot] ?? 0];
    const place = this.day.columns.strike.subarray(from, to).indexOf(strike);
    return place < 0 ? null : this.leg(from + place, type);
  }

  previousOi(strike: number, type: OptionType): number | null {
    return this.prevOi.get(prevOiId(this.chain.symbol, this.chain.expiry, strike, type)) ?? null;
  }

  private answerLeg(row: number, strike: number, type: OptionType): LegAnswer | null {
    const contract = this.contracts.get(strike)?.[type];
    const leg = this.leg(row, type);
    if (!contract && leg.oi === null && leg.ltp === null && leg.volume === null) return null;
    const prev = this.previousOi(strike, type);
    return {
      ...(contract ? { instrument_key: contract.instrument_key } : {}),
      market_data: {
        ...(leg.ltp === null ? {} : { ltp: leg.ltp }),
        ...(leg.volume === null ? {} : { volume: leg.volume }),
        ...(leg.oi === null ? {} : { oi: leg.oi }),
        ...(prev === null ? {} : { prev_oi: prev }),
      },
    };
  }

  private answerStrike(row: number, underlyingKey: string, spot: number | null): StrikeAnswer {
    const strike = this.day.columns.strike[row] ?? NaN;
    const [call, put] = [this.answerLeg(row, strike, 'CE'), this.answerLeg(row, strike, 'PE')];
    const [c, p] = [call?.market_data.oi ?? 0, put?.market_data.oi];
    return {
      expiry: this.chain.expiry,
      ...(c > 0 && p !== undefined ? { pcr: Number((p / c).toFixed(4)) } : {}),
      ...{ strike_price: strike, underlying_key: underlyingKey },
      ...(spot === null ? {} : { underlying_spot_price: spot }),
      ...(call ? { call_options: call } : {}),
      ...(put ? { put_options: put } : {}),
    };
  }

  /** The strikes that have a row in the newest snapshot at or before `t`; none before the first. */
  answer(underlyingKey: string, t: number): StrikeAnswer[] {
    const snapshot = this.at(t);
    if (snapshot < 0) return [];
    const [from, to] = [this.chain.starts[snapshot] ?? 0, this.chain.ends[snapshot] ?? 0];
    const spot = this.spot(snapshot);
    return Array.from({ length: to - from }, (_, i) => this.answerStrike(from + i, underlyingKey, spot));
  }

  /**
   * One candle for each minute that has a snapshot with OI and price of the leg, newest first: OI and close are the
   * minute's last snapshot's, volume what was added since the candle before (the day's so far in the first one).
   */
  candles(strike: number, type: OptionType, t: number): CandleRow[] {
    const byMinute = new Map<number, CandleRow>();
    let [close, traded] = [NaN, 0];
    for (let s = 0; s <= this.at(t); s++) {
      const leg = this.legAt(s, strike, type);
      if (leg?.oi == null || leg.ltp === null) continue;
      const minute = Math.floor(this.time(s) / MINUTE_MS) * MINUTE_MS;
      const open = Number.isNaN(close) ? leg.ltp : close;
      const added = Math.max(0, (leg.volume ?? 0) - traded);
      byMinute.set(minute, joinCandle(byMinute.get(minute), istStamp(minute), open, leg.ltp, added, leg.oi));
      [close, traded] = [leg.ltp, Math.max(traded, leg.volume ?? 0)];
    }
    return [...byMinute.values()].reverse();
  }

  /** Legs that carry a value somewhere in the day but have no contract in the master. */
  unlistedLegs(): number {
    const missing = new Set<string>();
    for (let s = 0; s < this.chain.times.length; s++)
      for (let row = this.chain.starts[s] ?? 0; row < (this.chain.ends[s] ?? 0); row++)
        for (const type of ['CE', 'PE'] as const) {
          const strike = this.day.columns.strike[row] ?? NaN;
          if (this.contracts.get(strike)?.[type]) continue;
          if (this.leg(row, type).oi !== null) missing.add(`${strike}${type}`);
        }
    return missing.size;
  }
}

/** A candle, or the one of the same minute with a later snapshot added to it. */
function joinCandle(
  known: CandleRow | undefined,
  stamp: string,
  open: number,
  close: number,
  added: number,
  oi: number,
): CandleRow {
  if (!known) return [stamp, open, Math.max(open, close), Math.min(open, close), close, added, oi];
  return [stamp, known[1], Math.max(known[2], close), Math.min(known[3], close), close, known[5] + added, oi];
}
