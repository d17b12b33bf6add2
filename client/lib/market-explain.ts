/** What stands behind a figure of the market page: for the tooltip, on hover and on focus. Pure. */
import {
  MOVER_FLOOR_LOTS,
  type MarketBoard,
  type MarketMover,
  type MarketRow,
} from '../../server/protocol/index.js';
import type { Explanation } from './explain.js';
import { MARKET_COLUMNS, type MarketColumn } from './market-columns.js';
import { grouped, signedFixed, signedPercent, strike as strikeText } from './format.js';
import { addPercent, moverOf, type Direction, type Lens, type NoMover } from './market-view.js';
import { duration, istMinute, istSecond } from './time.js';
import { thresholdOf, type Thresholds } from './view.js';

export interface MarketCell {
  column: MarketColumn;
  key: string;
}

/** Name of a cell in the page, such as `pcr@NSE_INDEX|Nifty 50`. */
export function marketCell(column: MarketColumn, key: string): string {
  return `${column}@${key}`;
}

/** @returns `null` when the name is not one of `marketCell` */
export function parseMarketCell(name: string): MarketCell | null {
  const at = name.indexOf('@');
  const column = MARKET_COLUMNS.find((one) => one === name.slice(0, Math.max(0, at)));
  return column ? { column, key: name.slice(at + 1) } : null;
}

export interface MarketContext {
  lens: Lens;
  thresholds: Thresholds;
  /** The server's clock, epoch ms. */
  now: number;
}

/** @returns `null` when the board has no such row */
export function explainMarket(
  board: MarketBoard,
  cell: MarketCell,
  context: MarketContext,
): Explanation | null {
  const row = board.rows.find(({ key }) => key === cell.key);
  if (!row) return null;
  const minutes = board.intervals[context.lens.window] ?? 0;
  const { title, facts, notes } = body(row, cell.column, minutes, context);
  return { title: `${row.symbol} · ${title}`, facts, notes: [...notes, ...flagNotes(row, cell.column)] };
}

function body(row: MarketRow, column: MarketColumn, minutes: number, context: MarketContext): Explanation {
  if (row.slot === null && column !== 'symbol' && column !== 'expiry')
    return { title: 'not captured yet', facts: [], notes: [WAITING] };
  switch (column) {
    case 'symbol':
    case 'expiry':
    case 'spot':
      return identity(row);
    case 'callOi':
    case 'putOi':
      return openInterest(row, column);
    case 'pcr':
      return pcr(row);
    case 'pcrChange':
      return pcrChange(row, minutes, context.lens.window);
    case 'callAdd':
    case 'callAddPct':
      return added(row, 'call', minutes, context);
    case 'putAdd':
    case 'putAddPct':
      return added(row, 'put', minutes, context);
    case 'buildPct':
    case 'buildAbs':
      return mover(row, 'build', minutes, context);
    case 'unwindPct':
    case 'unwindAbs':
      return mover(row, 'unwind', minutes, context);
    case 'age':
      return age(row, context.now);
  }
}

const WAITING = 'Nothing of this chain was captured in this session yet. The sweep comes round to it.';

function identity(row: MarketRow): Explanation {
  const kind = { INDEX: 'Index', EQUITY: 'Stock', COMMODITY: 'Commodity' }[row.kind];
  return {
    title: row.name,
    facts: [
      ['Kind', `${kind} · ${row.exchange}`],
      ['Expiry', row.expiry],
      ['Lot', row.lotSize === null ? 'not known' : grouped(row.lotSize)],
      ['Options', grouped(row.legs)],
    ],
    notes: row.spot === null && row.slot !== null ? ['The broker gave no spot price.'] : [],
  };
}

function openInterest(row: MarketRow, column: 'callOi' | 'putOi'): Explanation {
  const title = `open interest of all ${column === 'callOi' ? 'calls' : 'puts'}`;
  const oi = row[column];
  if (oi === null) return { title, facts: [], notes: ['No leg of this side is known.'] };
  return { title, facts: [[at(row), `${grouped(oi)} units${lots(row, oi)}`]], notes: [] };
}

function pcr(row: MarketRow): Explanation {
  const title = 'PCR, whole chain';
  if (row.pcr === null) return { title, facts: [], notes: ['A side is not known, or there is no call OI.'] };
  const formula = `${grouped(row.putOi ?? 0)} ÷ ${grouped(row.callOi ?? 0)}`;
  return { title, facts: [['Put OI ÷ call OI', formula]], notes: [] };
}

function pcrChange(row: MarketRow, minutes: number, window: number): Explanation {
  const title = `change of PCR in ${minutes} minutes`;
  const change = row.windows[window]?.pcrChange ?? null;
  if (change === null) return { title, facts: [], notes: [noBase(row, minutes)] };
  return {
    title,
    facts: [
      ['Change', signedFixed(change, 4)],
      ['Legs with a base', legsText(row, window)],
    ],
    notes: [],
  };
}

function added(row: MarketRow, side: 'call' | 'put', minutes: number, context: MarketContext): Explanation {
  const { window } = context.lens;
  const title = `${side} OI in ${minutes} minutes`;
  const abs = row.windows[window]?.[side === 'call' ? 'callAdd' : 'putAdd'] ?? null;
  if (abs === null) return { title, facts: [], notes: [noBase(row, minutes)] };
  const pct = addPercent(row, window, side);
  return {
    title,
    facts: [
      ['Change', `${signed(abs)} units${lots(row, abs)}`],
      ['In per cent', pct === null ? 'not known' : `${signedPercent(pct)} %`],
      ['Legs with a base', legsText(row, window)],
    ],
    notes:
      pct === null ? ['Not every known leg has a base, so the sums at both ends cannot be compared.'] : [],
  };
}

function mover(row: MarketRow, direction: Direction, minutes: number, context: MarketContext): Explanation {
  const name = direction === 'build' ? 'largest build-up' : 'largest unwinding';
  const title = `${name} in ${minutes} minutes`;
  const found = moverOf(row, direction, context.lens);
  if (found.mover === null)
    return { title, facts: [], notes: [noMover(found.why, row, direction, minutes, context.lens)] };
  return { title, facts: movement(row, found.mover, minutes, context), notes: [] };
}

function movement(
  row: MarketRow,
  m: MarketMover,
  minutes: number,
  context: MarketContext,
): [string, string][] {
  const base = m.oi - m.abs;
  return [
    ['Leg', legName(m)],
    [`OI at ${istMinute(m.baseSlot)}`, `${grouped(base)}${lots(row, base)}`],
    [at(row), `${grouped(m.oi)}${lots(row, m.oi)}`],
    ['Change', `${signed(m.abs)}${lots(row, m.abs)}`],
    ['Formula', `100 × ${signed(m.abs)} ÷ ${grouped(base)} = ${signedPercent(m.pct)} %`],
    ['Threshold', `${thresholdOf(minutes, context.thresholds)} %`],
  ];
}

/** `24,200 CE` */
export function legName(mover: MarketMover): string {
  return `${strikeText(mover.strike)} ${mover.side === 'call' ? 'CE' : 'PE'}`;
}

function noMover(why: NoMover, row: MarketRow, direction: Direction, minutes: number, lens: Lens): string {
  const legs = { both: 'leg', call: 'call', put: 'put' }[lens.side];
  switch (why) {
    case 'waiting':
      return WAITING;
    case 'no-base':
      return noBase(row, minutes);
    case 'none':
      return `No ${legs} of at least ${grouped(MOVER_FLOOR_LOTS)} lots was ${direction === 'build' ? 'added to' : 'reduced'}.`;
    case 'below-floor':
      return `The ${legs} that moved most had fewer than ${grouped(lens.floor)} lots. Lower the floor to see it.`;
  }
}

function age(row: MarketRow, now: number): Explanation {
  return {
    title: 'captured',
    facts: [
      ['Slot', row.slot === null ? 'none' : istMinute(row.slot)],
      ['Captured', row.capturedAt === null ? 'not yet' : istSecond(row.capturedAt)],
      ['Age', row.capturedAt === null ? 'not known' : duration(now - row.capturedAt)],
    ],
    notes: [],
  };
}

function flagNotes(row: MarketRow, column: MarketColumn): string[] {
  const notes: string[] = [];
  if (row.flags.includes('refused'))
    notes.push('The newest answer was refused as suspect; these are the figures of the capture before.');
  if (row.flags.includes('partial'))
    notes.push(
      `${grouped(row.unknownLegs)} of ${grouped(row.legs)} legs are not known and left out of the sums.`,
    );
  if (row.flags.includes('stale') && column === 'age')
    notes.push('Late: the sweep has not come round since.');
  if (row.flags.includes('watched') && column === 'age')
    notes.push('Somebody watches this chain: it is captured apart.');
  return notes;
}

const at = (row: MarketRow): string => `OI at ${row.slot === null ? '?' : istMinute(row.slot)}`;

function noBase(row: MarketRow, minutes: number): string {
  const when = row.slot === null ? `${minutes} minutes ago` : istMinute(row.slot - minutes * 60_000);
  return `Nothing of this chain was captured near ${when} in this session, so the window has no start.`;
}

const legsText = (row: MarketRow, window: number): string =>
  `${grouped(row.windows[window]?.legs ?? 0)} of ${grouped(row.legs)}`;

function signed(value: number): string {
  return value > 0 ? `+${grouped(value)}` : grouped(value);
}

function lots(row: MarketRow, units: number): string {
  const size = row.lotSize;
  return size && units % size === 0 ? ` (${grouped(units / size)} lots)` : '';
}
