import { describeWithData } from '../../support/shared-data.js';
import { readDay } from '../../support/truth/index.js';
import { differences } from './domain-run.js';

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
        for (const [offset, chain] of chains.entries()) {
          const { refusals, slots, tables } = differences(chain, (index) => index % step === offset % step);
          expect(refusals.domain).toEqual(refusals.checker);
          expect(slots.domain).toEqual(slots.checker);
          expect(tables.slice(0, 20)).toEqual([]);
        }
      });
    });
  }
});
