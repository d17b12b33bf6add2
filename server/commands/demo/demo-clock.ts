import type { VirtualClock } from '../../clock/clock.js';
import { defaultTradingDay } from '../../domain/calendar.js';
import { addDays, istAt, istDate } from '../../domain/slot.js';
import { MINUTE_MS, type EpochMs, type IsoDate } from '../../domain/units.js';

/** How long after the close the demo shows the closed market before the next day begins, market time. */
const AFTER_CLOSE_MS = 10 * MINUTE_MS;
/** The next day begins this long before its open, market time. */
const BEFORE_OPEN_MS = 2 * MINUTE_MS;

/** The newest weekday on or before a date: the demo has no weekends. */
export function tradingDateOnOrBefore(date: IsoDate): IsoDate {
  let day = date;
  while (defaultTradingDay('NSE', day).sessions.length === 0) day = addDays(day, -1);
  return day;
}

/** Where the clock should jump to: shortly before the next open once the market has been closed for a while; else `null`. */
export function skipTarget(now: EpochMs): EpochMs | null {
  const today = istDate(now);
  const session = defaultTradingDay('NSE', today).sessions[0];
  if (session && now < session.end + AFTER_CLOSE_MS) return null;
  let next = addDays(today, 1);
  while (defaultTradingDay('NSE', next).sessions.length === 0) next = addDays(next, 1);
  return istAt(next, '09:15') - BEFORE_OPEN_MS;
}

/** Skips nights and weekends for as long as the process lives. @returns what stops it. */
export function skipClosedHours(clock: VirtualClock): () => void {
  const timer = setInterval(() => {
    const target = skipTarget(clock.now());
    if (target !== null) clock.skipTo(target);
  }, 500);
  timer.unref();
  return () => clearInterval(timer);
}
