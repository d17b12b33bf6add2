/** Keys of the market page. Pure. Nothing fires while someone types or holds a modifier. */
import type { KeyPress } from './keys.js';
import type { MarketKind } from './market-columns.js';

export type MarketAction =
  | { do: 'filter' }
  | { do: 'window'; step: 1 | -1 }
  | { do: 'kind'; kind: MarketKind }
  | { do: 'side' }
  | { do: 'sort' }
  | { do: 'table' }
  | { do: 'turn' }
  | { do: 'theme' }
  | { do: 'help' }
  | { do: 'escape' };

const ACTIONS: Readonly<Record<string, MarketAction>> = {
  '/': { do: 'filter' },
  '[': { do: 'window', step: -1 },
  ']': { do: 'window', step: 1 },
  ArrowLeft: { do: 'window', step: -1 },
  ArrowRight: { do: 'window', step: 1 },
  '1': { do: 'kind', kind: 'all' },
  '2': { do: 'kind', kind: 'INDEX' },
  '3': { do: 'kind', kind: 'EQUITY' },
  '4': { do: 'kind', kind: 'COMMODITY' },
  p: { do: 'side' },
  s: { do: 'sort' },
  ArrowDown: { do: 'table' },
  m: { do: 'turn' },
  t: { do: 'theme' },
  '?': { do: 'help' },
  Escape: { do: 'escape' },
};

/** @returns `null` when the key means nothing here */
export function marketAction(press: KeyPress, busy: boolean): MarketAction | null {
  if (busy || press.ctrlKey || press.metaKey || press.altKey) return null;
  return ACTIONS[press.key.length === 1 ? press.key.toLowerCase() : press.key] ?? null;
}

/** For the help overlay. */
export const MARKET_KEY_HELP: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['/'], 'Filter by symbol or name'],
  [['[', ']'], 'Shorter, longer window'],
  [['1', '2', '3', '4'], 'All, indices, stocks, commodities'],
  [['P'], 'Calls and puts, calls, puts'],
  [['↓'], 'Into the table; there the arrows move from cell to cell, upwards to the heads that sort'],
  [['Enter'], 'In a row: its chain. On a head: sort by it, again: the other way round'],
  [['S'], 'Put rows that have moved where they belong'],
];
