import { CHAINS_A_SCREEN, Screen } from '../../../server/gateway/screen.js';
import { TokenBucket } from '../../../server/http/token-bucket.js';

const chain = (i: number) => ({ underlying: `NSE_EQ|${i}`, expiry: '2026-08-25' });
const byName = { underlying: 'NIFTY', expiry: '2026-08-25' };
const byKey = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-25' };

function open(screen: Screen, ref: typeof byName, meant = ref): boolean {
  const wish = screen.wish(ref);
  screen.settle(wish);
  return screen.enter(wish, meant);
}

describe('what a screen watches', () => {
  it('should hold a chain once, whatever it is called', () => {
    const screen = new Screen();
    expect(open(screen, byName, byKey)).toBe(true);
    expect(open(screen, byKey)).toBe(false);
    expect(screen.leave(byName)).toEqual(byKey);
    expect(screen.leave(byKey)).toBeNull();
    expect(screen.leaveAll()).toEqual([]);
  });

  it('should know every chain that it watches by all of its names, once each', () => {
    const screen = new Screen();
    expect(open(screen, byName, byKey)).toBe(true);
    expect(open(screen, byKey)).toBe(false);
    expect(open(screen, chain(1))).toBe(true);
    // The name has come to mean another chain.
    expect(open(screen, byName, chain(2))).toBe(true);
    expect(screen.leaveAll()).toEqual([byKey, chain(1), chain(2)]);
    expect(screen.leaveAll()).toEqual([]);
  });

  it('should refuse one chain too many, and take one again after another was left', () => {
    const screen = new Screen();
    for (let i = 0; i < CHAINS_A_SCREEN; i++) open(screen, chain(i));
    expect(() => screen.wish(chain(99))).toThrow('12');
    expect(open(screen, chain(3))).toBe(false);
    screen.leave(chain(3));
    expect(open(screen, chain(99))).toBe(true);
  });

  it('should count what is being prepared, until it is settled', () => {
    const screen = new Screen();
    const wishes = Array.from({ length: CHAINS_A_SCREEN }, (_, i) => screen.wish(chain(i)));
    expect(() => screen.wish(chain(99))).toThrow();
    screen.settle(wishes[0]!);
    expect(() => screen.wish(chain(99))).not.toThrow();
  });

  it('should tell a wish that the screen has left its chain, or everything', () => {
    const screen = new Screen();
    const [one, two] = [screen.wish(chain(1)), screen.wish(chain(2))];
    screen.leave(chain(1));
    expect([one.left, two.left]).toEqual([true, false]);
    screen.leaveAll();
    expect(two.left).toBe(true);
  });

  it('should watch again what was left and asked for once more', () => {
    const screen = new Screen();
    const first = screen.wish(chain(1));
    screen.leave(chain(1));
    const second = screen.wish(chain(1));
    expect([first.left, second.left]).toEqual([true, false]);
    expect(screen.enter(second, chain(1))).toBe(true);
  });
});

describe('the token bucket', () => {
  it('should let a burst through and then so many a second, never more than the burst', () => {
    let now = 0;
    const bucket = new TokenBucket(3, 2, () => now);
    const taken = (times: number): number =>
      Array.from({ length: times }, () => bucket.take()).filter(Boolean).length;
    expect(taken(10)).toBe(3);
    now = 1_000;
    expect(taken(10)).toBe(2);
    now = 100_000;
    expect(taken(10)).toBe(3);
  });
});
