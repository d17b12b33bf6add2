import fc from 'fast-check';
import type { BuildUp, Leg, Table, UnknownReason } from '../../../server/domain/delta-table.js';
import type { CaptureSource, LegQuote, StrikeQuote } from '../../../server/domain/snapshot.js';
import { computeTable } from '../../../server/domain/table.js';
import { fuzz, type FuzzSuite } from '../../support/fuzz.js';
import { aHistory, aSnapshot, aTableInput, SESSION_START, slotAt } from '../../factories/chain.factory.js';

/** A capture in plain terms, from which both the tested code and the reference below start. */
interface Capture {
  minute: number;
  source: CaptureSource;
  spot: number | null;
  strikes: StrikeQuote[];
}

const MINUTES = 40;
const STRIKES = [90, 97.5, 100, 105, 120];

const anOi = fc.oneof(fc.constant(null), fc.constant(0), fc.integer({ min: 1, max: 500 }));
const aPrice = fc.oneof(
  fc.constant(null),
  fc.integer({ min: 0, max: 4_000 }).map((steps) => steps / 20),
);
const anyLeg: fc.Arbitrary<LegQuote | null> = fc.option(
  fc.record({ oi: anOi, prevOi: anOi, ltp: aPrice, volume: anOi }),
  { freq: 5 },
);
const anyCapture: fc.Arbitrary<Capture> = fc.record({
  minute: fc.nat({ max: MINUTES }),
  source: fc.constantFrom<CaptureSource>('live', 'live', 'import', 'backfill'),
  spot: fc.option(fc.integer({ min: 1_700, max: 2_500 }).map((steps) => steps / 20)),
  strikes: fc.uniqueArray(fc.record({ strike: fc.constantFrom(...STRIKES), call: anyLeg, put: anyLeg }), {
    selector: (entry) => entry.strike,
  }),
});
const anySession = fc
  .uniqueArray(anyCapture, { minLength: 1, maxLength: 30, selector: (capture) => capture.minute })
  .chain((captures) =>
    fc.record({
      captures: fc.constant(captures),
      at: fc.constantFrom(...captures.map((capture) => capture.minute)),
      intervals: fc.array(fc.integer({ min: 1, max: 35 }), { minLength: 1, maxLength: 5 }),
      tolerance: fc.constantFrom(0, 60, 90, 150),
    }),
  );
type AnySession = typeof anySession extends fc.Arbitrary<infer S> ? S : never;

function tableOf({ captures, at, intervals, tolerance }: AnySession): Table {
  const history = aHistory(captures.map((capture) => aSnapshot(capture)));
  return computeTable(aTableInput(history, { slot: slotAt(at), intervals, toleranceMs: tolerance * 1_000 }));
}

/** The legs that carry values, of every row. */
function legsOf(table: Table): Leg[] {
  return table.rows.flatMap((row) => [row.call, row.put]).filter((leg) => leg !== null);
}

// The reference: the rules of truth read aloud, with no eye on speed.
const findLeg = (capture: Capture, strike: number, side: 'call' | 'put') =>
  capture.strikes.find((entry) => entry.strike === strike)?.[side] ?? null;

function naiveLabel(now: LegQuote, base: LegQuote): BuildUp | null {
  if (!now.ltp || !base.ltp) return null;
  const pricePct = (100 * (now.ltp - base.ltp)) / base.ltp;
  const oiPct = now.oi === base.oi ? 0 : (100 * (now.oi! - base.oi!)) / base.oi!;
  if (Math.abs(pricePct) < 0.25 || Math.abs(oiPct) < 0.3) return 'flat';
  return pricePct > 0 ? (oiPct > 0 ? 'LB' : 'SC') : oiPct > 0 ? 'SB' : 'LU';
}

function naiveChange(session: AnySession, strike: number, side: 'call' | 'put', minutes: number) {
  const past = session.captures.filter((capture) => capture.minute <= session.at - minutes);
  past.sort((a, b) => b.minute - a.minute);
  const now = findLeg(
    session.captures.find((capture) => capture.minute === session.at)!,
    strike,
    side,
  );
  const none = (reason: UnknownReason) => ({ change: null, reason });
  if (now?.oi == null) return none('oi-unknown');
  if (past.length === 0) return none('no-history');
  const oldest = session.at - minutes - session.tolerance / 60;
  const inReach = past.filter((capture) => capture.minute >= oldest);
  if (inReach.length === 0) return none('gap');
  for (const capture of inReach) {
    const base = findLeg(capture, strike, side);
    if (base?.oi == null) continue;
    const abs = now.oi - base.oi;
    const pct = base.oi === 0 ? null : (100 * abs) / base.oi;
    const mark = capture.source === 'backfill' ? { backfilled: true } : {};
    const change = { abs, pct, baseSlot: slotAt(capture.minute), buildUp: naiveLabel(now, base), ...mark };
    return { change, reason: null };
  }
  const wasSeen = past.some((capture) => findLeg(capture, strike, side) !== null);
  const canTell = past.some((capture) => capture.source !== 'backfill');
  return none(!wasSeen && canTell ? 'not-listed' : 'base-unknown');
}

function naiveLeg(session: AnySession, strike: number, side: 'call' | 'put') {
  const seen = session.captures.filter((capture) => capture.minute <= session.at);
  if (!seen.some((capture) => findLeg(capture, strike, side) !== null)) return null;
  const now = findLeg(
    seen.find((capture) => capture.minute === session.at)!,
    strike,
    side,
  );
  const unknown: LegQuote = { oi: null, prevOi: null, ltp: null, volume: null };
  const { oi, prevOi, ltp, volume } = now ?? unknown;
  const day = oi === null || prevOi === null ? null : oi - prevOi;
  const cells = session.intervals.map((minutes) => naiveChange(session, strike, side, minutes));
  return {
    instrumentKey: null,
    oi,
    prevOi,
    dayChange: day === null ? null : { abs: day, pct: prevOi === 0 ? null : (100 * day) / prevOi! },
    ltp,
    volume,
    changes: cells.map((cell) => cell.change),
    reasons: cells.map((cell) => cell.reason),
  };
}

function naiveRows(session: AnySession) {
  const seen = session.captures.filter((capture) => capture.minute <= session.at);
  const strikes = new Set(seen.flatMap((capture) => capture.strikes.map((entry) => entry.strike)));
  return [...strikes]
    .sort((a, b) => a - b)
    .map((strike) => ({
      strike,
      call: naiveLeg(session, strike, 'call'),
      put: naiveLeg(session, strike, 'put'),
    }));
}

const check = (suite: FuzzSuite, property: (session: AnySession) => void) =>
  fuzz(suite, fc.property(anySession, property));

describe('any table', () => {
  it('should equal the rules of truth computed the slow way', () => {
    check('table: rules read aloud', (session) => expect(tableOf(session).rows).toEqual(naiveRows(session)));
  });

  it('should not depend on the order in which snapshots came', () => {
    check('table: order of snapshots', (session) => {
      const ordered = [...session.captures].sort((a, b) => a.minute - b.minute);
      expect(tableOf({ ...session, captures: ordered })).toEqual(tableOf(session));
    });
  });

  it('should not depend on snapshots after its slot', () => {
    check('table: later snapshots', (session) => {
      const past = session.captures.filter((capture) => capture.minute <= session.at);
      expect(tableOf({ ...session, captures: past })).toEqual(tableOf(session));
    });
  });

  it('should show a change or a reason, never both, and no change where the OI is unknown', () => {
    check('table: change or reason', (session) => {
      for (const leg of legsOf(tableOf(session))) {
        leg.changes.forEach((change, i) => expect(change === null).toBe(leg.reasons[i] !== null));
        if (leg.oi === null)
          expect([leg.dayChange, ...leg.changes].every((cell) => cell === null)).toBe(true);
      }
    });
  });

  it('should measure from a captured slot of the session in reach of the window', () => {
    check('table: base in reach', (session) => {
      const captured = new Set<number>(session.captures.map((capture) => slotAt(capture.minute)));
      for (const leg of legsOf(tableOf(session))) {
        leg.changes.forEach((change, i) => {
          if (change === null) return;
          const until = slotAt(session.at) - session.intervals[i]! * 60_000;
          expect(captured.has(change.baseSlot)).toBe(true);
          expect(change.baseSlot).toBeGreaterThanOrEqual(
            Math.max(SESSION_START, until - session.tolerance * 1_000),
          );
          expect(change.baseSlot).toBeLessThanOrEqual(until);
        });
      }
    });
  });

  it('should survive JSON unchanged: no NaN, no Infinity, no -0, no undefined', () => {
    check('table: JSON', (session) => {
      const table = tableOf(session);
      expect(JSON.parse(JSON.stringify(table))).toStrictEqual(table);
      const visit = (value: unknown): void => {
        if (typeof value === 'number') {
          expect(Number.isFinite(value)).toBe(true);
          expect(Object.is(value, -0)).toBe(false);
        } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
      };
      visit(table);
    });
  });

  it('should have totals that are the sums of its legs', () => {
    check('table: totals', (session) => {
      const table = tableOf(session);
      const sum = (side: 'call' | 'put') =>
        table.rows.reduce((total, row) => total + (row[side]?.oi ?? 0), 0);
      expect([table.totals.callOi, table.totals.putOi]).toEqual([sum('call'), sum('put')]);
      expect(table.totals.unknownLegs).toBe(legsOf(table).filter((leg) => leg.oi === null).length);
    });
  });
});
