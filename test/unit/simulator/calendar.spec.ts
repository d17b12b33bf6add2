import {
  holidaysOf,
  onOrBefore,
  sessionMinutes,
  statusAt,
  timingsOn,
} from '../../../server/simulator/calendar.js';

const at = (time: string): number => Date.parse(`2026-08-18T${time}+05:30`);

describe('calendar of the simulator', () => {
  it('should end the derivatives at 15:40 since 3 August 2026 and at 15:30 before', () => {
    expect(sessionMinutes('NFO', '2026-08-03')).toEqual([555, 940]);
    expect(sessionMinutes('NFO', '2026-07-31')).toEqual([555, 930]);
  });

  it('should trade on the date of the market even on a weekend', () => {
    expect(timingsOn('2026-08-22', '2026-08-18')).toEqual([]);
    expect(timingsOn('2026-08-22', '2026-08-22')).toHaveLength(7);
  });

  it('should open MCX alone in the evening of a holiday that is not national', () => {
    const [row, ...others] = timingsOn('2026-05-01', '2026-08-18');
    expect(others).toEqual([]);
    expect(row?.exchange).toBe('MCX');
    expect(row?.start_time).toBe(Date.parse('2026-05-01T17:00:00+05:30'));
  });

  it('should not list the date of the market among the holidays', () => {
    expect(holidaysOf('2026-10-02').map((h) => h.date)).not.toContain('2026-10-02');
    expect(holidaysOf('2026-08-18').map((h) => h.date)).toContain('2026-10-02');
  });

  it('should move an expiry on a holiday to the working day before', () => {
    expect(onOrBefore('2026-01-26')).toBe('2026-01-23');
  });

  it.each([
    ['NFO', '08:00:00', 'NORMAL_CLOSE'],
    ['NFO', '09:05:00', 'PRE_OPEN_START'],
    ['NFO', '09:15:00', 'NORMAL_OPEN'],
    ['NFO', '15:39:59', 'NORMAL_OPEN'],
    ['NFO', '15:40:00', 'CLOSING_END'],
    ['MCX', '20:00:00', 'NORMAL_OPEN'],
    ['NSCOM', '23:45:00', 'NORMAL_CLOSE'],
  ])('should say for %s at %s: %s', (exchange, time, status) => {
    expect(statusAt(exchange, timingsOn('2026-08-18', '2026-08-18'), at(time))[0]).toBe(status);
  });
});
