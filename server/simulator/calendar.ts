import { addDays, istAt, type IsoDate, weekday } from './ist.js';
import type { HolidayRow, TimingRow } from './market.js';

const EXCHANGES = ['NSE', 'NFO', 'CDS', 'BSE', 'BFO', 'BCD', 'MCX'] as const;
const ALL_BUT_MCX = EXCHANGES.filter((e) => e !== 'MCX');

/** Since this date the derivatives of NSE and BSE trade to 15:40, before to 15:30. */
const LONGER_SESSION_SINCE = '2026-08-03';
const MCX_EVENING = 17 * 60;
const MCX_CLOSE = 23 * 60 + 30;

/** Holidays on the same day every year. Moving ones are left out: the market date itself always trades. */
const FIXED: readonly { day: string; name: string; mcxEvening: boolean }[] = [
  { day: '01-26', name: 'Republic Day', mcxEvening: false },
  { day: '05-01', name: 'Maharashtra Day', mcxEvening: true },
  { day: '08-15', name: 'Independence Day', mcxEvening: false },
  { day: '10-02', name: 'Mahatma Gandhi Jayanti', mcxEvening: false },
  { day: '12-25', name: 'Christmas', mcxEvening: false },
];

/** `[open, close]` in minutes after 00:00 IST. */
export function sessionMinutes(exchange: string, date: IsoDate): [number, number] {
  if (exchange === 'MCX') return [9 * 60, MCX_CLOSE];
  if (exchange === 'CDS' || exchange === 'BCD') return [9 * 60, 17 * 60];
  const derivatives = exchange === 'NFO' || exchange === 'BFO';
  return [555, derivatives && date >= LONGER_SESSION_SINCE ? 940 : 930];
}

function timing(exchange: string, date: IsoDate, from?: number): TimingRow {
  const [open, close] = sessionMinutes(exchange, date);
  return { exchange, start_time: istAt(date, from ?? open), end_time: istAt(date, close) };
}

function fixedHoliday(date: IsoDate): (typeof FIXED)[number] | undefined {
  return FIXED.find((f) => f.day === date.slice(5));
}

/** Whether nothing but perhaps MCX's evening trades on the date. */
export function isClosed(date: IsoDate): boolean {
  return weekday(date) === 0 || weekday(date) === 6 || fixedHoliday(date) !== undefined;
}

/** The last day on or before `date` that trades: expiries that fall on a holiday move to it. */
export function onOrBefore(date: IsoDate): IsoDate {
  let day = date;
  while (isClosed(day)) day = addDays(day, -1);
  return day;
}

/** Session times of all exchanges; `marketDate` trades in full whatever the calendar says. */
export function timingsOn(date: IsoDate, marketDate: IsoDate): TimingRow[] {
  if (date === marketDate || !isClosed(date)) return EXCHANGES.map((e) => timing(e, date));
  if (weekday(date) === 0 || weekday(date) === 6) return [];
  return fixedHoliday(date)?.mcxEvening ? [timing('MCX', date, MCX_EVENING)] : [];
}

/** The holiday rows of the market's year. */
export function holidaysOf(marketDate: IsoDate): HolidayRow[] {
  const year = marketDate.slice(0, 4);
  return FIXED.map((f) => ({ ...f, date: `${year}-${f.day}` }))
    .filter((f) => f.date !== marketDate)
    .map(({ date, name, mcxEvening }) => ({
      date,
      description: name,
      holiday_type: 'TRADING_HOLIDAY',
      closed_exchanges: mcxEvening ? [...ALL_BUT_MCX] : [...EXCHANGES],
      open_exchanges: mcxEvening ? [timing('MCX', date, MCX_EVENING)] : [],
    }));
}

/** Exchange names of the market-status endpoint; segment names such as MCX_FO are refused. */
export const STATUS_EXCHANGES = ['NSE', 'NFO', 'CDS', 'BSE', 'BFO', 'BCD', 'MCX', 'NSCOM'];

/** The broker's word for the state of an exchange at `t`, and since when (epoch ms). */
export function statusAt(exchange: string, rows: readonly TimingRow[], t: number): [string, number] {
  const row = rows.find((r) => r.exchange === (exchange === 'NSCOM' ? 'MCX' : exchange));
  if (!row) return ['NORMAL_CLOSE', t];
  if (t >= row.start_time && t < row.end_time) return ['NORMAL_OPEN', row.start_time];
  if (exchange === 'MCX' || exchange === 'NSCOM') return ['NORMAL_CLOSE', row.end_time];
  const preOpen = row.start_time - 15 * 60_000;
  if (t >= row.end_time) return ['CLOSING_END', row.end_time];
  return t >= preOpen ? ['PRE_OPEN_START', preOpen] : ['NORMAL_CLOSE', preOpen];
}
