import { black76, normalCdf, smile } from '../../../server/simulator/generated/black76.js';

describe('Black-76', () => {
  it('should know the normal distribution', () => {
    expect(normalCdf(0)).toBeCloseTo(0.5, 7);
    expect(normalCdf(1.96)).toBeCloseTo(0.9750021, 6);
    expect(normalCdf(-1.96)).toBeCloseTo(0.0249979, 6);
  });

  it('should price a textbook option', () => {
    // Hull, Options, Futures and Other Derivatives: at the money on a future, before discounting, F·(2N(σ√T/2) − 1).
    expect(black76(false, 60, 60, 0.25, 4 / 12).price).toBeCloseTo(3.4519, 3);
    expect(black76(true, 20, 20, 0.25, 4 / 12).price).toBeCloseTo(1.151, 3);
  });

  it.each([22_000, 24_000, 24_200, 26_000])('should keep put-call parity at %d', (strike) => {
    const [call, put] = [true, false].map((c) => black76(c, 24_200, strike, 0.12, 7 / 365));
    expect((call?.price ?? 0) - (put?.price ?? 0)).toBeCloseTo(24_200 - strike, 2);
    expect((call?.delta ?? 0) - (put?.delta ?? 0)).toBeCloseTo(1, 6);
  });

  it('should smile: wings above the money, puts above calls', () => {
    const iv = (strike: number): number => smile(0.12, 24_200, strike, 7 / 365);
    expect(iv(24_200)).toBeCloseTo(0.12, 6);
    expect(iv(22_500)).toBeGreaterThan(iv(25_900));
    expect(iv(25_900)).toBeGreaterThan(0.115);
  });
});
