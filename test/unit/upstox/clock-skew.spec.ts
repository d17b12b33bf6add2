import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { istAt } from '../../../server/domain/slot.js';
import { ClockSkew, SKEW_LIMIT_MS } from '../../../server/upstox/clock-skew.js';

const NOW = istAt('2026-08-18', '10:00');

/** Without a beginning or a rate of its own: the system's clock. */
const SYSTEM = { clock: { start: null, rate: 1 } };

const warned: string[] = [];
beforeEach(() => {
  warned.length = 0;
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void warned.push(String(line)));
});
afterEach(() => jest.restoreAllMocks());

/** An answer from a broker whose clock is so many ms ahead, sent now and received after `tripMs`. */
function answer(aheadMs: number, tripMs = 100): Parameters<ClockSkew['note']>[0] {
  const date = new Date(NOW + tripMs / 2 + aheadMs).toUTCString();
  return { date, sentAt: NOW, receivedAt: NOW + tripMs };
}

function after(...aheadMs: number[]): ClockSkew {
  const skew = new ClockSkew(SYSTEM);
  for (const ms of aheadMs) skew.note(answer(ms));
  return skew;
}

describe('ClockSkew', () => {
  it('should know nothing, and hold nothing against the clock, before an answer has told the time', () => {
    const skew = after();
    skew.note({ ...answer(0), date: null });
    skew.note({ ...answer(0), date: 'yesterday' });
    expect([skew.ms, skew.message, skew.trusted]).toEqual([null, null, true]);
  });

  it('should measure to the half second from whole seconds, the round trip taken off', () => {
    for (const trip of [0, 100, 3_000, 9_999])
      for (const ahead of [-180_000, -700, 0, 400, 180_000]) {
        const skew = new ClockSkew(SYSTEM);
        skew.note(answer(ahead, trip));
        expect(Math.abs(skew.ms! - ahead)).toBeLessThanOrEqual(500);
      }
  });

  it.each([
    ['slower than it can tell', answer(180_000, 10_001)],
    ['received before it was sent, as the clock was set back meanwhile', answer(0, -180_000)],
  ])('should learn nothing from an answer that is %s', (_name, times) => {
    const skew = after(0);
    skew.note(times);
    expect([Math.abs(skew.ms!) <= 500, skew.trusted]).toEqual([true, true]);
  });

  it('should take the median: one answer that is off raises no alarm, and is not trusted all the same', () => {
    const skew = after(0, 0, 180_000);
    expect([Math.abs(skew.ms!) <= 500, skew.trusted, skew.message]).toEqual([true, false, null]);
    skew.note(answer(0));
    expect(skew.trusted).toBe(true);
    expect(warned).toEqual([]);
  });

  it.each([
    [180_000, '3 min behind'],
    [-180_000, '3 min ahead of'],
    [45_000, '45 s behind'],
    [-7_200_000, '120 min ahead of'],
  ])('should say a clock that is off by %d ms once, what to do, and when it is over', (ms, words) => {
    const skew = after(ms, ms, ms, ms);
    expect(skew.message).toMatch(`This computer's clock is ${words} the broker's. Set the clock`);
    expect(skew.trusted).toBe(false);
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain('It says 10:00:00, the broker ');
    for (let i = 0; i < 3; i++) skew.note(answer(0));
    expect([skew.message, skew.trusted, warned.length]).toEqual([null, true, 2]);
    expect(warned[1]).toContain('agrees with the broker');
  });

  it('should not go back and forth at the limit', () => {
    const skew = after(SKEW_LIMIT_MS + 2_000);
    for (let i = 0; i < 9; i++) skew.note(answer(SKEW_LIMIT_MS + (i % 3) * 1_000 - 2_000));
    expect(warned).toHaveLength(1);
    for (let i = 0; i < 3; i++) skew.note(answer(SKEW_LIMIT_MS - 7_000));
    expect(warned).toHaveLength(2);
  });

  it('should want to be told the time after a minute, sooner where the last word was off, at once after a step back', () => {
    expect(after().wantsAnswer(NOW)).toBe(false);
    const received = NOW + 100;
    for (const [skew, ms, due] of [
      [after(0), 59_000, false],
      [after(0), 60_000, true],
      [after(0), -6_000, true],
      [after(0, 0, 180_000), 14_000, false],
      [after(0, 0, 180_000), 15_000, true],
      [after(180_000), 15_000, true],
    ] as const)
      expect(skew.wantsAnswer(received + ms)).toBe(due);
  });

  it.each([
    ['begins at another time', { start: NOW, rate: 1 }],
    ['runs faster', { start: null, rate: 20 }],
  ])('should measure a clock that on purpose %s, and not judge it', (_name, clock) => {
    const skew = new ClockSkew({ clock });
    for (let i = 0; i < 5; i++) skew.note(answer(600_000));
    expect(Math.abs(skew.ms! - 600_000)).toBeLessThanOrEqual(500);
    expect([skew.message, skew.trusted, warned]).toEqual([null, true, []]);
  });
});
