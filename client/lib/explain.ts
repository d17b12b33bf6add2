/** What stands behind a number of the table: for the tooltip, on hover and on focus. Pure. */
import type { Change, Leg, Table } from '../../server/protocol/index.js';
import type { CellRef } from './cell-name.js';
import { grouped, price, signedPercent, strike as strikeText, UNKNOWN } from './format.js';
import { BUILD_UP_TEXT, reasonText } from './reasons.js';
import { istMinute } from './time.js';
import { thresholdOf, type Thresholds } from './view.js';

export interface Explanation {
  title: string;
  /** Label and value, line by line. */
  facts: [string, string][];
  /** What a trader should know beside the figures. */
  notes: string[];
}

/** @returns `null` when the table has no such strike */
export function explain(table: Table, ref: CellRef, thresholds?: Thresholds): Explanation | null {
  const row = table.rows.find((r) => r.strike === ref.strike);
  if (!row) return null;
  const leg = row[ref.side];
  const title = `${strikeText(ref.strike)} ${ref.side === 'call' ? 'CE' : 'PE'}`;
  if (leg === null) return { title, facts: [], notes: ['This contract is not listed for the expiry.'] };
  if (ref.column === 'today') return { ...day(leg), title: `${title} · since previous close` };
  if (ref.column === 'oi') return { ...openInterest(leg, table), title: `${title} · open interest` };
  if (ref.column === 'ltp') return { ...lastPrice(leg, table), title: `${title} · last traded price` };
  return window(table, leg, title, Number(ref.column.slice(1)), thresholds);
}

function window(table: Table, leg: Leg, title: string, index: number, thresholds?: Thresholds): Explanation {
  const minutes = table.intervals[index] ?? 0;
  const change = leg.changes[index] ?? null;
  const head = `${title} · ${minutes}-minute change`;
  if (change === null || leg.oi === null) {
    const reason = leg.reasons[index] ?? 'oi-unknown';
    return { title: head, facts: [], notes: [reasonText(reason, minutes, table.slot)] };
  }
  return {
    title: head,
    facts: [
      ...movement(table, leg.oi, change),
      ['Threshold', `${thresholdOf(minutes, thresholds)} %`],
      ...label(change),
    ],
    notes: change.backfilled ? ['The base was rebuilt from one-minute candles, not captured live.'] : [],
  };
}

function movement(table: Table, oi: number, change: Change): [string, string][] {
  const base = oi - change.abs;
  const facts: [string, string][] = [
    [`OI at ${istMinute(change.baseSlot)}${change.backfilled ? ' °' : ''}`, grouped(base)],
    [`OI at ${istMinute(table.slot)}`, grouped(oi)],
    ['Change', signed(change.abs) + lots(change.abs, table)],
  ];
  facts.push([
    'Formula',
    change.pct === null
      ? 'OI was 0 at the base: new, no per cent'
      : `100 × ${signed(change.abs)} ÷ ${grouped(base)} = ${signedPercent(change.pct)} %`,
  ]);
  return facts;
}

function label(change: Change): [string, string][] {
  if (change.buildUp === null) return [['Build-up', 'not known (a price is missing)']];
  const name = change.buildUp === 'flat' ? '' : `${change.buildUp} · `;
  return [['Build-up', name + BUILD_UP_TEXT[change.buildUp]]];
}

function day(leg: Leg): Omit<Explanation, 'title'> {
  if (leg.dayChange === null || leg.oi === null || leg.prevOi === null)
    return {
      facts: [],
      notes: [
        leg.oi === null
          ? 'The OI now is not known.'
          : 'The broker gave no closing OI of the previous session.',
      ],
    };
  const { abs, pct } = leg.dayChange;
  return {
    facts: [
      ['OI at previous close', grouped(leg.prevOi)],
      ['OI now', grouped(leg.oi)],
      ['Change', signed(abs) + (pct === null ? ' (new: OI was 0)' : ` = ${signedPercent(pct)} %`)],
    ],
    notes: [],
  };
}

function openInterest(leg: Leg, table: Table): Omit<Explanation, 'title'> {
  if (leg.oi === null) return { facts: [], notes: [reasonText('oi-unknown', 0, table.slot)] };
  return {
    facts: [
      [`OI at ${istMinute(table.slot)}`, `${grouped(leg.oi)} units${lots(leg.oi, table)}`],
      ['Volume today', leg.volume === null ? UNKNOWN : grouped(leg.volume)],
    ],
    notes: [],
  };
}

function lastPrice(leg: Leg, table: Table): Omit<Explanation, 'title'> {
  if (leg.ltp === null)
    return { facts: [], notes: ['The broker gave no last price: the contract may not have traded today.'] };
  const labels = table.intervals.flatMap((minutes, i): [string, string][] => {
    const buildUp = leg.changes[i]?.buildUp;
    return buildUp
      ? [[`${minutes} minutes`, buildUp === 'flat' ? 'flat' : `${buildUp} · ${BUILD_UP_TEXT[buildUp]}`]]
      : [];
  });
  return { facts: [['Last price', `₹ ${price(leg.ltp)}`], ...labels], notes: [] };
}

function signed(value: number): string {
  return value > 0 ? `+${grouped(value)}` : grouped(value);
}

function lots(units: number, table: Table): string {
  const size = table.underlying.lotSize;
  if (!size || units % size !== 0) return '';
  return ` (${grouped(units / size)} lots)`;
}
