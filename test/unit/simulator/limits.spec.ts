import { RateLimiter } from '../../../server/simulator/limits.js';

const allowed = (limiter: RateLimiter, user: string, times: number[]): number =>
  times.filter((t) => limiter.allow(user, 'option-chain', t)).length;
const spread = (count: number, everyMs: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => from + i * everyMs);

describe('RateLimiter', () => {
  it('should allow 50 calls in a second and the next one a second later', () => {
    const limiter = new RateLimiter();
    expect(allowed(limiter, 'A', spread(60, 1))).toBe(50);
    expect(limiter.allow('A', 'option-chain', 999)).toBe(false);
    expect(limiter.allow('A', 'option-chain', 1000)).toBe(true);
  });

  it('should allow 500 calls in a minute', () => {
    expect(allowed(new RateLimiter(), 'A', spread(1000, 50))).toBe(500);
  });

  it('should allow 2000 calls in half an hour', () => {
    expect(allowed(new RateLimiter(), 'A', spread(3000, 500))).toBe(2000);
  });

  it('should count users and APIs apart', () => {
    const limiter = new RateLimiter();
    allowed(limiter, 'A', spread(50, 0));
    expect(limiter.allow('B', 'option-chain', 0)).toBe(true);
    expect(limiter.allow('A', 'quotes', 0)).toBe(true);
    expect(limiter.allow('A', 'option-chain', 0)).toBe(false);
  });
});
