import { computeTable } from '../../../server/domain/table.js';
import { tableCsv } from '../../../server/snapshot/table-csv.js';
import { rowsAround } from '../../../server/snapshot/table-window.js';
import {
  aHistory,
  aLeg,
  aSnapshot,
  aStrike,
  aTableInput,
  anUnderlying,
} from '../../factories/chain.factory.js';

const history = aHistory([aSnapshot({ minute: 0 }), aSnapshot({ minute: 3 })]);
const table = computeTable(aTableInput(history));

describe('the table as CSV', () => {
  it('should have one line a strike with units in the head, and as many cells in each', () => {
    const lines = tableCsv(table).trimEnd().split('\r\n');
    expect(lines).toHaveLength(1 + table.rows.length);
    expect(new Set(lines.map((line) => line.split(',').length)).size).toBe(1);
    expect(lines[0]).toContain('call_3m_units,call_3m_pct,call_3m_base_ist');
  });

  it('should leave the unknown empty, never 0', () => {
    const one = aHistory([aSnapshot({ strikes: [aStrike(24_000, aLeg({ oi: null, volume: null }), null)] })]);
    const [, line] = tableCsv(computeTable(aTableInput(one))).split('\r\n');
    expect(line!.split(',').slice(6)).toEqual([
      '',
      '6000',
      '',
      '100',
      '',
      ...Array(15).fill(''),
      ...Array(20).fill(''),
    ]);
  });

  it('should defuse text that a spreadsheet would run', () => {
    const evil = computeTable(
      aTableInput(history, { underlying: anUnderlying({ symbol: '=cmd|"calc"!A1' }) }),
    );
    expect(tableCsv(evil).split('\r\n')[1]).toMatch(/^"'=cmd\|""calc""!A1",/);
  });
});

describe('a window of strikes', () => {
  it('should keep the rows around ATM and the totals of the whole chain', () => {
    const cut = rowsAround(table, 1);
    expect(cut.rows.map((row) => row.strike)).toEqual([23_950, 24_000, 24_050]);
    const narrow = rowsAround({ ...table, atmStrike: 23_950 }, 1);
    expect(narrow.rows.map((row) => row.strike)).toEqual([23_950, 24_000]);
    expect(narrow.totals).toBe(table.totals);
  });

  it('should show the whole chain when there is no ATM', () => {
    expect(rowsAround({ ...table, atmStrike: null }, 1).rows).toHaveLength(3);
  });
});
