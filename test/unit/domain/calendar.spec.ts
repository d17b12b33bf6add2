import {
  defaultTradingDay,
  expectedSlots,
  sessionOpenAt,
  sessionStartFor,
  type TradingDay,
} from '../../../server/domain/calendar.js';
import { istAt, istMidnight, istTime, slotOf } from '../../../server/domain/slot.js';

const hours = (exchange: string, date: string) =>
  defaultTradingDay(exchange, date).sessions.map(
    ({ start, end }) => `${istTime(start).slice(0, 5)}-${istTime(end).slice(0, 5)}`,
  );

describe('the built-in trading day', () => {
  it.each(['NSE', 'BSE'])('should close %s at 15:40 since 3 August 2026 and at 15:30 before', (exchange) => {
    expect(hours(exchange, '2026-07-31')).toEqual(['09:15-15:30']);
    expect(hours(exchange, '2026-08-03')).toEqual(['09:15-15:40']);
  });

  it('should be closed at weekends', () => {
    for (const exchange of ['NSE', 'BSE', 'MCX']) {
      expect(hours(exchange, '2026-08-15')).toEqual([]);
      expect(hours(exchange, '2026-08-16')).toEqual([]);
    }
  });

  it('should close MCX at 23:30 in American daylight-saving time and at 23:55 otherwise', () => {
    // 2026: 8 March to 1 November, both Sundays.
    expect(hours('MCX', '2026-03-06')).toEqual(['09:00-23:55']);
    expect(hours('MCX', '2026-03-09')).toEqual(['09:00-23:30']);
    expect(hours('MCX', '2026-10-30')).toEqual(['09:00-23:30']);
    expect(hours('MCX', '2026-11-02')).toEqual(['09:00-23:55']);
    // 2027: 14 March to 7 November.
    expect(hours('MCX', '2027-03-12')).toEqual(['09:00-23:55']);
    expect(hours('MCX', '2027-03-15')).toEqual(['09:00-23:30']);
    expect(hours('MCX', '2027-11-05')).toEqual(['09:00-23:30']);
    expect(hours('MCX', '2027-11-08')).toEqual(['09:00-23:55']);
  });

  it('should refuse an exchange that it has no hours for', () => {
    expect(() => defaultTradingDay('NYSE', '2026-08-18')).toThrow(/NYSE/);
  });
});

describe('sessions of a day', () => {
  const at = (time: string) => istAt('2026-11-08', time);
  /** A morning and an evening session, as on days with a special one. */
  const day: TradingDay = {
    exchange: 'NSE',
    date: '2026-11-08',
    sessions: [
      { start: at('09:15'), end: at('10:00') },
      { start: at('18:00'), end: at('19:15') },
    ],
    note: 'Muhurat',
    source: 'broker',
  };

  it('should be open from the start to just before the end', () => {
    expect(sessionOpenAt(day, at('09:15') - 1)).toBeNull();
    expect(sessionOpenAt(day, at('09:15'))).toBe(day.sessions[0]);
    expect(sessionOpenAt(day, at('10:00') - 1)).toBe(day.sessions[0]);
    expect(sessionOpenAt(day, at('10:00'))).toBeNull();
    expect(sessionOpenAt(day, at('18:30'))).toBe(day.sessions[1]);
  });

  it('should give a slot to the newest session that began at or before it', () => {
    expect(sessionStartFor(day, slotOf(at('09:14')))).toBe(istMidnight('2026-11-08'));
    expect(sessionStartFor(day, slotOf(at('09:15')))).toBe(at('09:15'));
    expect(sessionStartFor(day, slotOf(at('15:00')))).toBe(at('09:15'));
    expect(sessionStartFor(day, slotOf(at('18:00')))).toBe(at('18:00'));
    expect(sessionStartFor(day, slotOf(at('23:59')))).toBe(at('18:00'));
    expect(sessionStartFor({ ...day, sessions: [...day.sessions].reverse() }, at('23:00'))).toBe(at('18:00'));
  });

  it('should give a slot of a day without sessions to the day', () => {
    expect(sessionStartFor({ ...day, sessions: [] }, at('12:00'))).toBe(istMidnight('2026-11-08'));
  });

  it('should expect a slot for each minute of the session that has begun', () => {
    const session = defaultTradingDay('NSE', '2026-08-18').sessions[0]!;
    expect(expectedSlots(session, session.start - 1)).toBe(0);
    expect(expectedSlots(session, session.start)).toBe(1);
    expect(expectedSlots(session, session.start + 59_999)).toBe(1);
    expect(expectedSlots(session, session.start + 60_000)).toBe(2);
    expect(expectedSlots(session, session.end - 1)).toBe(385);
    expect(expectedSlots(session, session.end + 3_600_000)).toBe(385);
  });
});
