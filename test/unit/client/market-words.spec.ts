import { explainMarket, marketCell, parseMarketCell } from '../../../client/lib/market-explain.js';
import { MARKET_KEY_HELP, marketAction } from '../../../client/lib/market-keys.js';
import { MARKET_COLUMNS, type MarketColumn } from '../../../client/lib/market-columns.js';
import { isMarketRoute, MARKET_ROUTE, parseRoute } from '../../../client/lib/route.js';
import { DEFAULT_THRESHOLDS } from '../../../client/lib/view.js';
import {
  aMarketBoard,
  aMarketRow,
  aMover,
  aWindow,
  MARKET_INTERVALS,
  MARKET_SLOT,
} from '../../factories/market.factory.js';

const KEY = 'NSE_INDEX|Nifty 50';
const context = {
  lens: { window: 1, side: 'both' as const, floor: 500 },
  thresholds: DEFAULT_THRESHOLDS,
  now: MARKET_SLOT + 60_000,
};

function words(column: MarketColumn, row = aMarketRow()): string {
  const found = explainMarket(aMarketBoard({ rows: [row] }), { column, key: KEY }, context);
  return [found?.title, ...(found?.facts ?? []).flat(), ...(found?.notes ?? [])].join(' | ');
}

describe('what stands behind a figure of the market page', () => {
  it('should find its way from the name of a cell', () => {
    for (const column of MARKET_COLUMNS)
      expect(parseMarketCell(marketCell(column, KEY))).toEqual({ column, key: KEY });
    expect([parseMarketCell('nothing'), parseMarketCell('x@y')]).toEqual([null, null]);
  });

  it('should show the base, the OI now and the formula of a mover', () => {
    const callBuildUp = aMover({ strike: 24_200, oi: 130_000, abs: 65_000 });
    const row = aMarketRow({ windows: MARKET_INTERVALS.map(() => aWindow({ movers: { callBuildUp } })) });
    const text = words('buildPct', row);
    for (const part of [
      '24,200 CE',
      'OI at 14:27',
      '65,000 (1,000 lots)',
      '100 × +65,000 ÷ 65,000 = +100 %',
      '8 %',
    ])
      expect(text).toContain(part);
  });

  it.each<[string, MarketColumn, Parameters<typeof aMarketRow>[0], string]>([
    ['was not captured', 'callOi', { slot: null, capturedAt: null }, 'Nothing of this chain was captured'],
    ['has no base', 'pcrChange', {}, 'near 14:27'],
    ['has no mover', 'buildPct', {}, 'No leg of at least 500 lots was added to'],
    ['has no spot', 'spot', { spot: null }, 'gave no spot price'],
    ['was refused', 'age', { flags: ['refused'] }, 'refused as suspect'],
    ['lacks legs', 'callOi', { flags: ['partial'], unknownLegs: 3 }, '3 of 100 legs'],
  ])('should say why when a row %s', (_, column, row, said) =>
    expect(words(column, aMarketRow(row))).toContain(said),
  );

  it('should have something to say about every column', () => {
    for (const column of MARKET_COLUMNS) expect(words(column).length).toBeGreaterThan(20);
  });

  it('should say nothing of a row that is gone', () =>
    expect(explainMarket(aMarketBoard({ rows: [] }), { column: 'pcr', key: KEY }, context)).toBeNull());
});

describe('the way to the market page', () => {
  it.each(['#/market', '#/market/'])('should know %s', (hash) => {
    expect(isMarketRoute(hash)).toBe(true);
    expect(parseRoute(hash)).toBeNull();
  });
  it.each(['#/MARKET', '#/markets', '#/market/2026-08-18', ''])('should not take %s for it', (hash) =>
    expect(isMarketRoute(hash)).toBe(false),
  );
  it('should be its own address', () => expect(isMarketRoute(MARKET_ROUTE)).toBe(true));
});

describe('the keys of the market page', () => {
  const press = (key: string, held = {}): ReturnType<typeof marketAction> =>
    marketAction({ key, ctrlKey: false, metaKey: false, altKey: false, ...held }, false);

  it.each([
    ['/', { do: 'filter' }],
    ['M', { do: 'turn' }],
    [']', { do: 'window', step: 1 }],
    ['3', { do: 'kind', kind: 'EQUITY' }],
    ['s', { do: 'sort' }],
  ])('should give %s its meaning', (key, action) => expect(press(key)).toEqual(action));

  it('should mean nothing with a modifier, while typing, or unknown', () => {
    expect([press('s', { ctrlKey: true }), press('x')]).toEqual([null, null]);
    expect(marketAction({ key: 's', ctrlKey: false, metaKey: false, altKey: false }, true)).toBeNull();
  });

  it('should all be in the help', () => {
    const listed = MARKET_KEY_HELP.flatMap(([keys]) => keys);
    for (const key of ['/', '[', ']', '1', '2', '3', '4', 'P', '↓', 'Enter', 'S'])
      expect(listed).toContain(key);
  });
});
