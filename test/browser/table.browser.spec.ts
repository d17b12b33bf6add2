import type { Change, Table } from '../../server/protocol/index.js';
import { describeInChromium, type Screen, until } from '../support/browser.js';
import {
  expectedBoard,
  FIRST_VIEW,
  istTime,
  WHOLE_CHAIN,
  type ShownBoard,
} from '../support/browser-board.js';
import { showFake, startFake, type Fake } from '../support/browser-fake.js';

describeInChromium('the live table', (screens) => {
  let fake: Fake;

  beforeAll(async () => {
    fake = await startFake();
  });
  beforeEach(() => fake.tracker.set('live'));
  afterAll(() => fake.tracker.close());

  async function show(keys = ''): Promise<Screen> {
    return showFake(screens, fake, keys);
  }

  it('should change the text of changed cells and no node', async () => {
    const screen = await show('4');
    await screen.watchTable();
    let before = await screen.board();
    for (let minute = 0; minute < 12; minute++) {
      fake.tracker.tick();
      const expected = expectedBoard(fake.table(), WHOLE_CHAIN);
      const after = await screen.boardWhen('the next minute', ({ slot }) => slot === expected.slot);
      expect(after).toEqual(expected);
      const { touched, redrawn, sameNodes } = await screen.tableChanges();
      expect({ redrawn, sameNodes }).toEqual({ redrawn: [], sameNodes: true });
      const changed = changedCells(before, after);
      expect(changed.length).toBeGreaterThan(50);
      expect(touched.filter((name) => !changed.includes(name))).toEqual([]);
      before = after;
    }
  });

  it.each([
    ['1', 3],
    ['2', 5],
    ['3', 10],
    ['4', Infinity],
  ] as const)('should show the strikes around ATM that the key %s asks for', async (key, reach) => {
    const screen = await show(key);
    const dense = reach > 5;
    const rows = Math.min(2 * reach + 1, fake.table().rows.length);
    const board = await screen.boardWhen(`${rows} rows`, (shown) => shown.rows.length === rows);
    expect(board).toEqual(expectedBoard(fake.table(), { reach, measure: 'both', dense }));
  });

  it('should show per cent, quantity or both, as chosen', async () => {
    const screen = await show();
    for (const [name, measure] of [
      ['%', 'pct'],
      ['Qty', 'qty'],
      ['% + qty', 'both'],
    ] as const) {
      await screen.page
        .getByRole('group', { name: 'Measure' })
        .getByRole('button', { name, exact: true })
        .click();
      await until(`the table in ${name}`, async () => {
        const { main } = (await screen.board()).rows[3]?.cells[`put:${fake.table().atmStrike}:w4`] ?? {
          main: '',
        };
        return measure === 'qty' ? !main.endsWith('%') : main.endsWith('%');
      });
      expect(await screen.board()).toEqual(expectedBoard(fake.table(), { ...FIRST_VIEW, measure }));
    }
  });

  it('should get the whole table anew when a change was lost', async () => {
    const screen = await show();
    fake.tracker.tick({ lose: true });
    fake.tracker.tick();
    const expected = expectedBoard(fake.table());
    const board = await screen.boardWhen('the newest table', ({ slot }) => slot === expected.slot);
    expect(board).toEqual(expected);
  });

  it('should name the base, both figures and the formula of a change on hover', async () => {
    const screen = await show();
    const [name, change, oi] = firstChange(fake.table());
    await screen.cell(name).hover();
    await screen.tooltip.waitFor();
    const text = await screen.tooltip.innerText();
    expect(text).toContain(`OI at ${istTime(change.baseSlot).slice(0, 5)}`);
    expect(text).toContain(new Intl.NumberFormat('en-IN').format(oi - change.abs));
    expect(text).toContain(new Intl.NumberFormat('en-IN').format(oi));
    expect(text).toContain('100 ×');
    await screen.shot('live-tooltip');
  });

  it('should mark the cells that a push changed, over the figures, and let the mark fade', async () => {
    const screen = await show('2');
    await screen.page.emulateMedia({ reducedMotion: 'no-preference' });
    const before = await screen.board();
    fake.tracker.tick();
    const marked = await until('the mark', async () => {
      const names = await screen.probe<string[] | null>('marked()');
      return names && names.length > 0 ? names : null;
    });
    const changed = changedCells(before, await screen.board()).filter((name) => !/ltp$|^strike/.test(name));
    expect(changed.filter((name) => !marked.includes(name))).toEqual([]);
    expect(marked.filter((name) => name.endsWith('ltp'))).toEqual([]);
    await until('the end of the mark', async () => (await screen.probe('marked()')) === null);
  });

  it('should mark nothing where nothing is to move', async () => {
    const screen = await show('2');
    await screen.page.emulateMedia({ reducedMotion: 'reduce' });
    const { slot } = await screen.board();
    fake.tracker.tick();
    await screen.boardWhen('the next slot', (board) => board.slot !== slot);
    expect(await screen.probe('marked()')).toBeNull();
  });

  it.each([1920, 1440, 1400, 1366, 1280, 1024])(
    'should keep the foot in its place, %i px wide, whatever it says',
    async (width) => {
      const screen = await show();
      await screen.page.setViewportSize({ width, height: 900 });
      const foot = screen.page.locator('footer');
      const before = await foot.boundingBox();
      for (const watchers of [1, 2, 5_000]) {
        fake.tracker.watchers = watchers;
        fake.tracker.announce();
        const words = foot.getByText(`${watchers} screens`);
        await (watchers > 1 ? words.waitFor() : foot.getByText(/screens/).waitFor({ state: 'detached' }));
        expect(await foot.boundingBox()).toEqual(before);
      }
      fake.tracker.watchers = 3;
    },
  );
});

/** Cells of two boards of the same rows that say something else now. */
function changedCells(before: ShownBoard, after: ShownBoard): string[] {
  const text = (board: ShownBoard): Map<string, string> =>
    new Map(
      board.rows.flatMap(({ strike, atm, cells }) => [
        [`strike:${strike.replaceAll(',', '')}`, String(atm)] as const,
        ...Object.entries(cells).map(([name, { main, sub }]) => [name, `${main} ${sub}`] as const),
      ]),
    );
  const old = text(before);
  return [...text(after)].filter(([name, now]) => old.get(name) !== now).map(([name]) => name);
}

/** Name, value and OI of the 5-minute change of the call at ATM. */
function firstChange(table: Table): [name: string, change: Change, oi: number] {
  const row = table.rows.find(({ strike }) => strike === table.atmStrike);
  const change = row?.call?.changes[1];
  if (!row || !change || row.call?.oi == null) throw new Error('the call at ATM has no change');
  return [`call:${row.strike}:w1`, change, row.call.oi];
}
