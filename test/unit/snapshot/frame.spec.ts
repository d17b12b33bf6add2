import fc from 'fast-check';
import { FrameMismatch, applyChange } from '../../../client/lib/merge.js';
import type { Table } from '../../../server/domain/delta-table.js';
import { SessionHistory } from '../../../server/domain/history.js';
import { computeTable } from '../../../server/domain/table.js';
import type { StrikeQuote } from '../../../server/domain/snapshot.js';
import { encodeChange } from '../../../server/snapshot/frame-encoder.js';
import { aHistory, aSnapshot, aTableInput, slotAt } from '../../factories/chain.factory.js';
import { fuzz } from '../../support/fuzz.js';

const leg = fc.option(
  fc.record({
    oi: fc.option(fc.integer({ min: 0, max: 5_000_000 }), { freq: 5 }),
    prevOi: fc.option(fc.integer({ min: 0, max: 5_000_000 }), { freq: 5 }),
    ltp: fc.option(
      fc.oneof(
        fc.integer({ min: 0, max: 900_000 }).map((paise) => paise / 100),
        fc.double({ min: 0, max: 9_000, noNaN: true }),
      ),
      { freq: 5 },
    ),
    volume: fc.option(fc.integer({ min: 0, max: 2 ** 40 }), { freq: 5 }),
  }),
  { freq: 9 },
);

/** A session: some minutes captured, some rebuilt, some missed; strikes may come later. */
const sessions = fc.array(
  fc.record({
    skip: fc.nat({ max: 3 }),
    source: fc.constantFrom('live' as const, 'live' as const, 'backfill' as const),
    spot: fc.option(fc.double({ min: 90, max: 160, noNaN: true })),
    legs: fc.array(fc.tuple(leg, leg), { minLength: 4, maxLength: 7 }),
  }),
  { minLength: 2, maxLength: 40 },
);

function tablesOf(session: typeof sessions extends fc.Arbitrary<infer T> ? T : never): Table[] {
  const history = new SessionHistory(slotAt(0));
  let minute = 0;
  return session.map(({ skip, source, spot, legs }, i) => {
    minute += 1 + skip;
    const strikes = legs.map(([call, put], k): StrikeQuote => ({ strike: 100 + 10 * k, call, put }));
    history.add(aSnapshot({ minute, source, spot, strikes }));
    return computeTable(aTableInput(history, { seq: i + 1 }));
  });
}

describe('change frames', () => {
  it('should give the very table of the server when applied to the one before, through JSON', () => {
    fuzz(
      'frames: encoded and applied',
      fc.property(sessions, (session) => {
        const tables = tablesOf(session);
        let screen = tables[0]!;
        for (let i = 1; i < tables.length; i++) {
          const wire = JSON.parse(JSON.stringify(encodeChange(tables[i - 1]!, tables[i]!)));
          if (wire.rows === 0) {
            expect(() => applyChange(screen, wire)).toThrow(FrameMismatch);
            screen = tables[i]!;
            continue;
          }
          screen = applyChange(screen, wire);
          expect(screen).toStrictEqual(tables[i]);
        }
      }),
    );
  });

  it('should ask every client to watch again when there is no table before, or a strike came', () => {
    const history = aHistory([aSnapshot({ minute: 1 })]);
    const before = computeTable(aTableInput(history));
    expect(encodeChange(null, before).rows).toBe(0);
    const more = [...Array(5).keys()].map((k) => ({ strike: 23_900 + 50 * k, call: null, put: null }));
    history.add(aSnapshot({ minute: 2, strikes: more }));
    expect(encodeChange(before, computeTable(aTableInput(history, { seq: 2 }))).rows).toBe(0);
  });

  it('should be a tenth of the full table or less when 14 % of the legs changed', () => {
    const strikesAt = (minute: number): StrikeQuote[] =>
      Array.from({ length: 100 }, (_, k) => {
        const moved = (side: number): number => Math.floor((minute * 14 + k * 7 + side * 3) / 100);
        const one = (side: number) => ({
          oi: 65_000 + 65 * moved(side) * (k + 1),
          prevOi: 60_000,
          ltp: 10 + moved(side),
          volume: 650 * moved(side),
        });
        return { strike: 20_000 + 50 * k, call: one(0), put: one(1) };
      });
    const history = new SessionHistory(slotAt(0));
    for (let minute = 0; minute < 40; minute++)
      history.add(aSnapshot({ minute, strikes: strikesAt(minute) }));
    const before = computeTable(aTableInput(history, { seq: 1 }));
    history.add(aSnapshot({ minute: 40, strikes: strikesAt(40) }));
    const after = computeTable(aTableInput(history, { seq: 2 }));
    const size = (value: unknown): number => JSON.stringify(value).length;
    expect(size(encodeChange(before, after)) / size(after)).toBeLessThan(0.1);
  });
});
