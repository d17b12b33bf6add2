import { onOrBefore } from '../calendar.js';
import { addDays, type IsoDate, weekday } from '../ist.js';
import type { Underlying } from './catalogue.js';

/** An expiry of an underlying as the demo market lists it. */
export interface ListedExpiry {
  date: IsoDate;
  /** The broker's flag: true for an expiry that is not the month's last. */
  weekly: boolean;
  /** 0 = the nearest. */
  rank: number;
}

const WEEKLIES = 4;
const MONTHLIES = 3;

function lastWeekdayOfMonth(year: number, month: number, day: number): IsoDate {
  let date = new Date(Date.UTC(year, month + 1, 0)).toISOString().slice(0, 10);
  while (weekday(date) !== day) date = addDays(date, -1);
  return date;
}

/** The months from that of `date` on, as `[year, month 0–11]`. */
function monthsFrom(date: IsoDate, count: number): [number, number][] {
  const first = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
  return Array.from({ length: count }, (_, i) => [Math.floor((first + i) / 12), (first + i) % 12]);
}

function monthlies(u: Underlying, date: IsoDate): IsoDate[] {
  return monthsFrom(date, MONTHLIES + 1)
    .map(([year, month]) => onOrBefore(lastWeekdayOfMonth(year, month, u.expiryDay)))
    .filter((d) => d >= date)
    .slice(0, MONTHLIES);
}

function weeklies(u: Underlying, date: IsoDate): IsoDate[] {
  if (u.weeklyLots === null) return [];
  let next = date;
  while (weekday(next) !== u.expiryDay) next = addDays(next, 1);
  const all = Array.from({ length: WEEKLIES + 1 }, (_, i) => onOrBefore(addDays(next, 7 * i)));
  return all.filter((d) => d >= date).slice(0, WEEKLIES);
}

/** MCX: futures end about the 19th, their options two working days before. Two of them are listed. */
export function mcxMonths(date: IsoDate): { option: IsoDate; future: IsoDate }[] {
  return monthsFrom(date, 4)
    .map(([year, month]) => {
      const day = (d: number): IsoDate =>
        onOrBefore(new Date(Date.UTC(year, month, d)).toISOString().slice(0, 10));
      const future = day(19);
      return { future, option: onOrBefore(addDays(future, -2)) };
    })
    .filter((m) => m.option >= date)
    .slice(0, 2);
}

/** Option expiries on or after `date`, ascending. Indices with weeklies list at least five. */
export function optionExpiries(u: Underlying, date: IsoDate): ListedExpiry[] {
  if (u.type === 'COM') return mcxMonths(date).map((m, rank) => ({ date: m.option, weekly: false, rank }));
  const monthly = monthlies(u, date);
  const dates = [...new Set([...weeklies(u, date), ...monthly])].sort();
  return dates.map((d, rank) => ({ date: d, weekly: !monthly.includes(d), rank }));
}

/** Expiries of the futures: the next three months, or MCX's own. */
export function futureExpiries(u: Underlying, date: IsoDate): IsoDate[] {
  return u.type === 'COM' ? mcxMonths(date).map((m) => m.future) : monthlies(u, date);
}
