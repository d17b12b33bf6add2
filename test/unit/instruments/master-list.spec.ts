import { MasterList } from '../../../server/instruments/master-list.js';
import { parseMasterRow } from '../../../server/instruments/master-row.js';
import { chainRows, expiryMs, mcxFutureRow, mcxOptionRow, optionRow, type Row } from './master-rows.js';

function listOf(...rows: Row[]): MasterList {
  const list = new MasterList();
  for (const row of rows) list.add(parseMasterRow(row));
  list.finish();
  return list;
}

describe('master list', () => {
  it('should date an expiry in India, where 23:59:59 is 18:29:59 UTC', () => {
    expect(listOf(optionRow()).contracts[0]?.expiry).toBe('2026-08-18');
  });

  it('should group MCX options under the commodity, and keep the future each one hangs on', () => {
    const october = { instrument_key: 'MCX_FO|570000', expiry: expiryMs('2026-10-20') };
    const list = listOf(
      mcxOptionRow(),
      mcxOptionRow({
        instrument_key: 'MCX_FO|579999',
        underlying_key: 'MCX_FO|570000',
        expiry: expiryMs('2026-10-15'),
      }),
      mcxFutureRow(),
      mcxFutureRow(october),
    );
    expect([...list.underlyings.keys()]).toEqual(['MCX_COM|294']);
    expect(list.contracts.map(({ expiry, futureKey }) => [expiry, futureKey])).toEqual([
      ['2026-09-17', 'MCX_FO|565899'],
      ['2026-09-21', null],
      ['2026-10-15', 'MCX_FO|570000'],
      ['2026-10-20', null],
    ]);
  });

  it('should refuse an option whose future is not in the list, or belongs to another commodity', () => {
    const list = listOf(
      mcxFutureRow(),
      mcxOptionRow({ underlying_key: 'MCX_FO|568' }),
      mcxOptionRow({ instrument_key: 'MCX_FO|2', underlying_symbol: 'GOLD' }),
    );
    expect(list.contracts).toHaveLength(1);
    expect(list.refused.count).toBe(2);
    expect(list.refused.samples[0]?.reason).toContain('MCX_FO|568');
  });

  it('should refuse a key and a contract that come twice', () => {
    const list = listOf(
      optionRow(),
      optionRow({ strike_price: 27050 }),
      optionRow({ instrument_key: 'NSE_FO|2' }),
    );
    expect(list.contracts).toHaveLength(1);
    expect(list.refused.samples.map((sample) => sample.reason)).toEqual([
      'its instrument_key comes twice in the list',
      'the same contract comes twice in the list',
    ]);
  });

  it('should keep the one of two equal contracts that stands first in the file', () => {
    const list = listOf(
      optionRow({ instrument_key: 'NSE_FO|3', strike_price: 27050 }),
      optionRow({ instrument_key: 'NSE_FO|2' }),
      optionRow({ instrument_key: 'NSE_FO|1' }),
    );
    expect(list.contracts.map((contract) => contract.instrumentKey)).toEqual(['NSE_FO|2', 'NSE_FO|3']);
    expect(list.refused.samples.map((sample) => sample.row)).toEqual(['NSE_FO|1 NIFTY 27000 CE 18 AUG 26']);
  });

  it('should give every contract its own key and trading symbol, however many there are', () => {
    const rows = [...chainRows('2026-08-18', 400, 1), ...chainRows('2026-08-25', 300, 1_001)];
    const listed = listOf(...[...rows].reverse()).contracts.map((one) => [
      one.instrumentKey,
      one.tradingSymbol,
    ]);
    expect(listed).toEqual(rows.map((row) => [row['instrument_key'], row['trading_symbol']]));
  });

  it('should name an underlying after its spot instrument', () => {
    const list = new MasterList();
    list.addName('NSE_INDEX|Nifty 50', 'Nifty 50');
    list.add(parseMasterRow(optionRow()));
    list.finish();
    expect(list.underlyings.get('NSE_INDEX|Nifty 50')).toMatchObject({ symbol: 'NIFTY', name: 'Nifty 50' });
  });

  it('should count all refused rows but keep only the first few, shortened', () => {
    const list = new MasterList();
    for (let i = 0; i < 50; i++) list.refuse(`reason ${i}`, 'x'.repeat(5_000));
    expect(list.refused.count).toBe(50);
    expect(list.refused.samples).toHaveLength(10);
    expect(list.refused.samples[0]?.row.length).toBeLessThanOrEqual(200);
  });
});
