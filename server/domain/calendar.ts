import { addDays, istAt, istMidnight, slotOf, weekday } from './slot.js';
import { MINUTE_MS, type EpochMs, type IsoDate } from './units.js';

/** One continuous trading session of an exchange. `start` inclusive, `end` exclusive. */
export interface Session {
  start: EpochMs;
  end: EpochMs;
}

/** The sessions of an exchange's derivatives on a date. None = closed. */
export interface TradingDay {
  /** NSE, BSE, MCX. */
  exchange: string;
  date: IsoDate;
  sessions: Session[];
  /** Holiday or special-session name. */
  note: string | null;
  /** `broker` = from its timings and holidays endpoints, `default` = built in. */
  source: 'broker' | 'default';
}

/** Since the closing auction of the cash market came, derivatives trade until 15:40. */
const LATE_CLOSE_SINCE: IsoDate = '2026-08-03';

/**
 * The built-in trading day, for use until the broker's calendar is known. Holidays and special sessions are
 * not in it. NSE and BSE: weekdays 09:15–15:40 IST, until 15:30 before 3 August 2026. MCX: weekdays
 * 09:00–23:30 while the USA keep daylight-saving time, until 23:55 otherwise.
 * @throws RangeError for an exchange that it has no hours for, or a malformed date.
 */
export function defaultTradingDay(exchange: string, date: IsoDate): TradingDay {
  const [opens, closes] = defaultHours(exchange, date);
  const day = weekday(date);
  const isWeekend = day === 0 || day === 6;
  const sessions = isWeekend ? [] : [{ start: istAt(date, opens), end: istAt(date, closes) }];
  return { exchange, date, sessions, note: isWeekend ? 'Weekend' : null, source: 'default' };
}

/** The session under way at `t`, or `null` when the market is closed then. */
export function sessionOpenAt(day: TradingDay, t: EpochMs): Session | null {
  return day.sessions.find((session) => session.start <= t && t < session.end) ?? null;
}

/**
 * The bound that no window of this slot reaches back over: the start of the newest session that began at or
 * before the slot, so that a capture after the close belongs to the session just ended; 00:00 IST when none
 * has begun.
 */
export function sessionStartFor(day: TradingDay, slot: EpochMs): EpochMs {
  const begun = day.sessions.map((session) => session.start).filter((start) => start <= slot);
  return begun.length > 0 ? Math.max(...begun) : istMidnight(day.date);
}

/**
 * Number of slots of the session that have begun at `upTo` (the one under way counts; none after the close).
 */
export function expectedSlots(session: Session, upTo: EpochMs): number {
  const last = Math.min(slotOf(upTo), slotOf(session.end - 1));
  return Math.max(0, (last - slotOf(session.start)) / MINUTE_MS + 1);
}

function defaultHours(exchange: string, date: IsoDate): [opens: string, closes: string] {
  switch (exchange) {
    case 'NSE':
    case 'BSE':
      return ['09:15', date >= LATE_CLOSE_SINCE ? '15:40' : '15:30'];
    case 'MCX':
      return ['09:00', isUsDaylightSaving(date) ? '23:30' : '23:55'];
    default:
      throw new RangeError(`no built-in trading hours for exchange ${exchange}`);
  }
}

/**
 * Daylight saving in the USA: second Sunday of March to first Sunday of November (Energy Policy Act of 2005).
 */
function isUsDaylightSaving(date: IsoDate): boolean {
  const year = date.slice(0, 4);
  const begins = addDays(firstSunday(`${year}-03-01`), 7);
  const ends = firstSunday(`${year}-11-01`);
  return begins <= date && date < ends;
}

function firstSunday(firstOfMonth: IsoDate): IsoDate {
  return addDays(firstOfMonth, (7 - weekday(firstOfMonth)) % 7);
}
