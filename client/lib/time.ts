/** Times of day in India. The offset is fixed (UTC+5:30, no daylight saving), so no time-zone data is needed. */
const IST_OFFSET_MS = 19_800_000;
const DAY_MS = 86_400_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const two = (n: number): string => String(n).padStart(2, '0');

/** Minutes or seconds of the day in India of an instant, `HH:MM`. */
export function istMinute(t: number): string {
  return istSecond(t).slice(0, 5);
}

/** `HH:MM:SS` in India. */
export function istSecond(t: number): string {
  const s = Math.floor((((t + IST_OFFSET_MS) % DAY_MS) + DAY_MS) / 1000) % 86_400;
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** `YYYY-MM-DD` in India. */
export function istDate(t: number): string {
  return new Date(t + IST_OFFSET_MS).toISOString().slice(0, 10);
}

/** `18 Aug` of a date `YYYY-MM-DD`. */
export function shortDate(date: string): string {
  return `${Number(date.slice(8, 10))} ${MONTHS[Number(date.slice(5, 7)) - 1] ?? '?'}`;
}

/** `Tue 18 Aug` of an instant, in India. */
export function dayName(t: number): string {
  return `${WEEKDAYS[new Date(t + IST_OFFSET_MS).getUTCDay()]} ${shortDate(istDate(t))}`;
}

/** `14:32` when `t` lies on the same Indian day as `now`, else `18 Aug 14:32`. */
export function nearTime(t: number, now: number): string {
  return istDate(t) === istDate(now) ? istMinute(t) : `${shortDate(istDate(t))} ${istMinute(t)}`;
}

/** Instant of a date and time of day in India. `time` is `HH:MM`. NaN when either is not one. */
export function istInstant(date: string, time: string): number {
  return Date.parse(`${date}T${time}:00+05:30`);
}

/** A length of time in the largest two units: `8 s`, `3 min 5 s`, `2 h 10 min`, `3 d`. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return join(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 86_400) return join(Math.floor(s / 3600), 'h', Math.floor(s / 60) % 60, 'min');
  return `${Math.floor(s / 86_400)} d`;
}

function join(a: number, unit: string, b: number, smaller: string): string {
  return b === 0 ? `${a} ${unit}` : `${a} ${unit} ${b} ${smaller}`;
}
