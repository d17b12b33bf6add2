import { judge } from './accept.js';
import { readDay } from './read-day.js';
import { expectedTable } from './table.js';
import { minuteOf } from './time.js';
import type { BackfillSource } from './compare.js';
import type {
  ActualLeg,
  ActualTable,
  Answer,
  ChainAnswers,
  ExpectedTable,
  Judged,
  LegAnswer,
  Side,
} from './types.js';

export { compareTable, type BackfillSource, type CompareOptions } from './compare.js';
export { readDay } from './read-day.js';
export { clock, MINUTE, minuteOf } from './time.js';
export type { ActualTable, Answer, ChainAnswers, ExpectedTable, Refusal } from './types.js';

/** The truth about one chain: which slots exist, which answers are refused, and the table of any slot. */
export interface ChainTruth extends Judged {
  underlying: string;
  expiry: string;
  /** Captured slots, ascending, epoch ms. */
  slots: readonly number[];
  /** @throws RangeError when nothing was captured in that slot. */
  at(slot: number): ExpectedTable;
}

/** Judges a chain's answers and offers its tables, each computed when it is asked for. */
export function truthOf(chain: ChainAnswers): ChainTruth {
  const judged = judge(chain.answers);
  return {
    ...judged,
    underlying: chain.underlying,
    expiry: chain.expiry,
    slots: judged.accepted.map(({ slot }) => slot),
    at: (slot) => expectedTable(chain, judged.accepted, slot),
  };
}

/** `recorded`: the slots are exactly the snapshots of the file, as after an import of the day. */
export function expectedTables(dayFile: string, prevOiFile?: string): ChainTruth[] {
  return readDay(dayFile, prevOiFile).map(truthOf);
}

/** The newest recorded answer at or before a moment: what a broker that replays the file would say then. */
export function answerAt(chain: ChainAnswers, at: number): Answer | null {
  return chain.answers.findLast((answer) => answer.at <= at) ?? null;
}

/** When an answer was received, which decides its slot, and what moment of the market it tells of. Epoch ms. */
export interface Asked {
  receivedAt: number;
  tellsOf: number;
}

/**
 * `asOf`: the chain as a live replay sees it, given the moments at which it was asked. A moment before the first
 * recorded snapshot brings no answer.
 * @param asked ascending; refused captures included, since they count for the three in a row
 */
export function asOf(chain: ChainAnswers, asked: readonly Asked[]): ChainAnswers {
  const answers = asked.flatMap(({ receivedAt, tellsOf }) => {
    const answer = answerAt(chain, tellsOf);
    return answer ? [{ ...answer, at: receivedAt }] : [];
  });
  return { ...chain, answers };
}

/** What one-minute candles of the recorded day say about a leg in a minute: its newest answer up to the minute's end. */
export function recordedMinutes(chain: ChainAnswers): BackfillSource {
  return (strike, side, slot) => {
    const answer = chain.answers.findLast(
      ({ at, strikes }) => minuteOf(at) <= slot && strikes.get(strike)?.[side]?.oi != null,
    );
    return answer?.strikes.get(strike)?.[side] ?? null;
  };
}

/** A published table whose own legs may serve as an answer. */
export type PublishedTable = ActualTable & { capturedAt: number };

const ownLeg = (leg: ActualLeg | null): LegAnswer | null =>
  leg && (leg.oi !== null || leg.ltp !== null || leg.volume !== null)
    ? { oi: leg.oi, ltp: leg.ltp, volume: leg.volume }
    : null;

/**
 * Takes published tables of one chain at their word for what was captured, so that their windows, day changes and totals
 * can be checked where no file exists to compare with: a generated market, or a day that was captured live.
 * @throws when there is no table
 */
export function fromTables(tables: readonly PublishedTable[]): ChainAnswers {
  const [first] = tables;
  if (!first) throw new Error('no table to check');
  const prevOi = new Map<number, Record<Side, number | null>>();
  const answers = tables.map(({ capturedAt, spot, rows }) => {
    const strikes = new Map(
      rows.map(({ strike, call, put }) => [strike, { call: ownLeg(call), put: ownLeg(put) }] as const),
    );
    for (const { strike, call, put } of rows)
      prevOi.set(strike, { call: call?.prevOi ?? null, put: put?.prevOi ?? null });
    return { at: capturedAt, spot, strikes };
  });
  answers.sort((a, b) => a.at - b.at);
  return { underlying: first.underlying.symbol, expiry: first.expiry, answers, prevOi };
}
