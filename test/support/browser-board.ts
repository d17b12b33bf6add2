import type { Change, Leg, Table } from '../../server/protocol/index.js';

/**
 * What the screen must say of a table, worked out a second time: it shares no code with the client. Grouping comes from
 * the platform's own Indian format, which the client does without.
 */

export interface ShownCell {
  main: string;
  sub: string | null;
  unknown: boolean;
  backfilled: boolean;
  /** Step of the tint: 0 none, ± 5 and ± 6 from the threshold on. */
  heat: number;
}

export interface ShownRow {
  strike: string;
  atm: boolean;
  cells: Record<string, ShownCell>;
}

export interface ShownBoard {
  slot: string | null;
  captured: string | null;
  figures: Record<string, string>;
  rows: ShownRow[];
}

export interface View {
  reach: number;
  measure: 'both' | 'pct' | 'qty';
  /** One line a row. */
  dense: boolean;
}

export const FIRST_VIEW: View = { reach: 3, measure: 'both', dense: false };
export const WHOLE_CHAIN: View = { reach: Infinity, measure: 'both', dense: true };

const UNKNOWN = '–';
const THRESHOLDS: Record<number, number> = { 3: 5, 5: 8, 10: 10, 15: 15, 30: 25 };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Rounded as binary numbers are, so that ties fall as they do in `toFixed`; grouped by the platform. */
function indian(value: number, digits = 0): string {
  const rounded = Number(value.toFixed(digits));
  const format = new Intl.NumberFormat('en-IN', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(rounded).replace('-', '−');
}

/** 11.8K, 61.5L, 1.68Cr: one unit up as soon as rounding would need a digit more. */
function quantity(value: number): string {
  const size = Math.abs(value);
  if (size < 1000) return indian(value);
  for (const [unit, name, digits] of [
    [1e3, 'K', 1],
    [1e5, 'L', 1],
  ] as const) {
    const text = indian(value / unit, digits);
    if (Number(text.replace(/[,−]/g, '')) < 100) return text + name;
  }
  return `${indian(value / 1e7, 2)}Cr`;
}

const plus = (value: number, text: string): string =>
  value > 0 && !/^0(\.0)?$/.test(text) ? `+${text}` : text.replace(/^−(0(\.0)?)$/, '$1');

const signedQuantity = (value: number): string => plus(value, quantity(value));

/** One decimal below 100 %, none from there on; no grouping. */
function percent(pct: number): string {
  const digits = Math.abs(Number(pct.toFixed(1))) < 100 ? 1 : 0;
  return plus(pct, indian(pct, digits).replace(/,/g, ''));
}

const nothing: ShownCell = { main: UNKNOWN, sub: null, unknown: true, backfilled: false, heat: 0 };

function heatOf(pct: number | null, threshold: number): number {
  if (pct === null) return 0;
  const share = Math.abs(pct) / threshold;
  const step = [0.1, 0.3, 0.5, 0.75, 1, 2].filter((from) => share >= from).length;
  return step === 0 ? 0 : step * Math.sign(pct);
}

function changeCell(change: Change | null, minutes: number, view: View): ShownCell {
  if (change === null) return nothing;
  const heat = heatOf(change.pct, THRESHOLDS[minutes] ?? 25);
  const arrow = Math.abs(heat) < 5 ? '' : heat > 0 ? '▲' : '▼';
  const inPercent = change.pct === null ? 'new' : `${percent(change.pct)}${view.dense ? '' : '%'}`;
  return {
    main: arrow + (view.measure === 'qty' ? signedQuantity(change.abs) : inPercent),
    sub: view.measure === 'both' && !view.dense ? signedQuantity(change.abs) : null,
    unknown: false,
    backfilled: change.backfilled === true,
    heat,
  };
}

const plain = (main: string, sub: string | null = null): ShownCell => ({
  ...nothing,
  unknown: false,
  main,
  sub,
});

function legCells(leg: Leg | null, name: string, table: Table, view: View): [string, ShownCell][] {
  const day = leg?.dayChange ?? null;
  const label = leg?.changes[table.intervals.indexOf(5)]?.buildUp ?? null;
  const dayPercent = day === null || day.pct === null ? 'new' : `${percent(day.pct)} %`;
  const tag = view.dense || label === null || label === 'flat' ? null : label;
  return [
    ...table.intervals.map((minutes, i): [string, ShownCell] => [
      `${name}:w${i}`,
      changeCell(leg?.changes[i] ?? null, minutes, view),
    ]),
    [
      `${name}:today`,
      day === null ? nothing : plain(signedQuantity(day.abs), view.dense ? null : dayPercent),
    ],
    [`${name}:oi`, leg?.oi == null ? nothing : plain(quantity(leg.oi))],
    [`${name}:ltp`, leg?.ltp == null ? { ...nothing, sub: tag } : plain(indian(leg.ltp, 2), tag)],
  ];
}

const strikeText = (strike: number): string => indian(strike, Number.isInteger(strike) ? 0 : 2);

function rowsOf(table: Table, view: View): ShownRow[] {
  const at = table.rows.findIndex(({ strike }) => strike === table.atmStrike);
  const near = (i: number): boolean => at < 0 || Math.abs(i - at) <= view.reach;
  return table.rows
    .filter((_, i) => near(i))
    .map(({ strike, call, put }) => ({
      strike: strikeText(strike),
      atm: strike === table.atmStrike,
      cells: Object.fromEntries([
        ...legCells(call, `call:${strike}`, table, view),
        ...legCells(put, `put:${strike}`, table, view),
      ]),
    }));
}

const or = (value: number | null, text: (value: number) => string): string =>
  value === null ? UNKNOWN : text(value);

function figuresOf({ spot, atmStrike, underlying, totals }: Table): Record<string, string> {
  const today = (value: number | null): string => (value === null ? '' : ` ${signedQuantity(value)}`);
  const lot = underlying.lotSize === null ? '' : ` ${underlying.lotSize}`;
  return {
    Spot: or(spot, (value) => indian(value, 2)),
    'ATM strike · lot': or(atmStrike, strikeText) + lot,
    'ATM straddle': or(totals.straddle, (value) => indian(value, 2)),
    'Call OI · today': quantity(totals.callOi) + today(totals.callDayChange),
    'Put OI · today': quantity(totals.putOi) + today(totals.putDayChange),
    'PCR, whole chain': or(totals.pcr, (value) => indian(value, 2)),
    'Max pain': or(totals.maxPain, strikeText),
  };
}

/** `HH:MM:SS` in India. */
export const istTime = (t: number): string => new Date(t + 19_800_000).toISOString().slice(11, 19);

/** How the foot names a slot: `Tue 18 Aug 14:32`. */
export function slotText(slot: number): string {
  const at = new Date(slot + 19_800_000);
  return `${DAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${istTime(slot).slice(0, 5)}`;
}

/** What a screen in `view` must show of `table`. */
export function expectedBoard(table: Table, view: View = FIRST_VIEW): ShownBoard {
  return {
    slot: slotText(table.slot),
    captured: istTime(table.capturedAt),
    figures: figuresOf(table),
    rows: rowsOf(table, view),
  };
}
