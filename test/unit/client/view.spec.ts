import {
  barLength,
  countBoard,
  heatStep,
  inTheMoney,
  largestOi,
  rowsInView,
  thresholdOf,
} from '../../../client/lib/view.js';
import type { Change, Leg, Row } from '../../../server/protocol/index.js';

const change = (pct: number | null): Change => ({ abs: pct ?? 65, pct, baseSlot: 0, buildUp: null });

function leg(oi: number | null, ...pcts: (number | null | undefined)[]): Leg {
  const changes = pcts.map((pct) => (pct === undefined ? null : change(pct)));
  return {
    instrumentKey: null,
    oi,
    prevOi: null,
    dayChange: null,
    ltp: null,
    volume: null,
    changes,
    reasons: changes.map((c) => (c ? null : 'gap')),
  };
}

const rows: Row[] = Array.from({ length: 9 }, (_, i) => ({
  strike: 100 + i * 10,
  call: leg(i * 65),
  put: null,
}));
const strikes = (view: readonly Row[]): number[] => view.map((row) => row.strike);

describe('rowsInView', () => {
  it('should take as many listed strikes on each side of ATM', () =>
    expect(strikes(rowsInView(rows, 140, 3))).toEqual([110, 120, 130, 140, 150, 160, 170]));
  it('should stop at the ends of the chain', () =>
    expect(strikes(rowsInView(rows, 100, 3))).toEqual([100, 110, 120, 130]));
  it('should show the whole chain when asked to', () => expect(rowsInView(rows, 140, 'all')).toHaveLength(9));
  it('should show the whole chain when there is no ATM strike', () =>
    expect(rowsInView(rows, null, 3)).toHaveLength(9));
});

describe('heatStep', () => {
  it.each([
    [0, 0],
    [0.4, 0],
    [0.5, 1],
    [1.5, 2],
    [2.5, 3],
    [4.99, 4],
    [5, 5],
    [9.9, 5],
    [10, 6],
    [-5, -5],
    [-0.4, 0],
  ])('should give %d %% of a threshold of 5 %% the step %d', (pct, step) =>
    expect(Object.is(heatStep(pct, 5), step)).toBe(true),
  );
  it('should not tint what is not known or new', () => {
    expect(heatStep(null, 5)).toBe(0);
  });
});

describe('countBoard', () => {
  const board = (...pcts: (number | null | undefined)[]): Row[] => [
    { strike: 1, call: leg(1, ...pcts), put: null },
  ];
  it('should count against the threshold of each window', () =>
    expect(countBoard(board(5, 7.9, -10), [3, 5, 10])).toEqual({ known: 3, beyond: 2, alert: true }));
  it('should leave out cells without a value in per cent', () =>
    expect(countBoard(board(undefined, null, 1), [3, 5, 10])).toEqual({ known: 1, beyond: 0, alert: false }));
  it('should not alert at exactly half', () =>
    expect(countBoard(board(6, 1), [3, 5])).toEqual({ known: 2, beyond: 1, alert: false }));
  it('should not alert on an empty board', () => expect(countBoard([], [3]).alert).toBe(false));
  it('should take other thresholds', () => expect(countBoard(board(2), [3], { 3: 1 }).beyond).toBe(1));
});

describe('the rest of a row', () => {
  it('should know the defaults', () =>
    expect([3, 5, 10, 15, 30].map((m) => thresholdOf(m))).toEqual([5, 8, 10, 15, 25]));
  it('should shade calls below ATM and puts above', () =>
    expect([inTheMoney(90, 100), inTheMoney(110, 100), inTheMoney(100, 100), inTheMoney(90, null)]).toEqual([
      'call',
      'put',
      null,
      null,
    ]));
  it('should scale bars to the largest OI in view', () => {
    expect(largestOi(rows)).toBe(520);
    expect([barLength(520, 520), barLength(260, 520), barLength(1, 520), barLength(0, 520)]).toEqual([
      100, 50, 1, 0,
    ]);
    expect([barLength(null, 520), barLength(5, 0)]).toEqual([0, 0]);
  });
});
