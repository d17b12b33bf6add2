import { Acceptance } from '../../../server/domain/acceptance.js';
import { defaultTradingDay, sessionStartFor } from '../../../server/domain/calendar.js';
import { SessionHistory } from '../../../server/domain/history.js';
import { istDate, slotOf } from '../../../server/domain/slot.js';
import type { ChainQuote, LegQuote } from '../../../server/domain/snapshot.js';
import { computeTable } from '../../../server/domain/table.js';
import { compareTable, truthOf } from '../../support/truth/index.js';
import type { Answer, ChainAnswers, LegAnswer, Refusal, Side } from '../../support/truth/types.js';

/** The checker's raw answer in the shape that the domain takes. */
function quoteOf(chain: ChainAnswers, answer: Answer): ChainQuote {
  const leg = (strike: number, side: Side, raw: LegAnswer | null): LegQuote | null =>
    raw && { ...raw, prevOi: chain.prevOi.get(strike)?.[side] ?? null };
  const strikes = [...answer.strikes].map(([strike, both]) => ({
    strike,
    call: leg(strike, 'call', both.call),
    put: leg(strike, 'put', both.put),
  }));
  return { spot: answer.spot, strikes };
}

interface Run {
  history: SessionHistory;
  refusals: Refusal[];
}

/** What both found. Equal where `domain` equals `checker` and `tables` is empty. */
export interface Differences {
  refusals: { domain: readonly Refusal[]; checker: readonly Refusal[] };
  slots: { domain: readonly number[]; checker: readonly number[] };
  tables: string[];
}

/** Lets the domain judge a whole recorded day, all of one session. */
function run(chain: ChainAnswers): Run {
  const first = slotOf(chain.answers[0]?.at ?? 0);
  const day = defaultTradingDay('NSE', istDate(first));
  const history = new SessionHistory(sessionStartFor(day, first));
  const acceptance = new Acceptance(history);
  const refusals: Run['refusals'] = [];
  for (const answer of chain.answers) {
    // One capture per slot: whoever collects does not even have a second answer judged.
    if (history.at(slotOf(answer.at))) continue;
    const verdict = acceptance.judge(quoteOf(chain, answer), slotOf(answer.at), answer.at, 'import');
    if (!verdict.accepted) refusals.push({ slot: verdict.slot, reason: verdict.reason });
    acceptance.commit(verdict);
  }
  return { history, refusals };
}

/** A chain's day by the domain and by the checker. Tables only of the slots that `pick` takes, by their index. */
export function differences(chain: ChainAnswers, pick: (index: number) => boolean = () => true): Differences {
  const truth = truthOf(chain);
  const { history, refusals } = run(chain);
  const underlying = {
    key: chain.underlying,
    symbol: chain.underlying,
    name: chain.underlying,
    lotSize: null,
  };
  const both = truth.slots.filter((slot, index) => pick(index) && history.at(slotOf(slot)));
  const tables = both.flatMap((slot) => {
    const input = { underlying, expiry: chain.expiry, history, slot: slotOf(slot), seq: 1 };
    return compareTable(truth.at(slot), computeTable(input));
  });
  return {
    refusals: { domain: refusals, checker: truth.refusals },
    slots: { domain: history.slots(), checker: truth.slots },
    tables,
  };
}
