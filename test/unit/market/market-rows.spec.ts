import fc from 'fast-check';
import { INTERVALS, TOLERANCE_MS } from '../../../server/domain/table.js';
import { MINUTE_MS, type Slot } from '../../../server/domain/units.js';
import { CAPTURED, emptyFrame } from '../../../server/market/minutes/frame.js';
import {
  CALL,
  FUTURE,
  PUT,
  SPOT,
  universeOf,
  type UniverseColumns,
} from '../../../server/market/minutes/universe.js';
import { MarketRowsBuilder } from '../../../server/market/session/market-rows.js';
import { MarketSession } from '../../../server/market/session/market-session.js';
import { MOVER_FLOOR_LOTS, type MarketMover, type SweepStatus } from '../../../server/protocol/index.js';
import { at, OPEN } from './minutes.js';

const LOT = 50;
/** Options of two chains with a future and a spot between them, which no figure may count. */
const SIDES = [
  [CALL, PUT, CALL, PUT, FUTURE, SPOT],
  [CALL, PUT, PUT],
];
const universe: UniverseColumns = universeOf(
  SIDES.map((sides, chain) => ({
    chainId: chain + 1,
    legs: sides.map((side, i) => ({
      contractId: side === SPOT ? 0 : 10 * chain + i + 1,
      strike: side <= PUT ? 100 + 5 * i : 0,
      side,
      lot: LOT,
    })),
  })),
);
const LEGS = universe.sides.length;
const FACTS = SIDES.map((_, chain) => ({
  ...{ chain, key: `NSE_EQ|${chain}`, symbol: `S${chain}`, name: `Share ${chain}`, exchange: 'NSE' },
  ...{ kind: 'EQUITY' as const, lotSize: LOT, expiry: '2026-08-27' },
}));
const SWEEP: SweepStatus = {
  ...{ state: 'full', message: null, chains: 2, contracts: 9, callsNeeded: 1, callsAllowed: 1 },
};

/** Around the floor of the movers, few values so that per cents tie, nothing, unknown, and more than 31 bits. */
const anOi = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 6 }).map((n) => (n * MOVER_FLOOR_LOTS * LOT) / 2) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constant(NaN) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 31 - 2, max: 2 ** 33 }) },
);
const aDay = fc.array(
  fc.record({
    gap: fc.oneof(
      { weight: 8, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ min: 2, max: 9 }) },
    ),
    oi: fc.array(anOi, { minLength: LEGS, maxLength: LEGS }),
  }),
  { minLength: 1, maxLength: 40 },
);

type Minutes = ReadonlyMap<number, readonly number[]>;

/** The change of a leg over a window by the rules of truth, looked up minute by minute. */
function changeOf(minutes: Minutes, slot: Slot, interval: number, leg: number) {
  const oi = minutes.get(slot)![leg]!;
  const newest = slot - interval * MINUTE_MS;
  for (let baseSlot = newest; baseSlot >= newest - TOLERANCE_MS; baseSlot -= MINUTE_MS) {
    const base = minutes.get(baseSlot)?.[leg] ?? NaN;
    if (!Number.isNaN(base) && !Number.isNaN(oi)) return { oi, base, baseSlot };
  }
  return null;
}

const optionsOf = (chain: number): number[] =>
  SIDES[chain]!.flatMap((side, i) => (side <= PUT ? [universe.chainStart[chain]! + i] : []));
const onSide = (legs: readonly number[], side: number): number[] =>
  legs.filter((leg) => universe.sides[leg] === side);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const pcrOf = (puts: number, calls: number): number | null => (calls > 0 ? puts / calls : null);

/** Of all legs that moved and are above the floor the one with the largest per cent; the first on a tie. */
function largest(moved: readonly MarketMover[]): MarketMover | null {
  return moved.reduce<MarketMover | null>(
    (best, one) => (best === null || Math.abs(one.pct) > Math.abs(best.pct) ? one : best),
    null,
  );
}

function expectedWindow(minutes: Minutes, slot: Slot, interval: number, chain: number) {
  const legs = optionsOf(chain).filter((leg) => changeOf(minutes, slot, interval, leg) !== null);
  const change = (leg: number) => changeOf(minutes, slot, interval, leg)!;
  const [calls, puts] = [onSide(legs, CALL), onSide(legs, PUT)];
  const add = (of: readonly number[]): number | null =>
    of.length > 0 ? sum(of.map((leg) => change(leg).oi - change(leg).base)) : null;
  const pcrAt = (end: 'oi' | 'base'): number | null => {
    const total = (of: readonly number[]): number => sum(of.map((leg) => change(leg)[end]));
    return calls.length > 0 && puts.length > 0 ? pcrOf(total(puts), total(calls)) : null;
  };
  const movers = (of: readonly number[], sign: number): MarketMover[] =>
    of.flatMap((leg) => {
      const { oi, base, baseSlot } = change(leg);
      const abs = oi - base;
      if (abs * sign <= 0 || base < MOVER_FLOOR_LOTS * LOT) return [];
      const side = universe.sides[leg] === CALL ? ('call' as const) : ('put' as const);
      return [{ strike: universe.strikes[leg]!, side, oi, abs, pct: (100 * abs) / base, baseSlot }];
    });
  const [now, before] = [pcrAt('oi'), pcrAt('base')];
  return {
    callAdd: add(calls),
    putAdd: add(puts),
    pcrChange: now !== null && before !== null ? now - before : null,
    legs: legs.length,
    topBuildUp: largest([...movers(calls, 1), ...movers(puts, 1)]),
    topUnwinding: largest([...movers(calls, -1), ...movers(puts, -1)]),
    movers: {
      callBuildUp: largest(movers(calls, 1)),
      callUnwinding: largest(movers(calls, -1)),
      putBuildUp: largest(movers(puts, 1)),
      putUnwinding: largest(movers(puts, -1)),
    },
  };
}

function expectedFigures(minutes: Minutes, slot: Slot, chain: number) {
  const known = optionsOf(chain).filter((leg) => !Number.isNaN(minutes.get(slot)![leg]));
  const oiOf = (side: number): number | null => {
    const legs = onSide(known, side);
    return legs.length > 0 ? sum(legs.map((leg) => minutes.get(slot)![leg]!)) : null;
  };
  const [callOi, putOi] = [oiOf(CALL), oiOf(PUT)];
  return {
    ...{ slot, callOi, putOi, pcr: callOi !== null && putOi !== null ? pcrOf(putOi, callOi) : null },
    ...{ legs: optionsOf(chain).length, unknownLegs: optionsOf(chain).length - known.length },
    windows: INTERVALS.map((interval) => expectedWindow(minutes, slot, interval, chain)),
  };
}

describe('the rows of the market page', () => {
  it('should say what a plain reading of every leg and window says, ties and the floor included', () => {
    const run = (day: { gap: number; oi: number[] }[]): void => {
      const session = new MarketSession(universe);
      SIDES.forEach((_, chain) => session.begin(chain, OPEN));
      const builder = new MarketRowsBuilder(session, FACTS);
      const minutes = new Map<number, number[]>();
      let minute = 0;
      for (const { gap, oi } of day) {
        const slot = at((minute += gap));
        minutes.set(slot, oi);
        const frame = emptyFrame(universe, slot);
        frame.marks.fill(CAPTURED + 5);
        frame.oi.set(oi);
        session.take(frame, new Uint8Array(LEGS).fill(1));
        const { rows } = builder.build(slot, slot + 9_000, SWEEP);
        rows.forEach((row, chain) => {
          const { chain: _place, ...facts } = FACTS[chain]!;
          expect(row).toStrictEqual({
            ...facts,
            ...{ spot: null, capturedAt: slot + 5_000, ageMs: 4_000, flags: row.flags },
            ...expectedFigures(minutes, slot, chain),
          });
        });
      }
    };
    fc.assert(fc.property(aDay, run), { numRuns: 60 });
  });

  it('should wait for a chain of which nothing came', () => {
    const session = new MarketSession(universe);
    const [row] = new MarketRowsBuilder(session, FACTS).build(at(1), at(1), SWEEP).rows;
    expect(row).toMatchObject({ symbol: 'S0', slot: null, ageMs: null, callOi: null, flags: ['waiting'] });
    expect(row!.windows.map(({ callAdd, topBuildUp }) => [callAdd, topBuildUp])).toEqual(
      INTERVALS.map(() => [null, null]),
    );
  });
});
