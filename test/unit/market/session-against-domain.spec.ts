import fc from 'fast-check';
import { Acceptance } from '../../../server/domain/acceptance.js';
import { SessionHistory } from '../../../server/domain/history.js';
import type { LegQuote, StrikeQuote } from '../../../server/domain/snapshot.js';
import { computeTable, INTERVALS } from '../../../server/domain/table.js';
import type { Slot } from '../../../server/domain/units.js';
import {
  CAPTURED,
  emptyFrame,
  REFUSED_ALL_ZERO,
  REFUSED_STALE,
} from '../../../server/market/minutes/frame.js';
import { legsOf, universeOf, type UniverseColumns } from '../../../server/market/minutes/universe.js';
import { MarketSession } from '../../../server/market/session/market-session.js';
import { anUnderlying } from '../../factories/chain.factory.js';
import { at, OPEN } from './minutes.js';

const STRIKES = [95, 100, 102.5];
/** The tested chain stands between two others, so that a leg taken for its neighbour would show. */
const CHAIN = 1;

const universe: UniverseColumns = universeOf(
  [2, 6, 4].map((size, chain) => ({
    chainId: chain + 1,
    legs: Array.from({ length: size }, (_, i) => ({
      contractId: 10 * chain + i,
      strike: STRIKES[i >> 1]!,
      side: i % 2,
      lot: 50,
    })),
  })),
);
const [FROM] = [universe.chainStart[CHAIN]!];

interface Answer {
  gap: number;
  legs: (LegQuote | null)[];
}

const units = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }).map((lots) => lots * 50) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 31 - 3, max: 2 ** 33 }) },
);
const aLeg: fc.Arbitrary<LegQuote | null> = fc.option(
  fc.record({ oi: units, prevOi: fc.constant(null), ltp: fc.constant(1.5), volume: units }),
  { freq: 8 },
);
const allZero: fc.Arbitrary<(LegQuote | null)[]> = fc.constant(
  STRIKES.flatMap(() => [0, 1].map(() => ({ oi: 0, prevOi: null, ltp: null, volume: 0 }))),
);
const anAnswer: fc.Arbitrary<Answer> = fc.record({
  gap: fc.oneof(
    { weight: 8, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 2, max: 6 }) },
    { weight: 1, arbitrary: fc.integer({ min: 7, max: 45 }) },
  ),
  legs: fc.oneof(
    { weight: 6, arbitrary: fc.array(aLeg, { minLength: 6, maxLength: 6 }) },
    { weight: 1, arbitrary: allZero },
  ),
});
const aDay = fc.array(anAnswer, { minLength: 1, maxLength: 70 });

function strikesOf(legs: Answer['legs']): StrikeQuote[] {
  return STRIKES.map((strike, i) => ({ strike, call: legs[2 * i]!, put: legs[2 * i + 1]! })).filter(
    ({ call, put }) => call !== null || put !== null,
  );
}

/** The answer in the columns of a whole-market minute. */
function frameOf(slot: Slot, legs: Answer['legs']) {
  const frame = emptyFrame(universe, slot);
  const answered = new Uint8Array(legsOf(universe));
  legs.forEach((leg, i) => {
    if (leg === null) return;
    answered[FROM + i] = 1;
    frame.oi[FROM + i] = leg.oi ?? NaN;
    frame.volume[FROM + i] = leg.volume ?? NaN;
    frame.ltp[FROM + i] = leg.ltp ?? NaN;
  });
  return { frame, answered };
}

/** Feeds a day to both and compares each verdict, each OI and each change on the way. */
function compareDay(day: readonly Answer[]): void {
  const history = new SessionHistory(OPEN);
  const acceptance = new Acceptance(history);
  const session = new MarketSession(universe);
  session.begin(CHAIN, OPEN);
  let minute = 0;
  for (const { gap, legs } of day) {
    const slot = at((minute += gap));
    const verdict = acceptance.judge({ spot: 100, strikes: strikesOf(legs) }, slot, slot + 7_000, 'live');
    const { frame, answered } = frameOf(slot, legs);
    const own = session.judge.judge(CHAIN, frame, answered);
    const expected = verdict.accepted ? 0 : verdict.reason === 'all-zero' ? REFUSED_ALL_ZERO : REFUSED_STALE;
    expect(own.refused).toBe(expected);
    acceptance.commit(verdict);
    frame.marks[CHAIN] = own.refused || CAPTURED + 7;
    session.take(frame, answered, new Map([[CHAIN, own]]));
    if (!verdict.accepted) continue;
    expect(own).toMatchObject({ phantomLegs: verdict.phantomLegs, unknownLegs: verdict.unknownLegs });
    compareSlot(history, session, slot);
  }
}

function compareSlot(history: SessionHistory, session: MarketSession, slot: Slot): void {
  const table = computeTable({ underlying: anUnderlying(), expiry: '2026-08-18', history, slot, seq: 1 });
  const pass = session.pass(slot);
  expect(session.chain(CHAIN)).toMatchObject({ slot, capturedAt: slot + 7_000 });
  for (const row of table.rows)
    (['call', 'put'] as const).forEach((side, i) => {
      const leg = FROM + 2 * STRIKES.indexOf(row.strike) + i;
      const expected = row[side];
      expect(session.oiAt(slot, leg)).toBe(expected?.oi ?? NaN);
      INTERVALS.forEach((_, window) => {
        const change = expected?.changes[window] ?? null;
        const has = pass.back[window]![leg] !== 0;
        const own = has ? { abs: pass.absAt(window, leg), baseSlot: pass.baseSlotAt(window, leg) } : null;
        expect(own).toEqual(change && { abs: change.abs, baseSlot: change.baseSlot });
      });
    });
}

describe('the session of the whole market', () => {
  it('should judge and compute every answer of any day as the domain does', () => {
    fc.assert(fc.property(aDay, compareDay), { numRuns: 600 });
  });

  it('should not look back into the session before', () => {
    const session = new MarketSession(universe);
    session.begin(CHAIN, OPEN);
    const take = (minutes: number): void => {
      const legs = STRIKES.flatMap(() => [0, 1].map(() => ({ oi: 500, prevOi: null, ltp: 1, volume: 100 })));
      const { frame, answered } = frameOf(at(minutes), legs);
      frame.marks[CHAIN] = CAPTURED;
      session.take(frame, answered);
    };
    take(0);
    session.begin(CHAIN, at(2));
    expect(session.chain(CHAIN).slot).toBeNull();
    take(3);
    expect(session.pass(at(3)).back.every((back) => back.every((minutes) => minutes === 0))).toBe(true);
    take(6);
    expect(session.pass(at(6)).back[0]![FROM]).toBe(3);
  });

  it('should leave a minute alone that is not newer than what it has', () => {
    const session = new MarketSession(universe);
    session.begin(CHAIN, OPEN);
    const take = (minutes: number, oi: number): void => {
      const { frame, answered } = frameOf(at(minutes), [{ oi, prevOi: null, ltp: 1, volume: 100 }]);
      frame.marks[CHAIN] = CAPTURED;
      session.take(frame, answered);
    };
    take(50, 500);
    take(50, 600);
    take(49, 700);
    take(2, 800);
    expect(session.oiAt(at(50), FROM)).toBe(500);
    expect([session.oiAt(at(49), FROM), session.oiAt(at(2), FROM)]).toEqual([NaN, NaN]);
  });

  it('should stay within 20 MB for 100,000 legs', () => {
    const legs = Array.from({ length: 100_000 }, (_, i) => ({
      contractId: i,
      strike: i,
      side: i % 2,
      lot: 50,
    }));
    expect(new MarketSession(universeOf([{ chainId: 1, legs }])).bytes).toBeLessThan(20_000_000);
  });
});
