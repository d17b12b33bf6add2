import fc from 'fast-check';
import {
  addDays,
  isIsoDate,
  isoIst,
  istAt,
  istDate,
  istMidnight,
  istTime,
  slotAdd,
  slotOf,
  weekday,
} from '../../../server/domain/slot.js';
import { DAY_MS, MINUTE_MS } from '../../../server/domain/units.js';

const T = Date.UTC(2026, 7, 18, 5, 13, 59, 999);

describe('slots', () => {
  it('should floor a time to its minute', () => {
    expect(slotOf(T)).toBe(Date.UTC(2026, 7, 18, 5, 13));
    expect(slotOf(slotOf(T))).toBe(slotOf(T));
    expect(slotOf(-1)).toBe(-MINUTE_MS);
  });

  it('should add and subtract whole minutes only', () => {
    expect(slotAdd(slotOf(T), -30)).toBe(slotOf(T) - 30 * MINUTE_MS);
    expect(() => slotAdd(slotOf(T), 1.5)).toThrow(RangeError);
  });
});

describe('Indian time', () => {
  it('should write date, time and ISO text of India', () => {
    expect(istDate(T)).toBe('2026-08-18');
    expect(istTime(T)).toBe('10:43:59');
    expect(isoIst(T)).toBe('2026-08-18T10:43:59+05:30');
  });

  it('should change the date at 18:30 UTC', () => {
    const midnight = Date.UTC(2026, 7, 18, 18, 30);
    expect(istDate(midnight - 1)).toBe('2026-08-18');
    expect(istDate(midnight)).toBe('2026-08-19');
    expect(istMidnight('2026-08-19')).toBe(midnight);
  });

  it('should name each day, in whatever order days are asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4e12 }), { minLength: 2 }), (times) => {
        for (const time of [...times, ...times]) expect(istDate(time)).toBe(isoIst(time).slice(0, 10));
      }),
    );
    expect(() => istDate(NaN)).toThrow(RangeError);
  });

  it('should read a time of day with or without seconds, and refuse others', () => {
    expect(isoIst(istAt('2026-08-18', '09:15'))).toBe('2026-08-18T09:15:00+05:30');
    expect(isoIst(istAt('2026-08-18', '23:59:59'))).toBe('2026-08-18T23:59:59+05:30');
    for (const wrong of ['24:00', '9:15', '09:60', '09:15:60', '', '09:15Z']) {
      expect(() => istAt('2026-08-18', wrong)).toThrow(RangeError);
    }
  });

  it('should come back from text to the same second, for any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
        const t = seconds * 1_000;
        expect(istAt(istDate(t), istTime(t))).toBe(t);
        expect(Date.parse(isoIst(t))).toBe(t);
      }),
    );
  });
});

describe('dates', () => {
  it('should know real dates from others', () => {
    expect(['2026-08-18', '2024-02-29'].every(isIsoDate)).toBe(true);
    for (const wrong of ['2026-02-29', '2026-13-01', '2026-8-18', '18-08-2026', '2026-08-18T00:00', '']) {
      expect(isIsoDate(wrong)).toBe(false);
    }
  });

  it('should add days over months and leap years', () => {
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28');
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(() => addDays('2026-02-30', 1)).toThrow(RangeError);
    expect(() => addDays('2026-02-28', 0.5)).toThrow(RangeError);
  });

  it('should name the weekday, Sunday = 0', () => {
    expect(weekday('2026-08-16')).toBe(0);
    expect(weekday('2026-08-18')).toBe(2);
    expect(weekday('2026-08-22')).toBe(6);
  });

  it('should start each day a day after the one before', () => {
    expect(istMidnight('2026-03-01') - istMidnight('2026-02-28')).toBe(DAY_MS);
    expect(() => istMidnight('2026-02-30')).toThrow(RangeError);
  });
});
