import fc from 'fast-check';
import type { ChainAnswers, LegAnswer, StrikeAnswer } from '../../support/truth/types.js';
import { differences } from './domain-run.js';
import { fuzz } from '../../support/fuzz.js';

const MINUTE = 60_000;
const OPEN = Date.parse('2026-08-18T09:15:00+05:30');
const STRIKES = [95.5, 100, 102.5, 110];

/** Few distinct values, so that zeros, equal OI, new and vanished legs, stale and repeated volumes come up all the time. */
const leg: fc.Arbitrary<LegAnswer | null> = fc.option(
  fc.record({
    oi: fc.option(fc.constantFrom(0, 0, 65, 130, 650, 651), { freq: 8 }),
    ltp: fc.option(fc.constantFrom(0, 0.05, 10, 10.02, 10.03, 11), { freq: 8 }),
    volume: fc.option(fc.nat({ max: 20 }), { freq: 8 }),
  }),
  { freq: 8 },
);

const answer = fc.record({
  /** Minutes since the answer before; 0 is a second answer in the same minute. */
  wait: fc.constantFrom(0, 1, 1, 1, 1, 1, 2, 3, 9),
  /** Every volume on top of it: a day that mostly moves on. */
  traded: fc.nat({ max: 12 }),
  zeros: fc.nat({ max: 9 }).map((n) => n === 0),
  spot: fc.option(fc.constantFrom(95, 97.75, 101.25, 106.25, 120), { freq: 6 }),
  legs: fc.array(fc.tuple(leg, leg), { minLength: STRIKES.length, maxLength: STRIKES.length }),
  listed: fc.array(
    fc.nat({ max: 6 }).map((n) => n > 0),
    {
      minLength: STRIKES.length,
      maxLength: STRIKES.length,
    },
  ),
});

const day = fc.array(answer, { minLength: 1, maxLength: 45 }).map((answers): ChainAnswers => {
  let at = OPEN;
  let traded = 0;
  const prevOi = new Map(STRIKES.map((strike, i) => [strike, { call: i * 65, put: i === 2 ? null : 130 }]));
  const built = answers.map((one) => {
    at += one.wait * MINUTE + (one.wait === 0 ? 1000 : 0);
    traded += one.traded;
    const moved = (raw: LegAnswer | null): LegAnswer | null => {
      const read = raw && { ...raw, volume: raw.volume === null ? null : raw.volume + traded };
      if (!read || (read.oi === null && read.ltp === null && read.volume === null)) return null;
      return one.zeros ? { ...read, oi: 0 } : read;
    };
    const strikes = new Map<number, StrikeAnswer>();
    STRIKES.forEach((strike, i) => {
      const [call, put] = one.legs[i] ?? [null, null];
      if (one.listed[i]) strikes.set(strike, { call: moved(call), put: moved(put) });
    });
    return { at, spot: one.spot, strikes };
  });
  return { underlying: 'TINY', expiry: '2026-08-25', answers: built, prevOi };
});

describe('the domain on any day', () => {
  it('should judge every answer and compute every table as the independent checker does', () => {
    fuzz(
      'table: independent checker',
      fc.property(day, (chain) => {
        const { refusals, slots, tables } = differences(chain);
        expect(refusals.domain).toEqual(refusals.checker);
        expect(slots.domain).toEqual(slots.checker);
        expect(tables).toEqual([]);
      }),
    );
  });
});
