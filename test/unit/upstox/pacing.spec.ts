import fc from 'fast-check';
import { ManualClock } from '../../../server/clock/clock.js';
import { BrokerError, BrokerThrottled } from '../../../server/upstox/errors.js';
import { Pacer, type PacingWindow, UPSTOX_WINDOWS } from '../../../server/upstox/pacing.js';

const START = Date.parse('2026-11-23T09:15:00+05:30');
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The largest number of `times` inside any closed window of `ms`. */
function busiest(times: readonly number[], ms: number): number {
  let most = 0;
  let from = 0;
  for (let to = 0; to < times.length; to++) {
    while ((times[to] ?? 0) - (times[from] ?? 0) > ms) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

async function acquireNow(pacer: Pacer, n: number, user = 'U1'): Promise<void> {
  for (let i = 0; i < n; i++) await pacer.acquire('quotes', user);
}

describe('Pacer', () => {
  it('should plan with the limits of the broker and 15 % of the 30-minute window to spare', () => {
    expect(UPSTOX_WINDOWS.map((w) => [w.calls, w.ms])).toEqual([
      [50, 1_000],
      [500, 60_000],
      [2_000 * 0.85, 1_800_000],
    ]);
  });

  it('should let 50 calls out at once and hold the next back for the rest of the second', async () => {
    const clock = new ManualClock(START);
    const pacer = new Pacer(clock);
    await acquireNow(pacer, 50);
    let left = false;
    void pacer.acquire('quotes', 'U1').then(() => (left = true));
    clock.advance(1_000);
    await settle();
    expect(left).toBe(false);
    clock.advance(1);
    await settle();
    expect(left).toBe(true);
  });

  it('should count each API and each user by itself', async () => {
    const pacer = new Pacer(new ManualClock(START));
    await acquireNow(pacer, 50);
    expect(pacer.budget('quotes', 'U1')).toBe(0);
    expect(pacer.budget('quotes', 'U2')).toBe(50);
    expect(pacer.budget('option-chain', 'U1')).toBe(50);
  });

  it('should refuse a wait that is longer than its bound', async () => {
    const clock = new ManualClock(START);
    const pacer = new Pacer(clock, { maxWaitMs: 15_000 });
    for (let second = 0; second < 10; second++) {
      await acquireNow(pacer, 50);
      clock.advance(1_001);
    }
    const error: unknown = await pacer.acquire('quotes', 'U1').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BrokerThrottled);
    expect((error as BrokerThrottled).retryAfterMs).toBe(60_001 - 10_010);
  });

  it('should say throttled at once when the 30-minute budget is gone, however short the wait', async () => {
    const clock = new ManualClock(START);
    const pacer = new Pacer(clock);
    for (let i = 0; i < 34; i++) {
      await acquireNow(pacer, 50);
      clock.advance(52_900);
    }
    clock.set(START + 1_800_000);
    expect(pacer.budget('quotes', 'U1')).toBe(0);
    await expect(pacer.acquire('quotes', 'U1')).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 1 });
    clock.advance(1);
    expect(pacer.budget('quotes', 'U1')).toBe(50);
    await expect(pacer.acquire('quotes', 'U1')).resolves.toBeUndefined();
  });

  it('should treat the windows as used up after a 429 until its back-off ends', async () => {
    const clock = new ManualClock(START);
    const pacer = new Pacer(clock, { maxWaitMs: 5_000 });
    await acquireNow(pacer, 1);
    expect(pacer.throttled('quotes', 'U1', 20_000)).toBe(20_000);
    expect(pacer.budget('quotes', 'U1')).toBe(0);
    await expect(pacer.acquire('quotes', 'U1')).rejects.toMatchObject({ kind: 'throttled' });
    clock.advance(20_000);
    expect(pacer.budget('quotes', 'U1')).toBe(1);
    await pacer.acquire('quotes', 'U1');
    pacer.answered('quotes', 'U1');
    expect(pacer.budget('quotes', 'U1')).toBe(49);
  });

  it('should feel its way with one call a second after a 429 until one is answered', async () => {
    const clock = new ManualClock(START);
    const pacer = new Pacer(clock);
    pacer.throttled('quotes', 'U1', 1_000);
    let out = 0;
    for (let i = 0; i < 5; i++) void pacer.acquire('quotes', 'U1').then(() => (out += 1));
    clock.advance(1_000);
    await settle();
    expect(out).toBe(1);
    clock.advance(1_000);
    await settle();
    expect(out).toBe(2);
  });

  it('should double the back-off with each 429 in a row, up to its cap, and count a burst as one', () => {
    const clock = new ManualClock(START);
    const pacer = new Pacer(clock, { random: () => 0.999999, backOffMs: 2_000, backOffCapMs: 60_000 });
    const pauses = [1, 2, 3, 4, 5, 6, 7].map(() => {
      const pause = pacer.throttled('quotes', 'U1', null);
      for (let i = 0; i < 20; i++) expect(pacer.throttled('quotes', 'U1', null)).toBe(pause);
      clock.advance(pause);
      return pause;
    });
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('should end the waiting when the caller gives up', async () => {
    const clock = new ManualClock(START);
    const pacer = new Pacer(clock);
    await acquireNow(pacer, 50);
    const abort = new AbortController();
    const waiting = pacer.acquire('quotes', 'U1', abort.signal);
    abort.abort();
    await expect(waiting).rejects.toBeInstanceOf(BrokerError);
  });

  it('should not be locked out by a clock that is set back', async () => {
    const clock = new ManualClock(START);
    const pacer = new Pacer(clock, { maxWaitMs: 2_000 });
    await acquireNow(pacer, 50);
    pacer.throttled('quotes', 'U1', 1_500);
    clock.advance(-3_600_000);
    const waiting = pacer.acquire('quotes', 'U1');
    clock.advance(1_500);
    await expect(waiting).resolves.toBeUndefined();
  });

  it('should never let any rolling window rise above its limit, and its budget should never promise more', async () => {
    const windows: readonly PacingWindow[] = [
      { calls: 5, ms: 1_000, waitable: true },
      { calls: 17, ms: 60_000, waitable: true },
      { calls: 40, ms: 1_800_000, waitable: false },
    ];
    const step = fc.record({
      advance: fc.oneof(fc.nat(1_500), fc.nat(70_000), fc.nat(900_000)),
      calls: fc.nat(9),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new ManualClock(START);
        const pacer = new Pacer(clock, { windows, maxWaitMs: 90_000 });
        const times: number[] = [];
        for (const { advance, calls } of steps) {
          clock.advance(advance);
          await settle();
          const promised = pacer.budget('quotes', 'U1');
          const before = times.length;
          for (let i = 0; i < calls; i++)
            void pacer.acquire('quotes', 'U1').then(
              () => times.push(clock.now()),
              (error: unknown) => expect(error).toBeInstanceOf(BrokerThrottled),
            );
          await settle();
          expect(times.length - before).toBe(Math.min(promised, calls));
        }
        for (const window of windows) expect(busiest(times, window.ms)).toBeLessThanOrEqual(window.calls);
      }),
      { numRuns: 150 },
    );
  });
});
