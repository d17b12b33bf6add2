import { describeInChromium, type Screen, until } from '../support/browser.js';
import { expectedBoard } from '../support/browser-board.js';
import type { Focus } from '../support/browser-screen.js';
import { startFake, type Fake } from '../support/browser-fake.js';

/** More steps than any page here has stops. */
const MANY = 60;

describeInChromium('by keyboard alone', (screens) => {
  let fake: Fake;

  beforeEach(async () => {
    fake = await startFake({ signedIn: false });
  });
  afterEach(() => fake.tracker.close());

  /** Presses Tab until something that fits has the focus; every stop on the way must be seen. @throws after `MANY` */
  async function tabTo(screen: Screen, what: string, fits: (focus: Focus) => boolean): Promise<Focus> {
    for (let step = 0; step < MANY; step++) {
      await screen.page.keyboard.press('Tab');
      const focus = await screen.focused();
      if (focus) expect(focus).toMatchObject({ ring: true, onScreen: true });
      if (focus && fits(focus)) return focus;
    }
    throw new Error(`${what} was not reached by Tab`);
  }

  const named = (text: string | RegExp) => (focus: Focus) =>
    typeof text === 'string' ? focus.text === text : text.test(focus.text ?? '');

  async function enter(): Promise<Screen> {
    const screen = await screens.show(fake.url);
    await screen.page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
    await tabTo(screen, 'the demo', named('Enter the demo market'));
    await screen.page.keyboard.press('Enter');
    await screen.tableShown();
    return screen;
  }

  it('should be able to do the whole job, from the login to the reason of a cell', async () => {
    const screen = await enter();
    const { keyboard } = screen.page;
    await keyboard.press('/');
    expect(await screen.focused()).toMatchObject({ text: 'Instrument', ring: true, onScreen: true });
    await keyboard.type('sensex');
    await keyboard.press('Enter');
    await until('SENSEX', async () => (await screen.page.title()).startsWith('SENSEX'));
    await keyboard.press('ArrowRight');
    await until('the next expiry', async () => (await screen.page.title()).includes('2026-08-25'));
    await screen.tableShown();
    await keyboard.press('3');
    await screen.boardWhen('± 10', ({ rows }) => rows.length === 21);
    await tabTo(screen, 'the table', ({ tag }) => tag === 'TH');
    expect((await screen.focused())?.text).toContain('ATM');
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowLeft');
    expect(await screen.focused()).toMatchObject({
      cell: expect.stringMatching(/^call:\d+:ltp$/),
      ring: true,
    });
    await keyboard.press('Home');
    const cell = await screen.focused();
    expect(cell).toMatchObject({ cell: expect.stringMatching(/^call:\d+:w4$/), ring: true, onScreen: true });
    expect(cell?.described).toMatch(/30-minute change.*Formula 100 ×/);
    await screen.shot('keyboard-cell');
    await keyboard.press('Escape');
    expect(await screen.focused()).toBeNull();
    await screen.tooltip.waitFor({ state: 'hidden' });
  });

  it('should get the reason of a "–" read out on focus', async () => {
    fake.tracker.set('young');
    const screen = await enter();
    await tabTo(screen, 'the table', ({ tag }) => tag === 'TH');
    await screen.page.keyboard.press('Home');
    expect((await screen.focused())?.described).toContain(
      'Nothing was recorded in this session at or before',
    );
  });

  it('should go round the whole page and out again: no trap, no hidden stop', async () => {
    const screen = await enter();
    const stops: string[] = [];
    for (let step = 0; step < MANY; step++) {
      await screen.page.keyboard.press('Tab');
      const focus = await screen.focused();
      if (!focus) break;
      expect(focus).toMatchObject({ ring: true, onScreen: true });
      stops.push(focus.name);
    }
    expect(stops.length).toBeGreaterThan(10);
    expect(stops.length).toBeLessThan(MANY);
    expect(new Set(stops).size).toBe(stops.length);
    const back: string[] = [];
    for (let step = 0; step < stops.length; step++) {
      await screen.page.keyboard.press('Shift+Tab');
      back.push((await screen.focused())?.name ?? 'nothing');
    }
    expect(back).toEqual([...stops].reverse());
  });

  it.each([
    ['Settings', 'Account and settings', 'Settings'],
    ['Keys and signs', 'Keys and signs', null],
    ['Data quality, 18 Aug', /^Data \d+/, null],
  ] as const)('should keep the focus in the dialog "%s" and give it back', async (title, opener, item) => {
    const screen = await enter();
    const { keyboard } = screen.page;
    await tabTo(screen, title, named(opener));
    await keyboard.press('Enter');
    if (item !== null) {
      await tabTo(screen, item, named(item));
      await keyboard.press('Enter');
    }
    const dialog = screen.page.getByRole('dialog', { name: title });
    await dialog.waitFor();
    for (let step = 0; step < 25; step++) {
      await keyboard.press('Tab');
      const outside = await screen.page.evaluate<boolean>(
        `document.activeElement !== document.body && !document.activeElement.closest('dialog')`,
      );
      expect(outside).toBe(false);
    }
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await until('the focus back at where it was', async () => {
      const focus = await screen.focused();
      return focus !== null && (named(opener)(focus) || focus.text === 'Account and settings');
    });
  });

  it('should be a grid with heads of rows and columns to those who hear it', async () => {
    const { page } = await enter();
    const { rows } = expectedBoard(fake.table());
    const grid = page.getByRole('grid', { name: 'Change of open interest by strike' });
    const named = await grid.getByRole('columnheader', { name: /^(\d+m|Today|OI|LTP|Strike)$/ }).count();
    expect(named).toBe(17);
    expect(await grid.getByRole('row').count()).toBe(rows.length + 2);
    expect(await grid.getByRole('rowheader').count()).toBe(rows.length);
    expect(await grid.getByRole('gridcell').count()).toBe(rows.length * 16);
  });

  it('should open the list of keys with "?" and show the key of each action', async () => {
    const screen = await enter();
    await screen.page.keyboard.press('?');
    const dialog = screen.page.getByRole('dialog', { name: 'Keys and signs' });
    await dialog.waitFor();
    const text = await dialog.innerText();
    for (const word of ['Search an instrument', 'Previous, next expiry', 'Theme'])
      expect(text).toContain(word);
    await screen.shot('keyboard-help');
    await screen.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  it('should move the row cursor with the arrows, and not while somebody types', async () => {
    const screen = await enter();
    const cursor = screen.page.locator('tr.cursor');
    await screen.page.keyboard.press('ArrowDown');
    expect(await cursor.getAttribute('data-strike')).toBe(String(fake.table().atmStrike));
    await screen.page.keyboard.press('ArrowDown');
    expect(await cursor.getAttribute('data-strike')).toBe(String((fake.table().atmStrike ?? 0) + 50));
    await screen.page.keyboard.press('/');
    await screen.page.keyboard.type('p1');
    expect((await screen.board()).rows).toHaveLength(7);
    await screen.page.keyboard.press('Escape');
    await screen.page.keyboard.press('Escape');
    expect(await cursor.count()).toBe(0);
  });
});
