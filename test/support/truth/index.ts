import { judge } from './accept.js';
import { readDay } from './read-day.js';
import { expectedTable } from './table.js';
import { minuteOf } from './time.js';
import type { BackfillSource } from './compare.js';
import type { Answer, ChainAnswers, ExpectedTable, Judged } from './types.js';

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

/**
 * `asOf`: the chain as a live replay sees it, given the moments at which it was asked. A moment before the first
 * recorded snapshot brings no answer.
 * @param askedAt epoch ms, ascending; refused captures included, since they count for the three in a row
 */
export function asOf(chain: ChainAnswers, askedAt: readonly number[]): ChainAnswers {
  const answers = askedAt.flatMap((at) => {
    const answer = answerAt(chain, at);
    return answer ? [{ ...answer, at }] : [];
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
