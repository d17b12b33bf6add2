import {
  DAY_MS,
  IST_OFFSET_MS,
  MINUTE_MS,
  SECOND_MS,
  type EpochMs,
  type IsoDate,
  type Slot,
} from './units.js';

const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;
const CLOCK = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/** The minute in which `t` lies: `floor(t / 60 s)`, as epoch ms. */
export function slotOf(t: EpochMs): Slot {
  return (Math.floor(t / MINUTE_MS) * MINUTE_MS) as Slot;
}

/**
 * The slot `minutes` later (earlier when negative).
 * @throws RangeError when `minutes` is not whole, since the result would be no slot.
 */
export function slotAdd(slot: Slot, minutes: number): Slot {
  if (!Number.isInteger(minutes)) throw new RangeError(`minutes must be whole, got ${minutes}`);
  return (slot + minutes * MINUTE_MS) as Slot;
}

/** The day that was asked for last: nearly everybody asks for today. */
let newest: { readonly day: number; readonly date: IsoDate } = { day: NaN, date: '' };

/** The date in India at `t`, `YYYY-MM-DD`. */
export function istDate(t: EpochMs): IsoDate {
  const day = Math.floor((t + IST_OFFSET_MS) / DAY_MS);
  if (day !== newest.day) newest = { day, date: istIso(t).slice(0, 10) };
  return newest.date;
}

/** The time of day in India at `t`, `HH:MM:SS`. */
export function istTime(t: EpochMs): string {
  return istIso(t).slice(11, 19);
}

/** `t` as ISO 8601 with the Indian offset and whole seconds, such as `2026-08-18T10:43:00+05:30`. */
export function isoIst(t: EpochMs): string {
  return `${istIso(t).slice(0, 19)}+05:30`;
}

/** Whether `value` is a date that exists, written `YYYY-MM-DD` (2026-02-30 does not). */
export function isIsoDate(value: string): value is IsoDate {
  if (!ISO_DATE.test(value)) return false;
  const utc = Date.parse(`${value}T00:00:00Z`);
  return Number.isFinite(utc) && new Date(utc).toISOString().startsWith(value);
}

const INSTANT = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * Reads an ISO time with its offset, such as `2026-08-18T14:32:00+05:30`.
 * @returns `null` for every other text: a day that the calendar does not have (30 February), which `Date.parse` takes for
 * another one, and a time without an offset, which would mean another instant on each machine.
 */
export function parseInstant(text: string): EpochMs | null {
  const date = INSTANT.exec(text)?.[1];
  if (date === undefined || !isIsoDate(date)) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

/**
 * 00:00 IST of a date, epoch ms.
 * @throws RangeError when `date` is no real `YYYY-MM-DD` date.
 */
export function istMidnight(date: IsoDate): EpochMs {
  return utcMidnight(date) - IST_OFFSET_MS;
}

/**
 * A time of day in India, epoch ms.
 * @param time `HH:MM` or `HH:MM:SS`, 24 hours.
 * @throws RangeError when the date or the time is malformed.
 */
export function istAt(date: IsoDate, time: string): EpochMs {
  const parts = CLOCK.exec(time);
  if (parts === null) throw new RangeError(`not a time of day (HH:MM or HH:MM:SS): ${time}`);
  const [, hours, minutes, seconds = '0'] = parts;
  const sinceMidnight = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS + Number(seconds) * SECOND_MS;
  return istMidnight(date) + sinceMidnight;
}

/**
 * The date `days` later (earlier when negative).
 * @throws RangeError when `date` is no real date or `days` is not whole.
 */
export function addDays(date: IsoDate, days: number): IsoDate {
  if (!Number.isInteger(days)) throw new RangeError(`days must be whole, got ${days}`);
  return new Date(utcMidnight(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Day of the week, 0 = Sunday … 6 = Saturday.
 * @throws RangeError when `date` is no real date.
 */
export function weekday(date: IsoDate): number {
  return new Date(utcMidnight(date)).getUTCDay();
}

/** ISO text whose digits are Indian wall-clock time (its `Z` is not meant). */
function istIso(t: EpochMs): string {
  return new Date(t + IST_OFFSET_MS).toISOString();
}

function utcMidnight(date: IsoDate): EpochMs {
  if (!isIsoDate(date)) throw new RangeError(`not a date (YYYY-MM-DD): ${String(date)}`);
  return Date.parse(`${date}T00:00:00Z`);
}
