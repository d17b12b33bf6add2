import type { Side } from '../../../server/domain/contract.js';
import type { SessionHistory } from '../../../server/domain/history.js';
import { computeTable } from '../../../server/domain/table.js';
import {
  aHistory,
  aLeg,
  aSnapshot,
  aStrike,
  aTableInput,
  callHistory,
  SESSION_START,
  slotAt,
} from '../../factories/chain.factory.js';

/** The 3-minute cell of the call at 24,000, at the newest slot. */
function cell(history: SessionHistory, minute?: number) {
  const slot = minute === undefined ? {} : { slot: slotAt(minute) };
  const table = computeTable(aTableInput(history, { intervals: [3], ...slot }));
  const leg = table.rows.find((row) => row.strike === 24_000)?.call;
  return leg?.changes[0] ?? leg?.reasons[0];
}

describe('a change', () => {
  it('should be measured from the slot w minutes before', () => {
    expect(cell(callHistory({ 0: 1_000, 2: 1_100, 3: 1_300, 5: 1_500 }))).toEqual({
      abs: 400,
      pct: (100 * 400) / 1_100,
      baseSlot: slotAt(2),
      buildUp: 'flat',
    });
  });

  it('should fall back on the slot before when the base minute was missed', () => {
    expect(cell(callHistory({ 1: 1_000, 5: 900 }))).toMatchObject({
      abs: -100,
      pct: -10,
      baseSlot: slotAt(1),
    });
  });

  it('should fall back for a leg whose OI is unknown at the base minute', () => {
    expect(cell(callHistory({ 1: 1_000, 2: null, 5: 900 }))).toMatchObject({ baseSlot: slotAt(1) });
  });

  it('should take any tolerance', () => {
    const input = aTableInput(callHistory({ 0: 1_000, 5: 900 }), { intervals: [3], toleranceMs: 120_000 });
    expect(computeTable(input).rows[0]?.call?.changes[0]).toMatchObject({ baseSlot: slotAt(0) });
  });

  it('should have no per cent from a base of 0', () => {
    expect(cell(callHistory({ 2: 0, 5: 900 }))).toMatchObject({ abs: 900, pct: null });
  });

  it('should be 0, and not -0, when nothing changed', () => {
    const change = cell(callHistory({ 2: 900, 5: 900 }));
    expect(change).toEqual({ abs: 0, pct: 0, baseSlot: slotAt(2), buildUp: 'flat' });
  });

  it('should be marked when the base was rebuilt from candles', () => {
    const strikes = [aStrike(24_000)];
    const history = aHistory([
      aSnapshot({ minute: 2, source: 'backfill', strikes }),
      aSnapshot({ minute: 5, strikes }),
    ]);
    expect(cell(history)).toMatchObject({ backfilled: true });
    expect(cell(callHistory({ 2: 1, 5: 2 }))).not.toHaveProperty('backfilled');
  });

  it('should carry the build-up over the same window', () => {
    const at = (minute: number, oi: number, ltp: number) =>
      aSnapshot({ minute, strikes: [aStrike(24_000, aLeg({ oi, ltp }))] });
    expect(cell(aHistory([at(2, 1_000, 100), at(4, 9_000, 300), at(5, 1_100, 90)]))).toMatchObject({
      buildUp: 'SB',
    });
  });
});

describe('the reason for no change', () => {
  it('should be no-history when the recording is younger than the window', () => {
    expect(cell(callHistory({ 3: 1, 5: 2 }))).toBe('no-history');
    expect(cell(callHistory({ 0: 1, 2: 2 }))).toBe('no-history');
  });

  it('should be gap when earlier slots were captured, but none in reach', () => {
    expect(cell(callHistory({ 0: 1, 3: 1, 5: 2 }))).toBe('gap');
  });

  it('should be base-unknown when the leg has no OI in the slots in reach', () => {
    expect(cell(callHistory({ 0: 1, 1: null, 2: null, 5: 2 }))).toBe('base-unknown');
  });

  it('should be oi-unknown when the leg has no OI now, whatever the base', () => {
    expect(cell(callHistory({ 2: 1, 5: null }))).toBe('oi-unknown');
    expect(cell(callHistory({ 5: null }))).toBe('oi-unknown');
  });

  it('should be not-listed when the contract came later', () => {
    const others = [aStrike(23_950), aStrike(24_050)];
    const history = aHistory([
      aSnapshot({ minute: 2, strikes: others }),
      aSnapshot({ minute: 4, strikes: [...others, aStrike(24_000)] }),
      aSnapshot({ minute: 5, strikes: [...others, aStrike(24_000)] }),
    ]);
    expect(cell(history)).toBe('not-listed');
  });

  it('should be base-unknown for a leg listed before the base and missing in it', () => {
    const history = aHistory([
      aSnapshot({ minute: 0, strikes: [aStrike(24_000)] }),
      aSnapshot({ minute: 2, strikes: [aStrike(23_950)] }),
      aSnapshot({ minute: 5, strikes: [aStrike(24_000)] }),
    ]);
    expect(cell(history)).toBe('base-unknown');
  });

  it('should not call a strike unlisted because candles were rebuilt for others only', () => {
    const history = aHistory([
      aSnapshot({ minute: 2, source: 'backfill', strikes: [aStrike(23_950)] }),
      aSnapshot({ minute: 5, strikes: [aStrike(23_950), aStrike(24_000)] }),
    ]);
    expect(cell(history)).toBe('base-unknown');
  });
});

describe('the table of a past slot', () => {
  const history = aHistory([
    aSnapshot({ minute: 0, strikes: [aStrike(24_000, 10, null)] }),
    aSnapshot({ minute: 3, strikes: [aStrike(24_000, 20, null)] }),
    aSnapshot({ minute: 4, strikes: [aStrike(24_000, 30, 30), aStrike(24_100)] }),
  ]);

  it('should not see what came later', () => {
    const table = computeTable(aTableInput(history, { slot: slotAt(3), intervals: [3] }));
    expect(table.rows.map((row) => row.strike)).toEqual([24_000]);
    expect(table.rows[0]?.put).toBeNull();
    expect(table.totals).toMatchObject({ putOi: 0, pcr: null });
  });

  it('should equal the table that was computed then', () => {
    const then = aHistory([history.at(slotAt(0))!, history.at(slotAt(3))!]);
    expect(computeTable(aTableInput(history, { slot: slotAt(3) }))).toEqual(
      computeTable(aTableInput(then, { slot: slotAt(3) })),
    );
  });

  it('should be refused for a slot that was not captured', () => {
    expect(() => computeTable(aTableInput(history, { slot: slotAt(1) }))).toThrow(RangeError);
  });
});

describe('rows and legs', () => {
  it('should list every strike of the session up to the slot, ascending', () => {
    const history = aHistory([
      aSnapshot({ minute: 0, strikes: [aStrike(24_100), aStrike(9_000)] }),
      aSnapshot({ minute: 1, strikes: [aStrike(24_000)] }),
    ]);
    const table = computeTable(aTableInput(history));
    expect(table.rows.map((row) => row.strike)).toEqual([9_000, 24_000, 24_100]);
  });

  it('should be null for a leg never listed and unknown for one that is missing now', () => {
    const history = aHistory([
      aSnapshot({ minute: 0, strikes: [aStrike(24_000, 5, null)] }),
      aSnapshot({ minute: 1, strikes: [aStrike(24_100)] }),
    ]);
    const row = computeTable(aTableInput(history, { intervals: [3, 5] })).rows[0];
    expect(row).toEqual({
      strike: 24_000,
      put: null,
      call: {
        instrumentKey: null,
        oi: null,
        prevOi: null,
        dayChange: null,
        ltp: null,
        volume: null,
        changes: [null, null],
        reasons: ['oi-unknown', 'oi-unknown'],
      },
    });
  });

  it('should carry the day change, without per cent from a previous OI of 0', () => {
    const dayChange = (oi: number | null, prevOi: number | null) =>
      computeTable(aTableInput(aHistory([aSnapshot({ strikes: [aStrike(24_000, aLeg({ oi, prevOi }))] })])))
        .rows[0]?.call?.dayChange;
    expect(dayChange(110, 100)).toEqual({ abs: 10, pct: 10 });
    expect(dayChange(110, 0)).toEqual({ abs: 110, pct: null });
    expect(dayChange(110, null)).toBeNull();
    expect(dayChange(null, 100)).toBeNull();
  });

  it('should name the broker key of each leg where one is known', () => {
    const keyOf = (strike: number, side: Side) => (side === 'call' ? `NSE_FO|${strike}` : null);
    const input = aTableInput(aHistory([aSnapshot({ strikes: [aStrike(24_000)] })]), { keyOf });
    const [row] = computeTable(input).rows;
    expect([row?.call?.instrumentKey, row?.put?.instrumentKey]).toEqual(['NSE_FO|24000', null]);
  });
});

describe('the head of the table', () => {
  it('should carry slot, capture time, source, number and default intervals', () => {
    const history = aHistory([aSnapshot({ minute: 7, source: 'import' })]);
    expect(computeTable(aTableInput(history, { seq: 42 }))).toMatchObject({
      underlying: { key: 'NSE_INDEX|Nifty 50', lotSize: 65 },
      expiry: '2026-08-18',
      slot: slotAt(7),
      capturedAt: slotAt(7) + 2_000,
      seq: 42,
      source: 'import',
      spot: 24_010,
      atmStrike: 24_000,
      intervals: [3, 5, 10, 15, 30],
    });
  });

  it('should have no ATM without spot', () => {
    const table = computeTable(aTableInput(aHistory([aSnapshot({ spot: null })])));
    expect([table.spot, table.atmStrike]).toEqual([null, null]);
    expect(table.rows).toHaveLength(3);
  });

  it.each([0, -3, 2.5, NaN])('should refuse an interval of %p minutes', (minutes) => {
    const input = aTableInput(aHistory([aSnapshot()]), { intervals: [minutes] });
    expect(() => computeTable(input)).toThrow(RangeError);
  });
});

describe('a session', () => {
  it('should bound the windows: nothing before its start is a base', () => {
    const evening = aHistory([], SESSION_START + 60 * 60_000);
    evening.add(aSnapshot({ minute: 60, strikes: [aStrike(24_000)] }));
    evening.add(aSnapshot({ minute: 62, strikes: [aStrike(24_000)] }));
    expect(cell(evening)).toBe('no-history');
  });
});
