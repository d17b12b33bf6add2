import { join } from 'node:path';
import type { QualityReport, Table } from '../../server/protocol/index.js';
import { cleanUp, runCli, settings, startDemo, tempFolder } from '../support/harness.js';
import { closeSockets, Visitor } from '../support/harness-client.js';
import { describeWithData } from '../support/shared-data.js';
import { clock, compareTable, expectedTables, type ChainTruth } from '../support/truth/index.js';

interface Recorded {
  file: string;
  date: string;
  prevOi?: string;
  /** Of each chain every n-th slot is compared. */
  step: number;
}

/** One database holds the days of one instrument master. */
function importing(
  title: string,
  files: Record<string, string>,
  days: readonly Recorded[],
  market: Recorded,
): void {
  describeWithData(title, files, (paths) => {
    const path = (name: string | undefined): string => paths[name ?? ''] ?? '';
    const folder = tempFolder();
    let visitor: Visitor;
    let keys: Map<string, string>;

    const importDay = (day: Recorded, into: string) =>
      runCli(
        ['days', 'import', path(day.file), ...(day.prevOi ? ['--prev-oi', path(day.prevOi)] : [])],
        settings(into),
      );
    const truthOf = (day: Recorded): ChainTruth[] =>
      expectedTables(path(day.file), day.prevOi && path(day.prevOi));

    /** Any running tracker answers for past days; this one has the same market beside it, at rest after the close. */
    async function serve(data: string): Promise<Visitor> {
      const recorded = ['--instruments', path('instruments'), '--day', path(market.file), '--start', '15:59'];
      const { url } = await startDemo([...recorded, '--rate', '1'], data);
      const somebody = await Visitor.enter(url);
      keys = await somebody.whenInstrumentsAreReady('NIFTY');
      return somebody;
    }

    async function differences(chain: ChainTruth, slots: readonly number[], of = visitor): Promise<string[]> {
      const found: string[] = [];
      const key = keys.get(chain.underlying);
      if (key === undefined) return [`${chain.underlying} is not among the underlyings`];
      for (const slot of slots)
        found.push(...compareTable(chain.at(slot), await of.table(key, chain.expiry, slot)));
      return found;
    }

    beforeAll(async () => {
      const contracts = await runCli(
        ['contracts', 'import', '--file', path('instruments')],
        settings(folder),
      );
      expect(contracts).toMatchObject({ code: 0 });
      for (const day of days) expect(await importDay(day, folder)).toMatchObject({ code: 0 });
      visitor = await serve(folder);
    }, 600_000);

    afterAll(async () => {
      closeSockets();
      await cleanUp();
    });

    it.each(days)(
      'should answer the tables of $file as the independent checker computes them',
      async (day) => {
        const chains = truthOf(day);
        expect(chains.length).toBeGreaterThan(0);
        const found: string[] = [];
        for (const [offset, chain] of chains.entries()) {
          const sample = chain.slots.filter((_slot, i) => (i + offset) % day.step === 0);
          found.push(...(await differences(chain, sample)));
        }
        expect(found.slice(0, 20)).toEqual([]);
      },
      600_000,
    );

    it.each(days)(
      'should have refused of $file what the checker refuses, and stored everything else',
      async (day) => {
        const report = await visitor.get<QualityReport>(`/api/quality?date=${day.date}`);
        const told = new Map(report.chains.map((chain) => [`${chain.symbol} ${chain.expiry}`, chain]));
        for (const chain of truthOf(day)) {
          const name = `${chain.underlying} ${chain.expiry}`;
          const refusals = told.get(name)?.refusals.map(({ slot, reason }) => `${clock(slot)} ${reason}`);
          expect({ name, refusals, captured: told.get(name)?.captured }).toEqual({
            name,
            refusals: chain.refusals.map(({ slot, reason }) => `${clock(slot)} ${reason}`),
            captured: chain.slots.length,
          });
        }
      },
      120_000,
    );

    it.each(days)(
      'should answer a refused minute of $file with the table before it',
      async (day) => {
        for (const chain of truthOf(day))
          for (const { slot } of chain.refusals) {
            const before = chain.slots.findLast((captured) => captured < slot);
            const key = keys.get(chain.underlying) ?? '';
            const answer = await visitor.find<Table>(visitor.tablePath(key, chain.expiry, slot));
            expect(clock(answer?.slot ?? 0)).toBe(clock(before ?? 0));
          }
      },
      120_000,
    );

    it('should give the same tables again after an export into a fresh database', async () => {
      const fresh = tempFolder();
      const out = join(fresh, 'day.csv.gz');
      const prevOut = join(fresh, 'prev.csv.gz');
      const which = ['--underlying', 'NIFTY', '--date', market.date, '--out', out, '--prev-oi-out', prevOut];
      expect(await runCli(['days', 'export', ...which], settings(folder))).toMatchObject({ code: 0 });
      const contracts = ['contracts', 'import', '--file', path('instruments')];
      expect(await runCli(contracts, settings(fresh))).toMatchObject({ code: 0 });
      const again = await runCli(['days', 'import', out, '--prev-oi', prevOut], settings(fresh));
      expect(again).toMatchObject({ code: 0 });
      const second = await serve(fresh);
      const chains = truthOf(market).filter(({ underlying }) => underlying === 'NIFTY');
      expect(chains.length).toBeGreaterThan(0);
      const found: string[] = [];
      for (const chain of chains)
        found.push(
          ...(await differences(
            chain,
            chain.slots.filter((_slot, i) => i % 11 === 0),
            second,
          )),
        );
      expect(found.slice(0, 20)).toEqual([]);
    }, 300_000);
  });
}

const nifty18: Recorded = { file: 'nifty18', date: '2026-08-18', prevOi: 'prevOi18', step: 6 };
importing(
  'recorded days of August, imported',
  {
    instruments: 'instruments/upstox-complete-2026-08-18.json.gz',
    nifty17: 'days/nifty-2026-08-17-1min.csv.gz',
    nifty18: 'days/nifty-2026-08-18-1min.csv.gz',
    prevOi18: 'baseline/prev-oi-nifty-2026-08-18.csv.gz',
    all218: 'days/all218-2026-08-19-30min.csv.gz',
    nifty20: 'days/nifty-2026-08-20-irregular.csv.gz',
  },
  [
    { file: 'nifty17', date: '2026-08-17', step: 3 },
    nifty18,
    { file: 'all218', date: '2026-08-19', step: 4 },
    { file: 'nifty20', date: '2026-08-20', step: 1 },
  ],
  nifty18,
);

const indices30: Recorded = { file: 'indices', date: '2026-01-30', prevOi: 'prevOi30', step: 2 };
importing(
  'recorded days of January, imported',
  {
    instruments: 'instruments/reconstructed-nse-fo-2026-01-30.json.gz',
    indices: 'days/indices-2026-01-30-5min.csv.gz',
    stocks: 'days/stocks-2026-01-30-5min.csv.gz',
    prevOi30: 'baseline/prev-oi-2026-01-30.csv.gz',
  },
  [indices30, { file: 'stocks', date: '2026-01-30', prevOi: 'prevOi30', step: 24 }],
  indices30,
);
