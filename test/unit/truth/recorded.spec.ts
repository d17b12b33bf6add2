import { readFileSync } from 'node:fs';
import { clock, expectedTables } from '../../support/truth/index.js';
import { describeWithData } from '../../support/shared-data.js';

const DAY = 'nifty-2026-08-18-1min.csv.gz';

describeWithData(
  'the checker on a recorded day',
  { day: `days/${DAY}`, anomalies: 'known-anomalies.csv', sparse: 'days/all218-2026-08-19-30min.csv.gz' },
  (files) => {
    /** `expiry HH:MM` of the anomalies of one kind that were found in the file by hand. */
    const known = (file: string, kind: string): string[] =>
      readFileSync(files.anomalies, 'utf8')
        .split('\n')
        .map((line) => line.split(','))
        .filter((cells) => cells[0] === file && cells[5] === kind)
        .map((cells) => `${cells[3]} ${cells[1]?.slice(11, 16)}`)
        .sort();

    it('should refuse exactly the answers that are known to be stale', () => {
      const refused = expectedTables(files.day).flatMap(({ expiry, refusals }) =>
        refusals.map(({ slot, reason }) => [`${expiry} ${clock(slot)}`, reason] as const),
      );
      const stale = [
        ...known(DAY, 'stale_snapshot_volume_went_backwards'),
        ...known(DAY, 'contract_volume_went_backwards'),
        // Newer than the refused answer of 12:01, but its volume is still below the last accepted one's, of 12:00.
        '2026-09-08 12:02',
      ];
      expect(refused.map(([place]) => place).sort()).toEqual(stale.sort());
      expect(new Set(refused.map(([, reason]) => reason))).toEqual(new Set(['stale-volume']));
    });

    it('should not believe the phantom zero that is known', () => {
      const file = 'all218-2026-08-19-30min.csv.gz';
      const phantoms = expectedTables(files.sparse).flatMap((chain) =>
        chain.phantoms.map((p) => `${chain.underlying} ${p.strike} ${p.side} ${clock(p.slot)}`),
      );
      expect(known(file, 'phantom_zero_oi')).toEqual(['2026-08-25 11:21']);
      expect(phantoms).toContain('COLPAL 1860 call 11:21');
    });
  },
);
