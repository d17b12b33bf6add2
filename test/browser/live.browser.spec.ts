import type { Change, Table } from '../../server/protocol/index.js';
import { describeInChromium, Screen, type Screens, until } from '../support/browser.js';
import {
  expectedBoard,
  FIRST_VIEW,
  istTime,
  slotText,
  WHOLE_CHAIN,
  type ShownBoard,
  type View,
} from '../support/browser-board.js';
import { startFake, type Fake } from '../support/browser-fake.js';
import { cleanUp, startDemo, type House } from '../support/harness.js';
import { nearestChain } from '../support/harness-chains.js';
import { Visitor } from '../support/harness-client.js';
import { describeWithData } from '../support/shared-data.js';

/** The board of a screen and the newest table over HTTP, once both are of the same sequence number and later than `after`. */
async function pairOf(
  visitor: Visitor,
  screen: Screen,
  after: string | null,
): Promise<{ board: ShownBoard; table: Table }> {
  const { underlying, expiry } = await nearestChain(visitor, 'NIFTY');
  return until('a minute that screen and HTTP both show', async () => {
    const table = await visitor.table(underlying, expiry);
    const board = await screen.board();
    if (board.slot === after || board.slot !== slotText(table.slot)) return null;
    return screen.seqOf(table.slot) === table.seq ? { board, table } : null;
  });
}

/** Follows a screen until it has shown `count` more slots, and holds each against HTTP. @returns the boards */
async function followSlots(
  visitor: Visitor,
  screen: Screen,
  count: number,
  view: View,
): Promise<ShownBoard[]> {
  const boards: ShownBoard[] = [];
  let before = (await screen.board()).slot;
  while (boards.length < count) {
    const { board, table } = await pairOf(visitor, screen, before);
    expect(board).toEqual(expectedBoard(table, view));
    boards.push(board);
    before = board.slot;
  }
  return boards;
}

const LIVE_MINUTES = 12;

describeInChromium('the live table of the demo market', (screens) => {
  let house: House;
  let visitor: Visitor;

  beforeAll(async () => {
    house = await startDemo(['--rate', '30']);
    visitor = await Visitor.enter(house.url);
  });
  afterAll(() => cleanUp());

  it('should show each minute as HTTP answers it, without a reload and without moving anything', async () => {
    const screen = await screens.show(house.url, { cookie: visitor.cookie });
    await screen.tableShown();
    // The whole chain: fewer rows follow ATM when it moves.
    await screen.page.keyboard.press('4');
    await screen.boardWhen('all strikes', ({ rows }) => rows.length > 21);
    const since = await screen.now();
    const loads = screen.requests.filter((url) => url === `${house.url}/`).length;
    const boards = await followSlots(visitor, screen, LIVE_MINUTES, WHOLE_CHAIN);
    await screen.shot('live-demo');
    const different = boards.filter((board, i) => {
      const before = boards[i - 1];
      return before && JSON.stringify(before.rows) !== JSON.stringify(board.rows);
    });
    expect(different.length).toBeGreaterThanOrEqual(LIVE_MINUTES / 2);
    expect(await screen.shiftsSince(since)).toEqual([]);
    expect(screen.requests.filter((url) => url === `${house.url}/`)).toHaveLength(loads);
  });
});

describeWithData(
  'the live table of a recorded day',
  {
    instruments: 'instruments/upstox-subset-2026-08-18.json.gz',
    day: 'days/nifty-2026-08-18-1min.csv.gz',
    prevOi: 'baseline/prev-oi-nifty-2026-08-18.csv.gz',
  },
  (files) =>
    describeInChromium('in Chromium', (screens) => {
      afterAll(() => cleanUp());

      it('should show the whole real chain, cell by cell as HTTP answers it', async () => {
        const recording = ['--instruments', files.instruments, '--day', files.day, '--prev-oi', files.prevOi];
        const house = await startDemo([...recording, '--start', '11:30', '--rate', '30']);
        const visitor = await Visitor.enter(house.url);
        await visitor.whenInstrumentsAreReady('NIFTY');
        const screen = await screens.show(house.url, { cookie: visitor.cookie });
        await screen.tableShown();
        await screen.page.keyboard.press('4');
        await followSlots(visitor, screen, 4, WHOLE_CHAIN);
        await screen.shot('live-recorded-day');
      });
    }),
);

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
        const { main } = (await screen.board()).rows[0]?.cells[`put:${fake.table().rows[35]?.strike}:w4`] ?? {
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

async function showFake(screens: Screens, fake: Fake, keys = ''): Promise<Screen> {
  const screen = await screens.show(fake.url);
  await screen.tableShown();
  for (const key of keys) await screen.page.keyboard.press(key);
  return screen;
}

/** Name, value and OI of the 5-minute change of the call at ATM. */
function firstChange(table: Table): [name: string, change: Change, oi: number] {
  const row = table.rows.find(({ strike }) => strike === table.atmStrike);
  const change = row?.call?.changes[1];
  if (!row || !change || row.call?.oi == null) throw new Error('the call at ATM has no change');
  return [`call:${row.strike}:w1`, change, row.call.oi];
}

describeInChromium('cells that need a word', (screens) => {
  let fake: Fake;

  beforeAll(async () => {
    fake = await startFake();
  });
  afterAll(() => fake.tracker.close());

  /** Puts a scenario on a screen. */
  async function show(scenario: string): Promise<Screen> {
    fake.tracker.set(scenario);
    return showFake(screens, fake);
  }

  it.each([
    ['gaps', 'gap', /No capture near \d\d:\d\d: the recording has a gap there/],
    ['young', 'no-history', /Nothing was recorded in this session at or before \d\d:\d\d/],
    ['unknown', 'oi-unknown', /gave no open interest for this contract at 14:32/],
  ])('should give the reason of a "–" on hover and on focus: %s', async (scenario, reason, words) => {
    const screen = await show(scenario);
    const name = unknownCell(fake.table(), reason);
    expect(await screen.cell(name).innerText()).toBe('–');
    await screen.cell(name).hover();
    await screen.tooltip.filter({ hasText: words }).waitFor();
    await screen.page.mouse.move(2, 2);
    await screen.tooltip.waitFor({ state: 'hidden' });
    await screen.cell(name).focus();
    await screen.tooltip.filter({ hasText: words }).waitFor();
    expect((await screen.focused())?.described).toMatch(words);
    await screen.shot(`live-${scenario}`);
  });

  it('should mark every base that was rebuilt from candles, and say so', async () => {
    const screen = await show('backfill');
    expect(await screen.board()).toEqual(expectedBoard(fake.table()));
    const cells = Object.entries((await screen.board()).rows[3]?.cells ?? {});
    const [name] = cells.find(([, cell]) => cell.backfilled) ?? [];
    if (name === undefined) throw new Error('no cell is marked');
    const style = await screen.page.evaluate<string>(
      `getComputedStyle(document.querySelector('[data-cell="${name}"] .main')).textDecorationStyle`,
    );
    expect(style).toBe('dotted');
    await screen.cell(name).hover();
    await screen.tooltip.filter({ hasText: 'rebuilt from one-minute candles' }).waitFor();
  });

  it('should raise the board alert when more than half of the cells are beyond their threshold', async () => {
    const screen = await show('alert');
    const [beyond, known] = countBeyond(expectedBoard(fake.table()));
    expect(beyond * 2).toBeGreaterThan(known);
    await screen.page.getByText(`Board alert: ${beyond} of ${known} cells beyond threshold`).waitFor();
    await screen.shot('live-alert');
  });

  it('should count without an alert when it is half or less', async () => {
    const screen = await show('live');
    const [beyond, known] = countBeyond(expectedBoard(fake.table()));
    expect(beyond * 2).toBeLessThanOrEqual(known);
    await screen.page.getByText(`${beyond} of ${known} cells beyond threshold`).waitFor();
    expect(await screen.page.getByText('Board alert').count()).toBe(0);
  });
});

/** A change cell near ATM that is not known for the given reason. */
function unknownCell(table: Table, reason: string): string {
  const names = table.rows
    .filter(({ strike }) => Math.abs(strike - (table.atmStrike ?? 0)) <= 250)
    .flatMap(({ strike, call, put }) =>
      [['call', call] as const, ['put', put] as const].flatMap(([side, leg]) =>
        (leg?.reasons ?? []).map((r, i) => [r, `${side}:${strike}:w${i}`] as const),
      ),
    );
  const found = names.find(([r]) => r === reason);
  if (!found) throw new Error(`no cell is unknown because of ${reason}`);
  return found[1];
}

/** How many change cells have a value in per cent, and how many of them are beyond their threshold. */
function countBeyond(board: ShownBoard): [beyond: number, known: number] {
  const cells = board.rows
    .flatMap((row) => Object.entries(row.cells))
    .filter(([name, cell]) => /w\d$/.test(name) && cell.main.endsWith('%'));
  return [cells.filter(([, cell]) => Math.abs(cell.heat) >= 5).length, cells.length];
}
