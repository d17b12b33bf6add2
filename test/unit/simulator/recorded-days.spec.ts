import { recordedMarket } from '../../../server/simulator/index.js';
import { readDay } from '../../../server/simulator/recorded/day-file.js';
import { describeWithData } from '../../support/shared-data.js';
import { expiriesOf, NIFTY } from './days.js';

const RELIANCE = 'NSE_EQ|INE002A01018';

describeWithData(
  'the recorded days as a market',
  {
    master: 'instruments/upstox-complete-2026-08-18.json.gz',
    nifty: 'days/nifty-2026-08-18-1min.csv.gz',
    stocks: 'days/stocks-2026-01-30-5min.csv.gz',
    januaryMaster: 'instruments/reconstructed-nse-fo-2026-01-30.json.gz',
  },
  (files) => {
    it('should load the whole market’s day within seconds, in columns', async () => {
      const began = performance.now();
      const day = await readDay(files.stocks);
      const seconds = (performance.now() - began) / 1000;
      console.info(`586,623 rows in ${seconds.toFixed(1)} s`);
      expect(day.rows).toBe(586_623);
      expect(day.chains.size).toBe(206);
      expect(seconds).toBeLessThan(20);
      const bytes = Object.values(day.columns).reduce((sum, c) => sum + c.byteLength, 0);
      expect(bytes).toBeLessThan(80e6);
    });

    it('should find a contract for every leg of the NIFTY day', async () => {
      const market = await recordedMarket({ instrumentsFile: files.master, dayFile: files.nifty });
      expect(market.warnings).toEqual([]);
      const noon = Date.parse('2026-08-18T12:00:00+05:30');
      const chains = expiriesOf(market, NIFTY)
        .slice(0, 4)
        .map((e) => market.chain(NIFTY, e, noon) ?? []);
      expect(chains.every((c) => c.length > 20)).toBe(true);
      const legs = chains.flat().flatMap((r) => [r.call_options, r.put_options]);
      expect(legs.filter((l) => l !== undefined).every((l) => l.instrument_key?.startsWith('NSE_FO|'))).toBe(
        true,
      );
    });

    it('should count, not hide, the legs of January that its master does not list', async () => {
      const market = await recordedMarket({ instrumentsFile: files.januaryMaster, dayFile: files.stocks });
      expect(market.warnings).toHaveLength(1);
      expect(market.chain(RELIANCE, '2026-02-24', Date.parse('2026-01-30T14:00:00+05:30'))?.length).toBe(58);
    });
  },
);
