import { readFileSync } from 'node:fs';
import { mapCandles } from '../../server/upstox/candles-mapper.js';
import { mapChain } from '../../server/upstox/chain-mapper.js';
import { dataOf } from '../../server/upstox/envelope.js';
import { describeWithData } from '../support/shared-data.js';

const MINUTE = 60_000;
const dataIn = (path: string): unknown => dataOf(JSON.parse(readFileSync(path, 'utf8')), { token: null });

describeWithData(
  'saved answers of the broker',
  {
    chain: 'upstox-answers/option-chain-nifty-2024-06-27.json',
    intraday: 'upstox-answers/intraday-candles-2024-06-10.json',
    withOi: 'upstox-answers/candles-with-oi-nifty-24300-ce-2026-07-15.csv',
  },
  (paths) => {
    it('should map the NIFTY option chain of 27 June 2024 without refusing a cell', () => {
      const chain = mapChain(dataIn(paths.chain), { underlying: 'NSE_INDEX|Nifty 50', expiry: '2024-06-27' });
      expect(chain.rejected).toEqual([]);
      expect(chain.spot).toBe(23868.8);
      expect(chain.strikes).toHaveLength(115);
      expect(chain.strikes[0]).toEqual({
        strike: 15000,
        call: { oi: 133025, prevOi: 228225, ltp: 8868, volume: 96750 },
        put: { oi: 244100, prevOi: 309325, ltp: 0.25, volume: 710750 },
      });
      expect(chain.strikes.find((s) => s.strike === 23900)).toEqual({
        strike: 23900,
        call: { oi: 7066225, prevOi: 4006125, ltp: 55.05, volume: 137559075 },
        put: { oi: 3379575, prevOi: 365350, ltp: 97.8, volume: 52674525 },
      });
      expect(chain.keys.get(24000)).toEqual({ call: 'NSE_FO|71298', put: 'NSE_FO|71301' });
    });

    it('should keep the strikes ascending and lose no unit of OI', () => {
      const { strikes } = mapChain(dataIn(paths.chain), {
        underlying: 'NSE_INDEX|Nifty 50',
        expiry: '2024-06-27',
      });
      const order = strikes.map((s) => s.strike);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(strikes.reduce((sum, s) => sum + (s.call?.oi ?? 0), 0)).toBe(137_798_825);
      expect(strikes.reduce((sum, s) => sum + (s.put?.oi ?? 0), 0)).toBe(174_622_300);
      expect(strikes.reduce((sum, s) => sum + (s.call?.volume ?? 0), 0)).toBe(1_644_928_350);
    });

    it('should sort the intraday candles ascending, which are stored newest first', () => {
      const { candles, rejected } = mapCandles(dataIn(paths.intraday));
      expect(rejected).toEqual([]);
      expect(candles).toHaveLength(194);
      expect(candles[0]).toEqual({
        time: Date.parse('2024-06-10T12:16:00+05:30'),
        close: 103.41,
        volume: 53116,
        oi: 0,
      });
      expect(candles.at(-1)).toEqual({
        time: Date.parse('2024-06-10T15:29:00+05:30'),
        close: 101.85,
        volume: 337458,
        oi: 0,
      });
      expect(candles.every((c, i) => c.time === (candles[0]?.time ?? 0) + i * MINUTE)).toBe(true);
    });

    it('should read the OI of a candle from index 6', () => {
      const lines = readFileSync(paths.withOi, 'utf8').trim().split('\n').slice(1);
      const rows = lines.map((line) => {
        const [ts = '', ...numbers] = line.split(',');
        return [ts.replace(' ', 'T'), ...numbers.map(Number)];
      });
      const { candles, rejected } = mapCandles({ candles: rows.reverse() });
      expect(rejected).toEqual([]);
      expect(candles).toHaveLength(lines.length);
      expect(candles[0]).toEqual({
        time: Date.parse('2026-07-15T09:15:00+05:30'),
        close: 75,
        volume: 1110200,
        oi: 4142645,
      });
      expect(candles.at(-1)).toMatchObject({ close: 59.8, oi: 5961345 });
    });
  },
);
