import {
  bySession,
  countSlots,
  countsInMemory,
  gapsOf,
  type SlotRecord,
  sumOfCounts,
} from '../../../server/snapshot/slot-counts.js';
import { aHistory, aSnapshot, SESSION_START, slotAt } from '../../factories/chain.factory.js';

const session = { start: SESSION_START, end: slotAt(385) };
const record = (
  live: number[],
  refused: number[] = [],
  backfill: number[] = [],
  since: number | null = null,
): SlotRecord => ({
  slots: [
    ...live.map((minute) => ({ slot: slotAt(minute), source: 'live' as const })),
    ...backfill.map((minute) => ({ slot: slotAt(minute), source: 'backfill' as const })),
  ].sort((a, b) => a.slot - b.slot),
  refused: refused.map(slotAt),
  unknownLegs: 0,
  since: since === null ? null : slotAt(since),
});

describe('slot counts of a chain', () => {
  it('should expect nothing before the first capture', () => {
    expect(countSlots(record([]), session, slotAt(50))).toMatchObject({
      expected: 0,
      missed: 0,
      captured: 0,
    });
  });

  it('should count from the first slot of which anything is known, not from the open', () => {
    const counts = countSlots(record([10, 11, 13], [12]), session, slotAt(13) + 30_000);
    expect(counts).toMatchObject({ expected: 4, captured: 3, refused: 1, missed: 0 });
  });

  it('should count from the slot from which it was to be collected, whatever came of it', () => {
    const late = record([10], [], [], 4);
    expect(countSlots(late, session, slotAt(10))).toMatchObject({ expected: 7, captured: 1, missed: 6 });
    expect(gapsOf(late, session, slotAt(10))).toEqual([{ from: slotAt(4), to: slotAt(9) }]);
    const rebuilt = record([10], [], [2, 3], 4);
    expect(countSlots(rebuilt, session, slotAt(10))).toMatchObject({ expected: 9, backfilled: 2, missed: 6 });
    expect(gapsOf(rebuilt, session, slotAt(10))).toEqual([{ from: slotAt(4), to: slotAt(9) }]);
  });

  it('should count what is missed before anything has come, the slot under way not yet', () => {
    const nothing = record([], [], [], 4);
    expect(countSlots(nothing, session, slotAt(4) + 5_000)).toMatchObject({ expected: 0, missed: 0 });
    expect(gapsOf(nothing, session, slotAt(4) + 5_000)).toEqual([]);
    expect(countSlots(nothing, session, slotAt(9) + 5_000)).toMatchObject({ expected: 5, missed: 5 });
    expect(gapsOf(nothing, session, slotAt(9) + 5_000)).toEqual([{ from: slotAt(4), to: slotAt(8) }]);
    expect(countSlots(nothing, session, slotAt(600))).toMatchObject({ expected: 381, missed: 381 });
  });

  it('should not expect the slot under way before something came of it', () => {
    expect(countSlots(record([10, 11]), session, slotAt(12) + 5_000)).toMatchObject({
      expected: 2,
      missed: 0,
    });
    expect(countSlots(record([10, 11]), session, slotAt(13) + 5_000)).toMatchObject({
      expected: 3,
      missed: 1,
    });
  });

  it('should count back-filled slots apart, and not as missed', () => {
    const counts = countSlots(record([12, 13], [], [10, 11]), session, slotAt(13));
    expect(counts).toMatchObject({ expected: 4, captured: 2, backfilled: 2, missed: 0 });
  });

  it('should expect nothing after the close', () => {
    expect(countSlots(record([384]), session, slotAt(600))).toMatchObject({ expected: 1, missed: 0 });
  });

  it('should name the gaps, the one that is still open included', () => {
    const gaps = gapsOf(record([10, 11, 15], [13]), session, slotAt(18) + 1_000);
    expect(gaps).toEqual([
      { from: slotAt(12), to: slotAt(12) },
      { from: slotAt(14), to: slotAt(14) },
      { from: slotAt(16), to: slotAt(17) },
    ]);
  });
});

describe('the sessions of a day', () => {
  const morning = { start: slotAt(0), end: slotAt(45) };
  const midday = { start: slotAt(135), end: slotAt(195) };
  const of = (minutes: number[]) => minutes.map((minute) => ({ slot: slotAt(minute) }));

  it('should each have its own slots, those before the open and after a close included', () => {
    const day = { slots: of([-1, 0, 44, 45, 46, 135, 200]), refused: [slotAt(1), slotAt(140)] };
    expect(bySession([morning, midday], day)).toEqual([
      { session: morning, slots: of([-1, 0, 44, 45, 46]), refused: [slotAt(1)] },
      { session: midday, slots: of([135, 200]), refused: [slotAt(140)] },
    ]);
  });

  it('should be one part without a session on a day that has none', () => {
    const day = { slots: of([5]), refused: [slotAt(6)] };
    expect(bySession([], day)).toEqual([{ session: null, ...day }]);
  });

  it('should add up', () => {
    const [a, b] = [
      countSlots(record([0, 2], [3]), morning, slotAt(10)),
      countSlots(record([140]), midday, slotAt(141)),
    ];
    expect(sumOfCounts(a, b)).toEqual({
      expected: 11,
      captured: 3,
      refused: 1,
      backfilled: 0,
      missed: 7,
      unknownLegs: 0,
    });
  });
});

describe('slot counts of a chain in memory', () => {
  const state = () => ({
    history: aHistory([0, 1, 3].map((minute) => aSnapshot({ minute }))),
    tally: { refused: [slotAt(2)], unknownLegs: 4 },
  });

  it('should be counted once for all who ask within a minute', () => {
    const one = state();
    const first = countsInMemory(one, session, null, slotAt(4) + 1_000);
    expect(first).toEqual({ expected: 4, captured: 3, refused: 1, backfilled: 0, missed: 0, unknownLegs: 4 });
    expect(countsInMemory(one, session, null, slotAt(4) + 59_000)).toBe(first);
    expect(countsInMemory(state(), session, null, slotAt(4))).not.toBe(first);
  });

  it('should follow whatever they are counted from', () => {
    const one = state();
    const counts = (minute = 4, since: number | null = null, of: typeof session | null = session) =>
      countsInMemory(one, of, since === null ? null : slotAt(since), slotAt(minute) + 1_000);
    const before = counts();
    expect(counts(7)).toMatchObject({ expected: 7, missed: 3 });
    expect(counts(7, -2)).toMatchObject({ expected: 7, missed: 3 });
    expect(counts(700)).toMatchObject({ expected: 385 });
    expect(counts(700, null, { start: SESSION_START, end: slotAt(10) })).toMatchObject({ expected: 10 });
    expect(counts(700, null, null)).toMatchObject({ expected: 4 });
    expect(counts()).toEqual(before);
    one.tally.unknownLegs = 9;
    expect(counts()).toEqual({ ...before, unknownLegs: 9 });
    one.tally.refused.push(slotAt(4));
    expect(counts()).toMatchObject({ expected: 5, refused: 2, missed: 0 });
    // As when another process's are taken up: as many, but others.
    one.tally.refused.splice(0, Infinity, slotAt(2), slotAt(5));
    expect(counts(5)).toMatchObject({ expected: 6, refused: 2, missed: 1 });
    one.history.add(aSnapshot({ minute: 4, source: 'backfill' }));
    expect(counts(5)).toMatchObject({ expected: 6, backfilled: 1, missed: 0 });
  });
});
