import fc from 'fast-check';
import { maxPain } from '../../../server/domain/max-pain.js';
import { fuzz } from '../../support/fuzz.js';

/** The definition, in whole paise so that no product rounds. */
function byDefinition(strikes: number[], calls: number[], puts: number[], spot: number | null) {
  if (![...calls, ...puts].some((oi) => !Number.isNaN(oi))) return null;
  const paise = strikes.map((strike) => BigInt(Math.round(strike * 100)));
  const units = (oi: number) => BigInt(Number.isNaN(oi) ? 0 : oi);
  const pain = paise.map((at) =>
    paise.reduce((sum, strike, i) => {
      const call = at > strike ? units(calls[i]!) * (at - strike) : 0n;
      const put = strike > at ? units(puts[i]!) * (strike - at) : 0n;
      return sum + call + put;
    }, 0n),
  );
  const least = pain.reduce((a, b) => (b < a ? b : a));
  const tied = strikes.filter((_, i) => pain[i] === least);
  const distance = (strike: number) => (spot === null ? strike : Math.round(Math.abs(strike - spot) * 100));
  return tied.reduce((best, strike) => (distance(strike) < distance(best) ? strike : best));
}

describe('max pain', () => {
  it('should be the strike with the least intrinsic value', () => {
    // Pain at 100: puts 5·10 + 1·20 = 70; at 110: calls 1·10 + puts 1·10 = 20; at 120: calls 1·20 + 5·10 = 70.
    expect(maxPain([100, 110, 120], [1, 5, 0], [0, 5, 1], 100)).toBe(110);
  });

  it('should be the lowest strike with calls only and the highest with puts only', () => {
    expect(maxPain([100, 110, 120], [1, 1, 1], [NaN, NaN, NaN], null)).toBe(100);
    expect(maxPain([100, 110, 120], [NaN, NaN, NaN], [1, 1, 1], null)).toBe(120);
  });

  it('should take the tied strike nearest to spot, then the lower one', () => {
    const tied = [
      [100, 110, 120],
      [1, 0, 0],
      [0, 0, 1],
    ] as const;
    expect(maxPain(...tied, 118)).toBe(120);
    expect(maxPain(...tied, 115)).toBe(110);
    expect(maxPain(...tied, null)).toBe(100);
  });

  it('should be unknown when no OI is known', () => {
    expect(maxPain([100, 110], [NaN, NaN], [NaN, NaN], 100)).toBeNull();
    expect(maxPain([], [], [], 100)).toBeNull();
  });

  it('should equal the definition for any chain', () => {
    const oi = fc.oneof(fc.constant(NaN), fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 2_000_000_000 }));
    const strikes = fc.uniqueArray(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 30 });
    const chain = strikes.chain((list) =>
      fc.record({
        strikes: fc.constant(list.sort((a, b) => a - b).map((paise) => paise / 20)),
        calls: fc.array(oi, { minLength: list.length, maxLength: list.length }),
        puts: fc.array(oi, { minLength: list.length, maxLength: list.length }),
        spot: fc.option(fc.integer({ min: 1, max: 1_000_000 }).map((paise) => paise / 100)),
      }),
    );
    fuzz(
      'max pain',
      fc.property(chain, ({ strikes: list, calls, puts, spot }) => {
        expect(maxPain(list, calls, puts, spot)).toBe(byDefinition(list, calls, puts, spot));
      }),
    );
  });
});
