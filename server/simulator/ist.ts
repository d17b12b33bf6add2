/** India Standard Time has been UTC+05:30 all year round since 1945: a constant is exact. */
const IST_OFFSET_MS = 19_800_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** A date of the Indian calendar, `YYYY-MM-DD`. */
export type IsoDate = string;

/** The IST date of an instant (epoch ms). */
export function istDate(t: number): IsoDate {
  return new Date(t + IST_OFFSET_MS).toISOString().slice(0, 10);
}

/** 00:00 IST of a date, epoch ms. */
export function istMidnight(date: IsoDate): number {
  return Date.parse(`${date}T00:00:00Z`) - IST_OFFSET_MS;
}

/** The instant `minute` minutes after 00:00 IST of `date`, epoch ms. */
export function istAt(date: IsoDate, minute: number): number {
  return istMidnight(date) + minute * MINUTE_MS;
}

/** `2026-08-18T10:43:00+05:30`, the form of the broker's candle times. */
export function istStamp(t: number): string {
  return `${new Date(t + IST_OFFSET_MS).toISOString().slice(0, 19)}+05:30`;
}

/** `2026-08-18T10:43:00.000+05:30`, the form of the broker's quote times. */
export function istStampMs(t: number): string {
  return `${new Date(t + IST_OFFSET_MS).toISOString().slice(0, 23)}+05:30`;
}

/** Whether the text is a date of the calendar in the form `YYYY-MM-DD`. */
export function isIsoDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(at) && new Date(at).toISOString().slice(0, 10) === text;
}

/** 0 = Sunday … 6 = Saturday. */
export function weekday(date: IsoDate): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

export function addDays(date: IsoDate, days: number): IsoDate {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Calendar days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: IsoDate, to: IsoDate): number {
  return Math.round((istMidnight(to) - istMidnight(from)) / DAY_MS);
}

/** The next 03:30 IST after `t`, when the broker's access tokens die. Epoch ms. */
export function nextTokenExpiry(t: number): number {
  const today = istAt(istDate(t), 210);
  return t < today ? today : today + DAY_MS;
}
