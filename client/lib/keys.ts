/** Keyboard: one key, one action. Pure. Nothing fires while someone types or holds a modifier. */
export type KeyAction =
  | { do: 'search' }
  | { do: 'expiry'; step: 1 | -1 }
  | { do: 'row'; step: 1 | -1 }
  | { do: 'reach'; reach: 3 | 5 | 10 | 'all' }
  | { do: 'measure' }
  | { do: 'turn' }
  | { do: 'theme' }
  | { do: 'help' }
  | { do: 'escape' };

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

const ACTIONS: Readonly<Record<string, KeyAction>> = {
  '/': { do: 'search' },
  ArrowLeft: { do: 'expiry', step: -1 },
  ArrowRight: { do: 'expiry', step: 1 },
  '[': { do: 'expiry', step: -1 },
  ']': { do: 'expiry', step: 1 },
  ArrowUp: { do: 'row', step: -1 },
  ArrowDown: { do: 'row', step: 1 },
  '1': { do: 'reach', reach: 3 },
  '2': { do: 'reach', reach: 5 },
  '3': { do: 'reach', reach: 10 },
  '4': { do: 'reach', reach: 'all' },
  p: { do: 'measure' },
  m: { do: 'turn' },
  t: { do: 'theme' },
  '?': { do: 'help' },
  Escape: { do: 'escape' },
};

/**
 * @param busy the focus is where keys have their own meaning: a text field, a list, a dialog, the table
 * @returns `null` when the key means nothing here
 */
export function keyAction(press: KeyPress, busy: boolean): KeyAction | null {
  if (busy || press.ctrlKey || press.metaKey || press.altKey) return null;
  return ACTIONS[press.key.length === 1 ? press.key.toLowerCase() : press.key] ?? null;
}

/** For the help overlay. */
export const KEY_HELP: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['/'], 'Search an instrument'],
  [['←', '→'], 'Previous, next expiry'],
  [['[', ']'], 'The same, from inside the table too'],
  [['↑', '↓'], 'Move the row cursor'],
  [['1', '2', '3', '4'], 'Strikes: ± 3, ± 5, ± 10, all'],
  [['P'], 'Per cent and quantity, per cent, quantity'],
  [['M'], 'The market page, and back'],
  [['T'], 'Theme: as the system, dark, light'],
  [['Tab'], 'Into the table; there the arrows move from cell to cell, and each explains itself'],
  [['Esc'], 'Close what is open, leave the table'],
  [['?'], 'This list'],
];
