import fc from 'fast-check';
import { applyChange, FrameMismatch } from '../../../client/lib/merge.js';
import type { Change, ChangeFrame, Leg, Table, UnknownReason } from '../../../server/protocol/index.js';
import { encodeFrame } from '../../support/frame-encoder.mjs';
import { fuzz } from '../../support/fuzz.js';

const MINUTE_MS = 60_000;
const SLOT = Date.UTC(2026, 7, 18, 9, 2);
const INTERVALS = [3, 5, 10];
const REASONS: UnknownReason[] = ['oi-unknown', 'no-history', 'gap', 'base-unknown', 'not-listed'];

/** What may differ from one table to the next; keys, strikes and which legs are listed stay. */
interface LegFacts {
  oi: number | null;
  prevOi: number | null;
  /** Rupees; not always whole paise. */
  ltp: number | null;
  volume: number | null;
  cells: {
    known: boolean;
    base: number;
    late: boolean;
    backfilled: boolean;
    label: Change['buildUp'];
    reason: number;
  }[];
}

const orNull = (values: fc.Arbitrary<number>): fc.Arbitrary<number | null> => fc.option(values, { freq: 4 });
const units = fc.nat({ max: 3_000 }).map((lots) => lots * 65);
const legFacts: fc.Arbitrary<LegFacts> = fc.record({
  oi: orNull(units),
  prevOi: orNull(units),
  ltp: orNull(
    fc.oneof(
      fc.nat({ max: 500_000 }).map((p) => p / 100),
      fc.constantFrom(0.005, 12.345, 99_999.99),
    ),
  ),
  volume: orNull(units),
  cells: fc.array(
    fc.record({
      known: fc.boolean(),
      base: units,
      late: fc.boolean(),
      backfilled: fc.boolean(),
      label: fc.constantFrom(
        'LB' as const,
        'SB' as const,
        'SC' as const,
        'LU' as const,
        'flat' as const,
        null,
      ),
      reason: fc.nat({ max: REASONS.length - 1 }),
    }),
    { minLength: INTERVALS.length, maxLength: INTERVALS.length },
  ),
});

const percent = (abs: number, base: number): number | null => (base === 0 ? null : (100 * abs) / base);

function leg(facts: LegFacts, slot: number, key: string): Leg {
  const { oi, prevOi, ltp, volume } = facts;
  const changes = facts.cells.map((cell, i): Change | null => {
    if (!cell.known || oi === null) return null;
    const abs = oi - cell.base;
    const baseSlot = slot - ((INTERVALS[i] ?? 0) + (cell.late ? 1 : 0)) * MINUTE_MS;
    return {
      abs,
      pct: percent(abs, cell.base),
      baseSlot,
      ...(cell.backfilled ? { backfilled: true as const } : {}),
      buildUp: cell.label,
    };
  });
  return {
    instrumentKey: key,
    oi,
    prevOi,
    dayChange:
      oi === null || prevOi === null ? null : { abs: oi - prevOi, pct: percent(oi - prevOi, prevOi) },
    ltp,
    volume,
    changes,
    reasons: changes.map((change, i) => (change ? null : (REASONS[facts.cells[i]?.reason ?? 0] ?? 'gap'))),
  };
}

/** `legs` holds call and put by turns; `null` = not listed. */
function table(legs: (LegFacts | null)[], seq: number, spot: number | null = 24_197): Table {
  const slot = SLOT + seq * MINUTE_MS;
  const built = legs.map((facts, i) => (facts ? leg(facts, slot, `NSE_FO|${i}`) : null));
  return {
    underlying: { key: 'NSE_INDEX|Nifty 50', symbol: 'NIFTY', name: 'Nifty 50', lotSize: 65 },
    expiry: '2026-08-18',
    slot,
    capturedAt: slot + 1_200,
    seq,
    source: seq % 3 === 0 ? 'backfill' : 'live',
    spot,
    atmStrike: spot === null ? null : 24_200,
    intervals: INTERVALS,
    totals: {
      callOi: seq,
      putOi: 2,
      pcr: 0.5,
      maxPain: 24_200,
      callDayChange: null,
      putDayChange: 1,
      straddle: 48.15,
      unknownLegs: 0,
      scope: 'whole chain',
    },
    rows: Array.from({ length: legs.length / 2 }, (_, i) => ({
      strike: 24_000 + i * 50,
      call: built[2 * i] ?? null,
      put: built[2 * i + 1] ?? null,
    })),
  };
}

/** Two states of the same legs, so that a change may or may not touch each of them. */
const twoTables = fc
  .array(
    fc.oneof(
      { weight: 1, arbitrary: fc.constant(null) },
      { weight: 3, arbitrary: legFacts.map((facts) => ({ before: facts, after: facts })) },
      { weight: 5, arbitrary: fc.record({ before: legFacts, after: legFacts }) },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((legs) => [...legs, ...(legs.length % 2 ? [null] : [])])
  .map((legs) => ({
    before: table(
      legs.map((l) => l?.before ?? null),
      7,
    ),
    after: table(
      legs.map((l) => l?.after ?? null),
      8,
      null,
    ),
  }));

const overTheWire = (frame: ChangeFrame): ChangeFrame => JSON.parse(JSON.stringify(frame)) as ChangeFrame;

const facts = (oi: number | null): LegFacts => ({
  oi,
  prevOi: 650,
  ltp: 12.5,
  volume: 1_300,
  cells: INTERVALS.map(() => ({
    known: true,
    base: 650,
    late: false,
    backfilled: false,
    label: 'SB',
    reason: 0,
  })),
});

describe('applyChange', () => {
  it('should give the very table that the frame was made from', () => {
    fuzz(
      'frames: merge',
      fc.property(twoTables, ({ before, after }) => {
        expect(applyChange(before, overTheWire(encodeFrame(before, after)))).toEqual(after);
      }),
    );
  });

  it('should leave the table it was given as it was', () => {
    fc.assert(
      fc.property(twoTables, ({ before, after }) => {
        const copy = structuredClone(before);
        applyChange(before, encodeFrame(before, after));
        expect(before).toEqual(copy);
      }),
      { numRuns: 50 },
    );
  });

  it('should keep the identity of rows that did not change', () => {
    const unknown = { ...facts(null), cells: facts(null).cells.map((cell) => ({ ...cell, known: false })) };
    const before = table([facts(1_300), facts(1_950), unknown, null], 1);
    const after = table([facts(1_365), facts(1_950), unknown, null], 2);
    const merged = applyChange(before, encodeFrame(before, after));
    expect(merged.rows[1]).toBe(before.rows[1]);
    expect(merged.rows[0]).not.toBe(before.rows[0]);
  });

  it('should never show −0', () => {
    const before = table([facts(1_300), null], 1);
    const after = table([facts(650), null], 2);
    const merged = applyChange(before, overTheWire(encodeFrame(before, after)));
    expect(merged.rows[0]?.call?.changes.every((c) => Object.is(c?.abs, 0) && Object.is(c?.pct, 0))).toBe(
      true,
    );
    expect(merged.rows[0]?.call?.dayChange).toStrictEqual({ abs: 0, pct: 0 });
  });

  describe('should refuse', () => {
    const before = table([facts(1_300), null], 1);
    const good = encodeFrame(before, table([facts(1_365), null], 2));
    const bad: [what: string, change: Partial<ChangeFrame>][] = [
      ['a gap in seq', { seq: 3 }],
      ['a frame that came twice', { seq: 1 }],
      ['another packing (F45)', { v: 2 as 1 }],
      ['no packing (F45)', { v: undefined as never }],
      ['another underlying', { underlying: 'NSE_INDEX|Nifty Bank' }],
      ['another expiry', { expiry: '2026-08-25' }],
      ['another number of rows', { rows: 2 }],
      ['the call to watch again', { rows: 0 }],
      ['another number of windows', { base: [null, null] }],
      ['a cut column', { oi: [0] }],
      ['a column that runs past the table', { oi: [2, 65] }],
      ['a negative gap', { oi: [-1, 65] }],
      ['a difference for a leg that is not listed', { oi: [1, 65] }],
      ['a cell state for a leg that is not listed', { state: [3, 0] }],
      ['a leg that vanishes', { state: [0, 7] }],
      ['a cell state that is not known', { state: [0, 99] }],
      ['a build-up that is not known', { buildUp: [0, 99] }],
      ['a value without a base', { base: [null, null, null] }],
      ['a value without OI', { oi: [], oiSet: [0, null] }],
    ];
    it.each(bad)('%s', (_, change) => {
      expect(() => applyChange(before, { ...good, ...change })).toThrow(FrameMismatch);
    });

    it('a difference to a number that is not known', () => {
      const blank = { ...facts(1_300), ltp: null };
      const from = table([blank, null], 1);
      expect(() => applyChange(from, { ...encodeFrame(from, table([blank, null], 2)), ltp: [0, 5] })).toThrow(
        FrameMismatch,
      );
    });
  });
});
