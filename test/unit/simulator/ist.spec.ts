import {
  addDays,
  daysBetween,
  istAt,
  istDate,
  istStamp,
  isIsoDate,
  nextTokenExpiry,
  weekday,
} from '../../../server/simulator/ist.js';

describe('IST helpers of the simulator', () => {
  it('should put the date line at 00:00 IST, which is 18:30 UTC of the day before', () => {
    expect(istDate(Date.parse('2026-08-17T18:29:59Z'))).toBe('2026-08-17');
    expect(istDate(Date.parse('2026-08-17T18:30:00Z'))).toBe('2026-08-18');
    expect(istAt('2026-08-18', 555)).toBe(Date.parse('2026-08-18T09:15:00+05:30'));
  });

  it('should write times as the broker does', () => {
    expect(istStamp(Date.parse('2026-08-18T05:13:00Z'))).toBe('2026-08-18T10:43:00+05:30');
  });

  it.each(['2026-02-30', '2026-13-01', '18-08-2026', '2026-8-18', ''])(
    'should refuse %p as a date',
    (text) => {
      expect(isIsoDate(text)).toBe(false);
    },
  );

  it('should count days over a month end', () => {
    expect(addDays('2026-08-31', 1)).toBe('2026-09-01');
    expect(daysBetween('2026-08-18', '2026-09-01')).toBe(14);
    expect(weekday('2026-08-18')).toBe(2);
  });

  it.each([
    ['2026-08-18T02:30:00+05:30', '2026-08-18T03:30:00+05:30'],
    ['2026-08-18T03:30:00+05:30', '2026-08-19T03:30:00+05:30'],
    ['2026-08-18T10:00:00+05:30', '2026-08-19T03:30:00+05:30'],
  ])('should let a token of %s die at %s', (issued, dies) => {
    expect(nextTokenExpiry(Date.parse(issued))).toBe(Date.parse(dies));
  });
});
