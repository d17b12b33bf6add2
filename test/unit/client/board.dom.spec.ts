import { flushSync, tick } from 'svelte';
import Board from '../../../client/components/Board.svelte';
import Picker from '../../../client/components/Picker.svelte';
import { parts } from '../../../client/lib/parts.js';
import { BoardView } from '../../../client/state/board.svelte.js';
import { Settings } from '../../../client/state/settings.svelte.js';
import type { UnderlyingInfo } from '../../../server/protocol/index.js';
import { aLeg, aTable } from './fakes.js';
import { closeAll, mounted } from './mounted.dom.js';

afterEach(closeAll);

// jsdom lays nothing out.
Element.prototype.scrollIntoView = (): void => undefined;

const nothingStored = { getItem: () => null, setItem: () => undefined };
const none = aLeg(2, {
  changes: [null, null, null, null, null],
  reasons: ['gap', 'gap', 'no-history', 'no-history', 'not-listed'],
});

function board(table = aTable()) {
  const settings = new Settings(nothingStored);
  const view = new BoardView(settings, () => table);
  const { container } = mounted(Board, {
    board: view,
    view: 'v',
    faded: false,
    window: 5,
    onwindow: () => undefined,
  });
  flushSync();
  const cell = (name: string): HTMLElement => {
    const found = container.querySelector<HTMLElement>(`[data-cell="${name}"]`);
    if (!found) throw new Error(`no cell ${name}`);
    return found;
  };
  const focus = (at: HTMLElement): void => {
    at.focus();
    flushSync();
  };
  const key = (name: string): void => {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
    flushSync();
  };
  const tip = (): string => container.querySelector('[role=tooltip]')?.textContent ?? '';
  return { container, view, settings, cell, focus, key, tip };
}

describe('the board', () => {
  it('should mirror the two sides around the strike', () => {
    const { container } = board();
    const heads = [...container.querySelectorAll('.names th')].map((th) => th.textContent?.trim());
    expect(heads.join(' ')).toBe('30m 15m 10m 5m 3m Today OI LTP Strike LTP OI Today 3m 5m 10m 15m 30m');
    expect(container.querySelectorAll('tbody tr')).toHaveLength(3);
    expect(container.querySelector('tr.atm th')?.textContent).toContain('24,200');
  });

  it('should show one window at a time on a phone', () => {
    const { container, view, settings } = board();
    view.phone = true;
    settings.set({ window: 15 });
    flushSync();
    const heads = [...container.querySelectorAll('.names th')].map((th) => th.textContent?.trim());
    expect(heads.join(' ')).toBe('15m OI Strike OI 15m');
  });

  it('should explain a value, and the lack of one, on focus', async () => {
    const rows = aTable().rows.map((row) => ({ ...row, put: none }));
    const { cell, focus, tip } = board(aTable({ rows }));
    focus(cell('call:24200:w1'));
    // The explanations are fetched when the first cell is asked about.
    await parts.tooltip();
    await tick();
    flushSync();
    expect(tip()).toContain('OI at 14:27');
    expect(cell('call:24200:w1').getAttribute('aria-describedby')).toBe('cell-explained');
    focus(cell('put:24200:w0'));
    expect(tip()).toContain('gap');
  });

  it('should be one stop of the Tab key, with arrows inside', () => {
    const { container, cell, focus, key } = board();
    const stops = (): NodeListOf<Element> => container.querySelectorAll('tbody [tabindex="0"]');
    expect(stops()).toHaveLength(1);
    focus(stops()[0] as HTMLElement);
    expect(document.activeElement?.textContent).toContain('24,200');
    key('ArrowRight');
    expect(document.activeElement).toBe(cell('put:24200:ltp'));
    key('ArrowDown');
    expect(document.activeElement).toBe(cell('put:24250:ltp'));
    key('Home');
    expect(document.activeElement).toBe(cell('call:24250:w4'));
    expect(stops()).toHaveLength(1);
    key('Escape');
    expect(document.activeElement).toBe(document.body);
  });

  it('should move a row cursor from ATM and stop at the ends', () => {
    const { container, view } = board();
    for (const step of [1, 1, 1, 1]) view.moveCursor(step);
    flushSync();
    expect(container.querySelector('tr.cursor')?.getAttribute('data-strike')).toBe('24250');
  });
});

describe('the instrument picker', () => {
  const info = (symbol: string, kind: UnderlyingInfo['kind']): UnderlyingInfo => ({
    key: symbol,
    symbol,
    name: symbol,
    exchange: 'NSE',
    kind,
    lotSize: 1,
    nearestExpiry: null,
  });
  const all = [info('NIFTY', 'INDEX'), info('BANKNIFTY', 'INDEX'), info('BANKINDIA', 'EQUITY')];

  function picker() {
    const chosen: string[] = [];
    const { container } = mounted(Picker, {
      underlyings: all,
      chosen: all[0] ?? null,
      onchoose: (u: UnderlyingInfo) => chosen.push(u.symbol),
    });
    const input = container.querySelector('input');
    if (!input) throw new Error('no field');
    const act = (work: () => void): void => {
      work();
      flushSync();
    };
    return {
      chosen,
      input,
      options: () =>
        [...container.querySelectorAll('[role=option]')].map((o) => o.querySelector('b')?.textContent),
      open: () => act(() => input.focus()),
      type: (text: string) =>
        act(() => {
          input.value = text;
          input.dispatchEvent(new Event('input', { bubbles: true }));
        }),
      key: (key: string) =>
        act(() => input.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))),
    };
  }

  it('should find by typing and choose with the arrows and Enter', () => {
    const p = picker();
    p.open();
    expect(p.input.getAttribute('aria-expanded')).toBe('true');
    p.type('bank');
    expect(p.options()).toEqual(['BANKNIFTY', 'BANKINDIA']);
    p.key('ArrowDown');
    expect(p.input.getAttribute('aria-activedescendant')).toBe('instrument-1');
    p.key('Enter');
    expect(p.chosen).toEqual(['BANKINDIA']);
    expect(p.input.getAttribute('aria-expanded')).toBe('false');
  });

  it('should close on Escape and choose nothing', () => {
    const p = picker();
    p.open();
    p.key('Escape');
    expect([p.input.getAttribute('aria-expanded'), p.chosen.length]).toEqual(['false', 0]);
  });
});
