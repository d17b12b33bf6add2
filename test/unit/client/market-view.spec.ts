import fc from 'fast-check';
import { MARKET_COLUMNS } from '../../../client/lib/market-columns.js';
import {
  addPercent,
  awakeRows,
  breadthOf,
  filterRows,
  inOrder,
  isLate,
  moverOf,
  movedRows,
  nextSort,
  shortAge,
  sortRows,
  sortValue,
  sweptOf,
  type Lens,
} from '../../../client/lib/market-view.js';
import type { MarketRow } from '../../../server/protocol/index.js';
import {
  aMarketBoard,
  aMarketRow,
  aMover,
  anyRow,
  aWindow,
  MARKET_INTERVALS,
  MARKET_SLOT,
} from '../../factories/market.factory.js';

const LENS: Lens = { window: 1, side: 'both', floor: 500 };
const windows = (window: MarketRow['windows'][number]): MarketRow['windows'] =>
  MARKET_INTERVALS.map(() => window);
const row = (symbol: string, parts: Partial<MarketRow> = {}): MarketRow =>
  aMarketRow({ key: `NSE_EQ|${symbol}`, symbol, name: `${symbol} Limited`, kind: 'EQUITY', ...parts });
const symbols = (rows: readonly MarketRow[]): string[] => rows.map(({ symbol }) => symbol);

describe('the largest mover of a row', () => {
  const call = aMover({ side: 'call', oi: 600 * 65, abs: 100 * 65 });
  const put = aMover({ side: 'put', oi: 5_500 * 65, abs: 500 * 65 });
  const both = row('A', { windows: windows(aWindow({ movers: { callBuildUp: call, putBuildUp: put } })) });

  it('should be the one of either side that moved most in per cent', () =>
    expect(moverOf(both, 'build', LENS)).toEqual({ mover: call, why: null }));

  it.each(['call', 'put'] as const)('should be a %s when only those are looked at', (side) =>
    expect(moverOf(both, 'build', { ...LENS, side }).mover?.side).toBe(side),
  );

  it('should have had the floor at its base, in lots, not now', () => {
    expect(moverOf(both, 'build', { ...LENS, floor: 501 }).mover).toBe(put);
    expect(moverOf(both, 'build', { ...LENS, floor: 5_000 }).mover).toBe(put);
  });

  it.each([
    ['waiting', row('A', { slot: null }), LENS],
    ['no-base', row('A', { windows: windows(aWindow({ legs: 0 })) }), LENS],
    ['none', row('A'), LENS],
    ['below-floor', both, { ...LENS, floor: 10_000 }],
  ] as const)('should be missing with a reason: %s', (why, of, lens) =>
    expect(moverOf(of, 'build', lens)).toEqual({ mover: null, why }),
  );
});

describe('the change of a side in per cent', () => {
  it('should be of what the OI was at the base', () => {
    const of = row('A', { callOi: 110, windows: windows(aWindow({ callAdd: 10 })) });
    expect(addPercent(of, 0, 'call')).toBe(10);
  });

  it.each([
    ['a known leg has no base', { callOi: 110 }, { callAdd: 10, legs: 99 }],
    ['the side is not known', { callOi: null }, { callAdd: null }],
    ['there was no OI at the base', { callOi: 10 }, { callAdd: 10 }],
  ])('should be unknown when %s', (_, parts, window) =>
    expect(addPercent(row('A', { ...parts, windows: windows(aWindow(window)) }), 0, 'call')).toBeNull(),
  );
});

describe('the order of the rows', () => {
  const low = row('LOW', { callOi: 1 });
  const high = row('HIGH', { callOi: 9 });
  const unknown = row('GONE', { callOi: null });

  it('should go by the column, unknown last either way', () => {
    const rows = [unknown, low, high];
    expect(symbols(sortRows(rows, { column: 'callOi', dir: -1 }, LENS))).toEqual(['HIGH', 'LOW', 'GONE']);
    expect(symbols(sortRows(rows, { column: 'callOi', dir: 1 }, LENS))).toEqual(['LOW', 'HIGH', 'GONE']);
  });

  it('should be total, stable and lose no row, for every column', () => {
    const any = fc.array(anyRow({ key: 'K', lotSize: 65, legs: 100 }, MARKET_SLOT), { maxLength: 8 });
    fc.assert(
      fc.property(any, fc.constantFrom(...MARKET_COLUMNS), fc.constantFrom(1, -1), (made, column, dir) => {
        const rows = made.map((one, i) => ({ ...one, key: `K${i}`, symbol: `S${i % 3}` }));
        const sorted = sortRows(rows, { column, dir }, LENS);
        expect(new Set(sorted)).toEqual(new Set(rows));
        expect(sortRows(rows.toReversed(), { column, dir }, LENS)).toEqual(sorted);
        const values = sorted.map((one) => sortValue(one, column, LENS));
        const known = values.filter((value) => value !== null);
        expect(values.slice(0, known.length)).toEqual(known);
        for (let i = 1; i < known.length; i++)
          expect(dir === 1 ? known[i - 1]! <= known[i]! : known[i - 1]! >= known[i]!).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('should begin with the interesting end and turn round at the second click', () => {
    const first = nextSort({ column: 'symbol', dir: 1 }, 'buildPct');
    expect(first).toEqual({ column: 'buildPct', dir: -1 });
    expect(nextSort(first, 'buildPct').dir).toBe(1);
    expect(nextSort(first, 'unwindPct').dir).toBe(1);
  });

  it('should stand still while the figures move, with new rows last', () => {
    const shown = inOrder([high, low, unknown], [low.key, 'no longer there', high.key]);
    expect(symbols(shown)).toEqual(['LOW', 'HIGH', 'GONE']);
    expect(movedRows(shown, [high, low, unknown])).toBe(2);
    expect(movedRows(shown, shown)).toBe(0);
  });
});

describe('the filter', () => {
  const rows = [
    row('M&M', { name: 'Mahindra & Mahindra' }),
    row('TCS', { name: 'Tata Consultancy' }),
    row('NIFTY', { name: 'Nifty 50', kind: 'INDEX' }),
  ];
  it.each([
    ['all', '', ['M&M', 'TCS', 'NIFTY']],
    ['INDEX', '', ['NIFTY']],
    ['all', 'tata', ['TCS']],
    ['all', ' m&m ', ['M&M']],
    ['all', 'consult tcs', ['TCS']],
    ['EQUITY', 'nifty', []],
    ['all', '.*', []],
  ] as const)('should find %s "%s"', (kind, text, found) =>
    expect(symbols(filterRows(rows, { kind, text }))).toEqual(found),
  );
});

describe('the figures of the market', () => {
  it('should count underlyings by direction, the unknown for neither', () => {
    const rows = [0.1, -0.1, 0, null].map((pcrChange, i) =>
      row(String(i), { windows: windows(aWindow({ pcrChange, callAdd: 5, putAdd: null })) }),
    );
    expect(breadthOf(rows, 1)).toEqual({
      pcr: { up: 1, down: 1 },
      calls: { up: 4, down: 0 },
      puts: { up: 0, down: 0 },
    });
  });

  it('should count what has been swept', () =>
    expect(sweptOf(aMarketBoard({ rows: [row('A'), row('B', { slot: null })] }))).toEqual({
      swept: 1,
      all: 2,
    }));

  it('should call a row late when more than two slots have begun since its own', () => {
    const at = (minutes: number): boolean => isLate(row('A'), MARKET_SLOT + minutes * 60_000 + 59_999);
    expect([at(1), at(2), at(3)]).toEqual([false, false, true]);
    expect(isLate(row('A', { slot: null }), MARKET_SLOT + 9e9)).toBe(false);
  });

  it.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
  ])('should tell an age of %i ms as %s', (ms, text) => expect(shortAge(ms)).toBe(text));
});

it('should draw every row in sight in full, wherever the view stands', () => {
  fc.assert(
    fc.property(fc.nat(7_000), fc.integer({ min: 200, max: 1_500 }), (top, view) => {
      const [from, to] = awakeRows(top, view, 32);
      expect(from).toBeLessThanOrEqual(Math.floor(top / 32));
      expect(to).toBeGreaterThanOrEqual(Math.ceil((top + view) / 32));
      expect(to - from).toBeLessThan(view / 32 + 34);
    }),
  );
});
