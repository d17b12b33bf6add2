import { compareTable, type CompareOptions } from '../../support/truth/index.js';
import type { ActualLeg, ActualTable } from '../../support/truth/types.js';
import { ist, published, tinyDay } from './days.js';

const truth = tinyDay(
  [
    '10:00 104 100 100,10,10 300,20,10',
    '10:00 104 110 200,3,10 400,30,10',
    '10:03 104 100 112,11,20 290,19,20',
    '10:03 104 110 200,3,20 400,30,20',
    '10:03 104 120 ,, 5,1,1',
  ],
  ['100,90,310', '110,0,', '120,40,'],
);
const expected = truth.at(ist('10:03'));
/** What the comparison finds when the published table is wrong in just this way. */
const found = (spoil: (table: ActualTable) => void, options?: CompareOptions): string[] => {
  const table = published(expected);
  spoil(table);
  return compareTable(expected, table, options);
};
const call = (table: ActualTable): ActualLeg => {
  const leg = table.rows[0]?.call;
  if (!leg) throw new Error('the hand-made table has a call at its first strike');
  return leg;
};
const change = (table: ActualTable) => {
  const first = call(table).changes[0];
  if (!first) throw new Error('the hand-made table has a change over 3 minutes');
  return first;
};

describe('the comparison', () => {
  it('should find nothing wrong with a right table', () => {
    expect(found(() => undefined)).toEqual([]);
  });

  it('should accept a leg that the source never had as null or as all unknown', () => {
    const unknown = { oi: null, prevOi: 40, dayChange: null, ltp: null, volume: null };
    expect(
      found((t) => {
        const row = t.rows[2];
        if (row)
          row.call = {
            ...unknown,
            changes: [null, null, null, null, null],
            reasons: Array.from({ length: 5 }, () => 'oi-unknown'),
          };
      }),
    ).toEqual([]);
  });

  const wrong: [string, (table: ActualTable) => void, RegExp][] = [
    ['another symbol', (t) => (t.underlying.symbol = 'OTHER'), /symbol/],
    ['another slot', (t) => (t.slot += 60_000), /slot/],
    ['another spot', (t) => (t.spot = 104.05), /spot/],
    ['another ATM', (t) => (t.atmStrike = 110), /ATM/],
    ['another total', (t) => (t.totals.callOi += 1), /call OI/],
    ['another PCR', (t) => (t.totals.pcr = (t.totals.pcr ?? 0) * (1 + 1e-8)), /PCR/],
    ['another max pain', (t) => (t.totals.maxPain = 100), /max pain/],
    ['another straddle', (t) => (t.totals.straddle = null), /straddle/],
    ['other windows', (t) => (t.intervals[0] = 1), /intervals/],
    ['a missing strike', (t) => t.rows.pop(), /strikes/],
    ['a strike too many', (t) => t.rows.push({ strike: 130, call: null, put: null }), /strikes/],
    ['another OI', (t) => (call(t).oi = 113), /100 call oi/],
    ['0 for an unknown OI', (t) => t.rows[2] && (t.rows[2].call = { ...call(t), oi: 0 }), /120 call oi/],
    ['an absent leg', (t) => t.rows[0] && (t.rows[0].put = null), /100 put the leg is absent/],
    ['another price', (t) => (call(t).ltp = 11.05), /ltp/],
    ['another volume', (t) => (call(t).volume = null), /volume/],
    ['another closing OI', (t) => (call(t).prevOi = 91), /prevOi/],
    ['another day change', (t) => (call(t).dayChange = { abs: 22, pct: 1 }), /day pct/],
    [
      'a day change that nobody knows',
      (t) => t.rows[1]?.put && (t.rows[1].put.dayChange = { abs: 0, pct: 0 }),
      /day change/,
    ],
    ['another change', (t) => (change(t).abs = 11), /3m abs/],
    ['another percentage', (t) => (change(t).pct = 12.0001), /3m pct/],
    ['another base', (t) => (change(t).baseSlot -= 60_000), /3m base slot/],
    ['another build-up', (t) => (change(t).buildUp = 'SB'), /3m build-up/],
    ['a missing change', (t) => (call(t).changes[0] = null), /3m/],
    ['an invented change', (t) => (call(t).changes[4] = change(t)), /30m/],
    ['a wrong reason', (t) => (call(t).reasons[4] = 'gap'), /30m reason/],
    ['no reason', (t) => (call(t).reasons[4] = null), /30m reason/],
    ['a reason beside a value', (t) => (call(t).reasons[0] = 'gap'), /3m reason/],
    ['a cell too few', (t) => call(t).changes.pop(), /number of changes/],
    ['minus zero', (t) => t.rows[1]?.call?.changes[0] && (t.rows[1].call.changes[0].abs = -0), /-0/],
    ['not a number', (t) => (change(t).pct = NaN), /NaN/],
  ];
  it.each(wrong)('should reject %s', (_name, spoil, message) => {
    expect(found(spoil).join('\n')).toMatch(message);
  });
});

describe('the comparison of back-filled bases', () => {
  const late = tinyDay(['10:03 104 100 112,11,20 290,19,20']);
  const table = late.at(ist('10:03'));
  const backfill: CompareOptions['backfill'] = (strike, side, slot) =>
    strike === 100 && side === 'call' && slot === ist('10:00') ? { oi: 100, ltp: 10, volume: null } : null;
  const marked = { abs: 12, pct: 12, baseSlot: ist('10:00'), backfilled: true, buildUp: 'LB' };
  const compare = (changed: object, options: CompareOptions): string => {
    const actual = published(table);
    call(actual).changes[0] = { ...marked, ...changed };
    call(actual).reasons[0] = null;
    return compareTable(table, actual, options).join('\n');
  };

  it('should accept a marked base that is in range and equals the source', () => {
    expect(compare({}, { backfill })).toBe('');
  });

  it('should reject one that is not marked, has no source, is out of range, was captured or is wrong', () => {
    expect(compare({ backfilled: undefined }, { backfill })).toMatch(/3m/);
    expect(compare({}, {})).toMatch(/no source/);
    expect(
      compare({ baseSlot: ist('09:58') }, { backfill: () => ({ oi: 100, ltp: 10, volume: 1 }) }),
    ).toMatch(/range/);
    expect(compare({}, { backfill, captured: new Set([ist('10:00')]) })).toMatch(/was captured/);
    expect(compare({ abs: 13 }, { backfill })).toMatch(/abs/);
  });

  it('should reject a back-filled base where a newer captured one exists', () => {
    const actual = published(expected);
    call(actual).changes[0] = { ...marked, baseSlot: ist('09:59') };
    const options = { backfill: () => ({ oi: 100, ltp: 10, volume: 1 }) };
    expect(compareTable(expected, actual, options).join('\n')).toMatch(/is newer/);
  });
});
