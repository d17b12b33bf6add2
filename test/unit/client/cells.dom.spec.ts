import { flushSync } from 'svelte';
import BoardCell from '../../../client/components/BoardCell.svelte';
import { changeLook, ltpLook, oiLook, todayLook, type Lens } from '../../../client/lib/looks.js';
import { outline } from '../../../client/lib/veil.js';
import { CellView, RowViews } from '../../../client/state/row-views.svelte.js';
import type { Change, Table } from '../../../server/protocol/index.js';
import { aTable } from './fakes.js';
import { closeAll, mounted } from './mounted.dom.js';

afterEach(closeAll);

const change = (overrides: Partial<Change> = {}): Change => ({
  abs: -17_400,
  pct: -9.5,
  baseSlot: 0,
  buildUp: null,
  ...overrides,
});
const lens: Lens = { units: 'lakh', measure: 'both', dense: false, thresholds: [5], window: 0 };

/** A cell in a row of two lines. */
function cell(given: Change | null, through: Partial<Lens> = {}) {
  const seen = { ...lens, ...through };
  const view = new CellView();
  /** @returns whether the cell is to be marked */
  const show = (next: Change | null): boolean => {
    const changed: CellView[] = [];
    view.show(changeLook(next, 5, seen), next?.abs ?? null, changed);
    flushSync();
    return changed.includes(view);
  };
  show(given);
  const tall = seen.measure === 'both' && !seen.dense;
  const unit = seen.measure !== 'qty' && !seen.dense;
  const { container, set } = mounted(
    BoardCell,
    { cell: view, name: 'call:24200:w0', furniture: { tall, unit } },
    document.createElement('tr'),
  );
  const td = container.querySelector('td');
  if (!td) throw new Error('no cell');
  /** Its pieces; between them may stand the marks of the framework, which are empty. */
  const text = (): string =>
    [...td.childNodes]
      .filter((node) => node instanceof HTMLElement || (node instanceof Text && node.data !== ''))
      .map((node) => node.textContent ?? '')
      .join('|');
  return { td, show, text, set, view };
}

describe('a change cell', () => {
  it('should stand out from its threshold on by a step of its own, see the style sheet', () => {
    const { td, text } = cell(change());
    expect(text()).toBe('−9.5|%||−17.4K');
    expect(td.dataset['heat']).toBe('-5');
  });

  it('should be quiet below its threshold', () => {
    const { td, text } = cell(change({ abs: 455, pct: 2 }));
    expect(text()).toBe('+2.0|%||+455');
    expect(td.dataset['heat']).toBe('2');
  });

  it('should draw the unknown hatched, never as 0', () => {
    const { td, text } = cell(null);
    // What follows the mark is not displayed.
    expect(text()).toMatch(/^–\|\|\|\s$/);
    expect(td.classList.contains('unknown')).toBe(true);
  });

  it('should show a measured zero as zero', () => {
    const { td, text } = cell(change({ abs: 0, pct: 0 }));
    expect(text()).toBe('0.0|%||0');
    expect(td.classList.contains('unknown')).toBe(false);
    expect(td.dataset['heat']).toBeUndefined();
  });

  it('should call a change from 0 new', () => {
    const { td, text } = cell(change({ abs: 650, pct: null }));
    expect(text()).toBe('new|||+650');
    expect(td.dataset['heat']).toBeUndefined();
  });

  it.each([
    ['pct', false, '−9.5|%'],
    ['qty', false, '−17.4K'],
    ['both', true, '−9.5'],
    ['qty', true, '−17.4K'],
  ] as const)('should show %s (one line: %s) as %s', (measure, dense, expected) => {
    expect(cell(change(), { measure, dense }).text()).toBe(expected);
  });

  it('should mark a base rebuilt from candles', () => {
    expect(cell(change({ backfilled: true })).td.classList.contains('backfilled')).toBe(true);
  });

  it('should be marked for each change, and not for a value that comes or a base that moves on', () => {
    const { show } = cell(null);
    expect(show(change())).toBe(false);
    expect(show(change({ abs: -17_465 }))).toBe(true);
    expect(show(change({ abs: -17_465, baseSlot: 60_000 }))).toBe(false);
    expect(show(change({ abs: -17_530 }))).toBe(true);
    expect(show(null)).toBe(false);
  });

  it('should be marked for a change that its rounded text does not show', () => {
    const { show } = cell(change({ abs: -17_400, pct: -9.5 }));
    expect(show(change({ abs: -17_405, pct: -9.501 }))).toBe(true);
  });

  it('should stay the same node', () => {
    const { td, show } = cell(change());
    show(change({ abs: 650, pct: 2 }));
    expect(td.isConnected && td.textContent?.startsWith('+2.0')).toBe(true);
  });
});

describe('the nodes of a cell', () => {
  /** What is written to them from now on. */
  function watched(td: Node): () => string[] {
    const observer = new MutationObserver(() => undefined);
    const all = { childList: true, characterData: true, attributes: true, subtree: true };
    observer.observe(td, all);
    return () => observer.takeRecords().map(({ type, attributeName }) => attributeName ?? type);
  }

  it('should be written to where they look different, and nowhere else', () => {
    const { td, show } = cell(change({ abs: 455, pct: 2 }));
    const written = watched(td);
    show(change({ abs: 455, pct: 2.04 }));
    expect(written()).toEqual([]);
    show(change({ abs: 520, pct: 2.04 }));
    expect(written()).toEqual(['characterData']);
    show(change({ abs: 650, pct: 4.9 }));
    expect(written()).toEqual(['data-heat', 'characterData', 'characterData']);
    show(null);
    expect(written()).toContain('class');
  });

  it('should show the same when the row gets another number of lines', () => {
    const { td, text, set, show } = cell(change());
    set({ furniture: {} });
    expect(text()).toBe('−9.5');
    set({ furniture: { tall: true, unit: true } });
    expect(text()).toBe('−9.5|%||−17.4K');
    expect(td.dataset['heat']).toBe('-5');
    show(change({ pct: -9.6 }));
    expect(text()).toBe('−9.6|%||−17.4K');
  });

  it('should leave the cell before to others once they are given another one', () => {
    const { text, set, show, view } = cell(change());
    const other = new CellView();
    other.show(changeLook(change({ pct: 3.1, abs: 65 }), 5, lens), 65, null);
    set({ cell: other });
    expect(text()).toBe('+3.1|%||+65');
    expect(view.element).toBeNull();
    show(change({ pct: -1 }));
    expect(text()).toBe('+3.1|%||+65');
  });

  it('should be forgotten once they are gone', async () => {
    const { td, view } = cell(change());
    expect(view.element).toBe(td);
    await closeAll();
    expect(view.element).toBeNull();
  });
});

describe('the rows in view', () => {
  const take = (rows: RowViews, table: Table, isMarked = true): void =>
    rows.take(table.rows, 5, { ...lens, thresholds: [3, 5, 8, 10, 25] }, { maxOi: 1e7, isMarked });
  const later = (): Table => {
    const table = aTable();
    return {
      ...table,
      rows: table.rows.map((row) => ({
        ...row,
        call: row.call && { ...row.call, oi: (row.call.oi ?? 0) + 65 },
      })),
    };
  };

  it('should name the cells that a table changed', () => {
    const rows = new RowViews();
    take(rows, aTable());
    expect(rows.changed).toEqual([]);
    take(rows, later());
    expect(rows.changed).toEqual(rows.shown.map(({ call }) => call.oi));
  });

  it('should name none where nobody sees it or nothing is to move', () => {
    const rows = new RowViews();
    take(rows, aTable());
    rows.shown.forEach((row) => (row.isSeen = false));
    take(rows, later());
    expect(rows.changed).toEqual([]);
    rows.shown.forEach((row) => (row.isSeen = true));
    take(rows, aTable(), false);
    expect(rows.changed).toEqual([]);
  });
});

describe('the veil over changed cells', () => {
  it('should cover each of them and nothing else', () => {
    const at = (offsetLeft: number, offsetTop: number) => ({
      offsetLeft,
      offsetTop,
      offsetWidth: 70,
      offsetHeight: 32,
    });
    expect(outline([at(0, 58), at(140, 90)])).toBe('M0 58h70v32h-70zM140 90h70v32h-70z');
    expect(outline([])).toBe('');
  });
});

describe('the look of the other cells', () => {
  it('should show the change since the day before with its per cent where there are two lines', () => {
    const day = { abs: 325_000, pct: 12.34 };
    expect(todayLook(day, lens)).toMatchObject({ css: 'today', main: '+3.3L', sub: '+12.3 %' });
    expect(todayLook(day, { ...lens, dense: true })).toMatchObject({ main: '+3.3L', sub: '' });
    expect(todayLook({ abs: 325_000, pct: null }, lens).sub).toBe('new');
    expect(todayLook(null, lens)).toMatchObject({ css: 'today unknown', main: '–', sub: '' });
  });

  it('should draw OI with a bar as long as its share of the largest, and what is unknown without one', () => {
    expect(oiLook(260, 520, lens)).toMatchObject({
      css: 'oi',
      main: '260',
      bar: 'scaleX(0.5)',
    });
    expect(oiLook(0, 520, lens)).toMatchObject({ css: 'oi', main: '0' });
    expect(oiLook(null, 520, lens)).toMatchObject({ css: 'oi unknown', main: '–', bar: '' });
  });

  it('should show a price with the build-up of the chosen window, and no label for a flat one', () => {
    expect(ltpLook(228.8, 'LB', lens)).toMatchObject({ css: 'ltp', main: '228.80', sub: 'LB' });
    expect(ltpLook(228.8, 'flat', lens).sub).toBe('');
    expect(ltpLook(228.8, 'LB', { ...lens, dense: true }).sub).toBe('');
    expect(ltpLook(null, null, lens)).toMatchObject({ css: 'ltp unknown', main: '–' });
  });
});
