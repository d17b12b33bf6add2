import fc from 'fast-check';
import { parseMasterRow, RowRefused } from '../../../server/instruments/master-row.js';
import { expiryMs, mcxFutureRow, mcxOptionRow, optionRow, stockRow } from './master-rows.js';
import { fuzz } from '../../support/fuzz.js';

describe('master row', () => {
  it('should take an index option with all that identifies it', () => {
    expect(parseMasterRow(optionRow())).toEqual({
      exchange: 'NSE',
      instrumentKey: 'NSE_FO|45261',
      type: 'CE',
      expiry: expiryMs('2026-08-18'),
      strike: 27000,
      lotSize: 65,
      weekly: true,
      tradingSymbol: 'NIFTY 27000 CE 18 AUG 26',
      symbol: 'NIFTY',
      underlyingKey: 'NSE_INDEX|Nifty 50',
      name: 'NIFTY',
      kind: 'INDEX',
    });
  });

  it('should take decimal strikes, and symbols with & and -', () => {
    expect(parseMasterRow(stockRow('M&M', 'INE101A01026', { strike_price: 132.5 }))).toMatchObject({
      symbol: 'M&M',
      strike: 132.5,
      kind: 'EQUITY',
    });
    expect(parseMasterRow(stockRow('BAJAJ-AUTO', 'INE917I01010')).symbol).toBe('BAJAJ-AUTO');
  });

  it('should not know whether an MCX contract is weekly, and give a future strike 0', () => {
    expect(parseMasterRow(mcxOptionRow())).toMatchObject({
      weekly: null,
      kind: 'COMMODITY',
      exchange: 'MCX',
    });
    expect(parseMasterRow(mcxFutureRow({ strike_price: undefined }))).toMatchObject({
      type: 'FUT',
      strike: 0,
    });
  });

  it.each([
    ['segment', 'NCD_FO'],
    ['exchange', 'BSE'],
    ['instrument_type', 'EQ'],
    ['instrument_key', 'BSE_FO|1'],
    ['instrument_key', 'NSE_FO|1;DROP'],
    ['instrument_key', undefined],
    ['expiry', '2026-08-18'],
    ['expiry', 1787077799],
    ['expiry', null],
    ['strike_price', 0],
    ['strike_price', -5],
    ['strike_price', '27000'],
    ['lot_size', 0],
    ['lot_size', 65.5],
    ['weekly', 'yes'],
    ['underlying_symbol', ''],
    ['underlying_key', 42],
    ['underlying_type', 'CUR'],
    ['underlying_type', 'constructor'],
    ['trading_symbol', 'x'.repeat(200)],
    ['name', ' '],
  ])('should refuse a row whose %s is %p, naming the field', (field, bad) => {
    const parse = (): unknown => parseMasterRow(optionRow({ [field]: bad }));
    expect(parse).toThrow(RowRefused);
    expect(parse).toThrow(new RegExp(`^${field} is `));
  });

  it('should never fail in any other way, whatever the row is', () => {
    const fields = fc.constantFrom(...Object.keys(optionRow()));
    fuzz(
      'master: rows',
      fc.property(fc.anything(), fc.dictionary(fields, fc.anything()), (whole, overrides) => {
        for (const row of [whole, optionRow(overrides)])
          try {
            const { strike, lotSize, expiry } = parseMasterRow(row);
            expect([strike, lotSize, expiry].every(Number.isFinite)).toBe(true);
          } catch (error) {
            if (!(error instanceof RowRefused)) throw error;
          }
      }),
    );
  });
});
