import { Acceptance } from '../../../server/domain/acceptance.js';
import { sessionStartFor, defaultTradingDay } from '../../../server/domain/calendar.js';
import { SessionHistory } from '../../../server/domain/history.js';
import { istDate, slotOf } from '../../../server/domain/slot.js';
import type { ChainQuote, LegQuote } from '../../../server/domain/snapshot.js';
import { computeTable } from '../../../server/domain/table.js';
import { describeWithData } from '../../support/shared-data.js';
import { compareTable, readDay, truthOf } from '../../support/truth/index.js';
import type { Answer, ChainAnswers, LegAnswer, Side } from '../../support/truth/types.js';

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
  refusals: { slot: number; reason: string }[];
}

/** Lets the domain judge a whole recorded day, all of one session. */
function run(chain: ChainAnswers): Run {
  const first = slotOf(chain.answers[0]?.at ?? 0);
  const day = defaultTradingDay('NSE', istDate(first));
  const history = new SessionHistory(sessionStartFor(day, first));
  const acceptance = new Acceptance(history);
  const refusals: Run['refusals'] = [];
  for (const answer of chain.answers) {
    const verdict = acceptance.judge(quoteOf(chain, answer), slotOf(answer.at), answer.at, 'import');
    if (!verdict.accepted) refusals.push({ slot: verdict.slot, reason: verdict.reason });
    acceptance.commit(verdict);
  }
  return { history, refusals };
}

function differences(chain: ChainAnswers, pick: (index: number) => boolean): string[] {
  const truth = truthOf(chain);
  const { history, refusals } = run(chain);
  expect(refusals).toEqual(truth.refusals);
  expect(history.slots()).toEqual(truth.slots);
  const underlying = {
    key: chain.underlying,
    symbol: chain.underlying,
    name: chain.underlying,
    lotSize: null,
  };
  return history
    .slots()
    .filter((_slot, index) => pick(index))
    .flatMap((slot) => {
      const table = computeTable({ underlying, expiry: chain.expiry, history, slot, seq: 1 });
      return compareTable(truth.at(slot), table);
    });
}

const DAYS: [string, string | null, number][] = [
  ['nifty-2026-08-18-1min', 'prev-oi-nifty-2026-08-18', 7],
  ['nifty-2026-08-17-1min', null, 3],
  ['nifty-2026-08-20-irregular', null, 1],
  ['indices-2026-01-30-5min', 'prev-oi-2026-01-30', 1],
  ['stocks-2026-01-30-5min', 'prev-oi-2026-01-30', 9],
  ['all218-2026-08-19-30min', null, 2],
];

describe('the domain on recorded days', () => {
  for (const [day, prev, step] of DAYS) {
    const files: Record<string, string> = { day: `days/${day}.csv.gz` };
    if (prev !== null) files['prev'] = `baseline/${prev}.csv.gz`;
    describeWithData(day, files, (paths) => {
      it('should judge every answer and compute every table as the independent checker does', () => {
        const chains = readDay(paths['day'] ?? '', paths['prev']);
        expect(chains.length).toBeGreaterThan(0);
        const found = chains.flatMap((chain, offset) =>
          differences(chain, (index) => index % step === offset % step),
        );
        expect(found.slice(0, 20)).toEqual([]);
      });
    });
  }
});
