import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { addDays, istAt, istMidnight } from '../../../server/domain/slot.js';
import type { QualityReport } from '../../../server/protocol/index.js';
import { clock, compareTable, MINUTE, minuteOf, truthOf, type ChainTruth } from '../truth/index.js';
import type { Delivery, SimulatedHouse } from './house.js';
import { candleSource, CHAIN, PREV_OI } from './market.js';

interface SlotRow {
  slot: number;
  captured_at: number;
  source: number;
  spot: number | null;
  payload: Buffer;
}
interface Stored {
  rows: SlotRow[];
  refusals: { slot: number; reason: string }[];
}

const LIVE = 0;
const times = (slots: readonly number[]): string => slots.map(clock).join(' ');

/** Holds a day that is over against what the rules of truth make of the answers that were given. */
export class DayJudge {
  readonly complaints: string[] = [];
  private readonly truth: ChainTruth;

  constructor(
    private readonly house: SimulatedHouse,
    private readonly date: string,
    private readonly now: number,
    deliveries: readonly Delivery[],
  ) {
    const answers = deliveries.filter(({ lost }) => !lost).map(({ answer }) => answer);
    answers.sort((a, b) => a.at - b.at);
    this.truth = truthOf({ underlying: 'NIFTY', expiry: CHAIN.expiry, answers, prevOi: PREV_OI });
  }

  /** @returns a digest of all that the day left behind */
  async judge(): Promise<string> {
    const stored = await this.stored();
    this.slots(stored);
    for (const { slot, source } of stored.rows) await this.table(slot, source);
    const report = await this.house.quality.report(this.date);
    this.quality(stored, report);
    const shown = await this.house.screen.shown();
    const latest = await this.house.chains.latest(CHAIN);
    if (!isDeepStrictEqual(shown, latest)) this.complain('the screen shows another table than the server');
    const hash = createHash('sha256').update(JSON.stringify([stored.refusals, report, latest]));
    for (const { payload, ...row } of stored.rows) hash.update(JSON.stringify(row)).update(payload);
    return hash.digest('hex');
  }

  private complain(what: string): void {
    this.complaints.push(`${this.date}: ${what}`);
  }

  private async stored(): Promise<Stored> {
    const span = [istMidnight(this.date), istMidnight(addDays(this.date, 1)) - 1];
    const { db } = this.house;
    return {
      rows: await db.query(
        'SELECT slot, captured_at, source, spot, payload FROM snapshot WHERE slot BETWEEN $1 AND $2 ORDER BY slot',
        span,
      ),
      refusals: await db.query(
        'SELECT slot, reason FROM refusal WHERE slot BETWEEN $1 AND $2 ORDER BY slot',
        span,
      ),
    };
  }

  private slots({ rows, refusals }: Stored): void {
    const live = rows.filter(({ source }) => source === LIVE).map(({ slot }) => slot);
    if (times(live) !== times(this.truth.slots))
      this.complain(`stored ${times(live)}, expected ${times(this.truth.slots)}`);
    const words = (list: readonly { slot: number; reason: string }[]): string =>
      list.map(({ slot, reason }) => `${clock(slot)} ${reason}`).join(', ');
    if (words(refusals) !== words(this.truth.refusals))
      this.complain(`refused ${words(refusals)}, expected ${words(this.truth.refusals)}`);
  }

  private async table(slot: number, source: number): Promise<void> {
    const table = await this.house.chains.at(CHAIN, slot);
    if (table?.slot !== slot) return this.complain(`${clock(slot)}: no table`);
    if (source === LIVE) {
      if (!this.truth.slots.includes(slot)) return;
      const options = { backfill: candleSource, captured: new Set(this.truth.slots) };
      for (const difference of compareTable(this.truth.at(slot), table, options)) this.complain(difference);
      return;
    }
    if (table.source !== 'backfill') this.complain(`${clock(slot)}: rebuilt, and not marked`);
    for (const { strike, call, put } of table.rows)
      for (const [side, leg] of [['call', call] as const, ['put', put] as const])
        if (leg && leg.oi !== (candleSource(strike, side, slot)?.oi ?? null))
          this.complain(`${clock(slot)} ${strike} ${side}: OI ${leg.oi} is of no candle`);
  }

  /** Every slot from the first of which anything is known: captured, refused, rebuilt, or missed and named in a gap. */
  private quality({ rows, refusals }: Stored, report: QualityReport): void {
    const [chain] = report.chains;
    if (!chain) return this.complain('there is no quality report');
    const seen = new Set([...rows, ...refusals].map(({ slot }) => slot));
    const last = Math.min(Math.max(minuteOf(this.now) - MINUTE, ...seen), istAt(this.date, '15:39'));
    const missed: number[] = [];
    for (let slot = Math.min(...seen); slot <= last; slot += MINUTE) if (!seen.has(slot)) missed.push(slot);
    const named = chain.gaps.flatMap(({ from, to }) =>
      Array.from({ length: (to - from) / MINUTE + 1 }, (_, i) => from + i * MINUTE),
    );
    const { captured, refused, backfilled, expected } = chain;
    const told = { captured, refused, backfilled, missed: chain.missed, gaps: times(named), expected };
    const true_ = {
      captured: this.truth.slots.length,
      refused: this.truth.refusals.length,
      backfilled: rows.filter(({ source }) => source !== LIVE).length,
      missed: missed.length,
      gaps: times(missed),
      expected: seen.size + missed.length,
    };
    if (!isDeepStrictEqual(told, true_))
      this.complain(`quality ${JSON.stringify(told)}, expected ${JSON.stringify(true_)}`);
  }
}
