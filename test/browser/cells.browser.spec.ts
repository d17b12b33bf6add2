import type { Table } from '../../server/protocol/index.js';
import { describeInChromium, type Screen } from '../support/browser.js';
import { expectedBoard, type ShownBoard } from '../support/browser-board.js';
import { showFake, startFake, type Fake } from '../support/browser-fake.js';

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
    // ± 5 strikes: a reason needs not occur nearer to the money.
    await screen.page.keyboard.press('2');
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
      `getComputedStyle(document.querySelector('[data-cell="${name}"]')).textDecorationStyle`,
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
