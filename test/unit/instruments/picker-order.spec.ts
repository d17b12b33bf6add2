import { byPickerOrder } from '../../../server/instruments/picker-order.js';
import { reportLines } from '../../../server/instruments/report-text.js';

const one = (symbol: string, kind: 'INDEX' | 'EQUITY' | 'COMMODITY', exchange = 'NSE') => ({
  symbol,
  kind,
  exchange,
});

describe('picker order', () => {
  it('should put known indices first, other indices, stocks A–Z, then commodities', () => {
    const sorted = [
      one('CRUDEOIL', 'COMMODITY', 'MCX'),
      one('RELIANCE', 'EQUITY'),
      one('NIFTYFPI', 'INDEX'),
      one('ABB', 'EQUITY'),
      one('SENSEX', 'INDEX', 'BSE'),
      one('M&M', 'EQUITY'),
      one('NIFTY', 'INDEX'),
      one('BANKNIFTY', 'INDEX'),
    ].sort(byPickerOrder);
    expect(sorted.map(({ symbol }) => symbol)).toEqual([
      'NIFTY',
      'BANKNIFTY',
      'SENSEX',
      'NIFTYFPI',
      'ABB',
      'M&M',
      'RELIANCE',
      'CRUDEOIL',
    ]);
  });
});

describe('import report', () => {
  it('should say what changed and name refused rows', () => {
    const lines = reportLines({
      rows: 125004,
      contracts: 55567,
      underlyings: 248,
      exchanges: ['BSE', 'MCX', 'NSE'],
      added: 10,
      expired: 20,
      moved: 3,
      rekeyed: 4,
      reusedKeys: 5,
      lotChanged: 6,
      refused: { count: 3, samples: [{ reason: 'lot_size is 0', row: 'NSE_FO|1' }] },
      ignored: 68783,
      ms: 1234,
      asOf: Date.parse('2026-08-18T06:00:00+05:30'),
    });
    expect(lines[0]).toBe(
      '55,567 contracts of 248 underlyings (BSE, MCX, NSE), as of 2026-08-18 06:00 IST, from 1,25,004 rows in 1.2 s.',
    );
    expect(lines[1]).toContain(
      'added 10, expired 20, moved to another expiry 3, re-keyed 4, lot size changed 6',
    );
    expect(lines).toContain('  lot_size is 0: NSE_FO|1');
    expect(lines.at(-1)).toBe('  and 2 more');
  });
});
