import { SIGN_IN_ATTEMPTS_PER_MINUTE, SignInLimiter } from '../../../server/auth/sign-in-limiter.js';
import { ManualClock } from '../../../server/clock/clock.js';

describe('SignInLimiter', () => {
  it('should refuse an address above the limit, let others through, and forget after the minute', () => {
    const clock = new ManualClock(0);
    const limiter = new SignInLimiter(clock);
    const attempt = (address: string) => () => limiter.attempt(address);
    for (let i = 0; i < SIGN_IN_ATTEMPTS_PER_MINUTE; i += 1) expect(attempt('a')).not.toThrow();
    expect(attempt('a')).toThrow(/Too many sign-in attempts/);
    expect(attempt('b')).not.toThrow();
    clock.advance(60_000);
    expect(attempt('a')).not.toThrow();
  });
});
