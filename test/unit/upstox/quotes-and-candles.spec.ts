import fc from 'fast-check';
import { mapCandles } from '../../../server/upstox/candles-mapper.js';
import { BrokerError } from '../../../server/upstox/errors.js';
import { mapQuotes } from '../../../server/upstox/quotes-mapper.js';

const quote = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  instrument_token: 'MCX_FO|565899',
  symbol: 'CRUDEOIL26SEPFUT',
  timestamp: '2026-09-19T15:21:51.099+05:30',
  last_price: 5810,
  volume: 12500,
  oi: 1_234_500,
  previous_oi: 1_200_000,
  ...fields,
});

describe('mapQuotes', () => {
  it('should match entries by the instrument inside, not by the symbol outside', () => {
    const { quotes, rejected } = mapQuotes({ 'MCX_FO:CRUDEOIL26SEPFUT': quote() }, ['MCX_FO|565899']);
    expect([...quotes.values()]).toEqual([
      {
        instrumentKey: 'MCX_FO|565899',
        oi: 1_234_500,
        prevOi: 1_200_000,
        ltp: 5810,
        volume: 12500,
        timestamp: Date.parse('2026-09-19T15:21:51.099+05:30'),
      },
    ]);
    expect(rejected).toEqual([]);
  });

  it('should leave out what was not asked for, and what is null', () => {
    const { quotes } = mapQuotes({ 'GLOBAL_INDICATOR:null': quote(), b: null }, ['NSE_FO|1']);
    expect(quotes.size).toBe(0);
  });

  it('should know no previous OI from the older endpoint', () => {
    const { quotes } = mapQuotes({ a: quote({ previous_oi: undefined }) }, ['MCX_FO|565899']);
    expect(quotes.get('MCX_FO|565899')?.prevOi).toBeNull();
  });

  it.each([
    ['oi', '1234500', 'oi'],
    ['oi', -1, 'oi'],
    ['previous_oi', 0.5, 'prevOi'],
    ['last_price', -2, 'ltp'],
    ['volume', NaN, 'volume'],
  ])('should refuse the cell %s = %s and count it', (cell, value, mapped) => {
    const { quotes, rejected } = mapQuotes({ a: quote({ [cell]: value }) }, ['MCX_FO|565899']);
    expect(quotes.get('MCX_FO|565899')).toHaveProperty(mapped, null);
    expect(rejected).toHaveLength(1);
  });

  it('should know no time where it has no zone', () => {
    const { quotes } = mapQuotes({ a: quote({ timestamp: '2026-09-19T15:21:51' }) }, ['MCX_FO|565899']);
    expect(quotes.get('MCX_FO|565899')?.timestamp).toBeNull();
  });

  it.each([[null], [[]], ['x']])('should refuse %s as a whole', (data) => {
    expect(() => mapQuotes(data, [])).toThrow(BrokerError);
  });

  it('should never throw anything but a BrokerError nor give a number that cannot be', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), fc.string(), (fields, symbol) => {
        const { quotes } = mapQuotes({ [symbol]: { ...quote(), ...fields } }, ['MCX_FO|565899']);
        for (const q of quotes.values())
          for (const n of [q.oi, q.prevOi, q.ltp, q.volume]) expect(n === null || n >= 0).toBe(true);
      }),
    );
  });
});

describe('mapCandles', () => {
  const candle = (minute: string, oi: unknown = 100, volume: unknown = 5): unknown[] => [
    `2026-11-23T${minute}:00+05:30`,
    1,
    2,
    0.5,
    1.5,
    volume,
    oi,
  ];

  it('should sort ascending what the broker sends newest first, OI from index 6', () => {
    const { candles } = mapCandles({
      candles: [candle('09:17', 300), candle('09:16', 200), candle('09:15')],
    });
    expect(candles.map((c) => c.oi)).toEqual([100, 200, 300]);
    expect(candles[0]).toEqual({
      time: Date.parse('2026-11-23T09:15:00+05:30'),
      close: 1.5,
      volume: 5,
      oi: 100,
    });
  });

  it('should give none for a day without candles', () => {
    expect(mapCandles({ candles: [] }).candles).toEqual([]);
  });

  it.each([
    ['without OI', candle('09:20').slice(0, 6)],
    ['with a negative OI', candle('09:20', -1)],
    ['with a string as OI', candle('09:20', '100')],
    ['with a fraction as volume', candle('09:20', 1, 0.5)],
    ['off the minute', ['2026-11-23T09:20:01+05:30', 1, 1, 1, 1, 1, 1]],
    ['without an offset', ['2026-11-23T09:20:00', 1, 1, 1, 1, 1, 1]],
    ['that is no list', { time: 1 }],
  ])('should leave out a row %s: the minute is a gap', (_name, bad) => {
    const { candles, rejected } = mapCandles({ candles: [candle('09:16'), bad, candle('09:15')] });
    expect(candles).toHaveLength(2);
    expect(rejected.length).toBeGreaterThan(0);
  });

  it.each([[null], [{}], [{ candles: null }], [{ candles: [1, 2, 3] }], [[]]])('should refuse %j', (data) => {
    expect(() => mapCandles(data)).toThrow(BrokerError);
  });

  it('should survive any rows with ascending clean candles or a BrokerError', () => {
    const cell = fc.oneof(fc.anything(), fc.constantFrom(1, 2.5, '2026-11-23T09:20:00+05:30'));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.array(cell, { maxLength: 8 }), fc.constant(candle('09:15')))),
        (rows) => {
          try {
            const { candles } = mapCandles({ candles: rows });
            candles.forEach((c, i) => expect(c.time > (candles[i - 1]?.time ?? 0) && c.oi >= 0).toBe(true));
          } catch (error) {
            expect(error).toBeInstanceOf(BrokerError);
          }
        },
      ),
    );
  });
});
