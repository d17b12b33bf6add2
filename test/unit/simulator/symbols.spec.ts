import { masterSymbol, quoteMapKey } from '../../../server/simulator/symbols.js';

const row = (fields: object) =>
  ({ instrument_key: 'k', exchange: 'NSE', name: 'n', trading_symbol: 't', ...fields }) as Parameters<
    typeof quoteMapKey
  >[0];
const endOf = (date: string): number => Date.parse(`${date}T23:59:59+05:30`);

describe('symbols of the simulator', () => {
  it('should write the trading symbols of the master', () => {
    expect(masterSymbol('NIFTY', 'CE', 27_000, '2026-08-18')).toBe('NIFTY 27000 CE 18 AUG 26');
    expect(masterSymbol('M&M', 'PE', 132.5, '2026-09-29')).toBe('M&M 132.5 PE 29 SEP 26');
    expect(masterSymbol('NIFTY', 'FUT', 0, '2026-09-29')).toBe('NIFTY FUT 29 SEP 26');
  });

  it.each([
    ['NSE_FO:NIFTY2543021600PE', 'NSE_FO', 'NIFTY', 'PE', 21_600, '2025-04-30', true],
    ['MCX_FO:CRUDEOILM26OCT7850PE', 'MCX_FO', 'CRUDEOILM', 'PE', 7850, '2026-10-15', undefined],
    ['NSE_FO:NIFTY26N1024000CE', 'NSE_FO', 'NIFTY', 'CE', 24_000, '2026-11-10', true],
    ['NSE_FO:NIFTY26SEPFUT', 'NSE_FO', 'NIFTY', 'FUT', 0, '2026-09-29', false],
  ])(
    'should key a quote as %s',
    (key, segment, underlying_symbol, instrument_type, strike_price, date, weekly) => {
      const fields = {
        segment,
        underlying_symbol,
        instrument_type,
        strike_price,
        expiry: endOf(date),
        weekly,
      };
      expect(quoteMapKey(row(fields))).toBe(key);
    },
  );

  it('should key a share by its trading symbol', () => {
    expect(quoteMapKey(row({ segment: 'NSE_EQ', instrument_type: 'EQ', trading_symbol: 'MARUTI' }))).toBe(
      'NSE_EQ:MARUTI',
    );
  });
});
