import { describeInChromium, type Screen, until } from '../support/browser.js';
import { expectedBoard } from '../support/browser-board.js';
import { NEAREST, NIFTY, startFake, type Fake } from '../support/browser-fake.js';

const PHONE = { width: 390, height: 844, phone: true } as const;
/** Pixels that a fingertip needs. */
const FINGER = 40;

describeInChromium('on a phone', (screens) => {
  let fake: Fake;

  beforeAll(async () => {
    fake = await startFake();
  });
  beforeEach(() => fake.tracker.set('live'));
  afterAll(() => fake.tracker.close());

  async function open(colorScheme: 'dark' | 'light' = 'dark'): Promise<Screen> {
    const screen = await screens.show(fake.url, { ...PHONE, colorScheme });
    await screen.tableShown();
    return screen;
  }

  /** Nothing reaches over the edge, and all that is to be tapped is large enough. */
  async function expectRoomy(screen: Screen, what: string): Promise<void> {
    const wide = await screen.probe<{ page: number; screen: number }>('wide()');
    expect({ what, ...wide }).toEqual({ what, page: PHONE.width, screen: PHONE.width });
    expect({ what, small: await screen.probe(`smallTargets(${FINGER})`) }).toEqual({ what, small: [] });
  }

  const windowButton = (screen: Screen, name: string): ReturnType<Screen['page']['getByRole']> =>
    screen.page.getByRole('group', { name: 'Window' }).getByRole('button', { name, exact: true });

  /** The change cells of a row: one window at a time. */
  const changes = async (screen: Screen): Promise<string[]> =>
    Object.keys((await screen.board()).rows[0]?.cells ?? {}).filter((name) => /w\d$/.test(name));

  it('should fit the width with every strike range, and leave room for fingers', async () => {
    const screen = await open();
    await expectRoomy(screen, 'first table');
    await screen.shot('phone-dark');
    for (const [name, rows] of [
      ['± 3', 7],
      ['± 10', 21],
      ['All', 81],
      ['± 5', 11],
    ] as const) {
      await screen.page.getByRole('button', { name, exact: true }).tap();
      await screen.boardWhen(name, (board) => board.rows.length === rows);
      await expectRoomy(screen, name);
    }
  });

  it('should show one window at a time, chosen by touch, with right figures', async () => {
    const screen = await open();
    expect(await changes(screen)).toEqual([
      expect.stringMatching(/^call.*w1$/),
      expect.stringMatching(/^put.*w1$/),
    ]);
    for (const [name, index] of [
      ['3m', 0],
      ['10', 2],
      ['15', 3],
      ['30', 4],
    ] as const) {
      await windowButton(screen, name).tap();
      await until(`the window ${name}`, async () =>
        (await changes(screen)).every((cell) => cell.endsWith(`w${index}`)),
      );
      const expected = expectedBoard(fake.table());
      for (const [i, row] of (await screen.board()).rows.entries())
        expect(expected.rows[i]?.cells).toMatchObject(row.cells);
    }
  });

  it('should do the whole job by touch', async () => {
    const screen = await open();
    const { page } = screen;
    await page.getByRole('combobox', { name: 'Instrument' }).tap();
    await expectRoomy(screen, 'picker');
    const field = await page.getByRole('combobox', { name: 'Instrument' }).boundingBox();
    const list = await page.getByRole('listbox').boundingBox();
    expect(list?.y).toBeGreaterThanOrEqual((field?.y ?? Infinity) + (field?.height ?? 0));
    await screen.shot('phone-picker');
    await page.keyboard.type('bajaj');
    await page.getByRole('option', { name: /^BAJAJ-AUTO/ }).tap();
    await until('BAJAJ-AUTO', async () => (await page.title()).startsWith('BAJAJ-AUTO'));
    await page.getByRole('navigation', { name: 'Expiry' }).getByRole('button').nth(1).tap();
    await until('the next expiry', async () => (await page.title()).includes('2026-08-25'));
    await page.getByRole('button', { name: 'Qty', exact: true }).tap();
    const strike = (await screen.board()).rows[2]?.strike.replace(',', '');
    await screen.cell(`call:${strike}:w1`).tap();
    await screen.tooltip.filter({ hasText: '5-minute change' }).waitFor();
    await screen.shot('phone-tooltip');
    await page.getByRole('button', { name: 'Account and settings' }).tap();
    await expectRoomy(screen, 'account');
    await page.getByRole('button', { name: 'Sign out' }).tap();
    await page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
    await expectRoomy(screen, 'login');
    await screen.shot('phone-login');
    await page.getByRole('button', { name: 'Access token', exact: true }).tap();
    await expectRoomy(screen, 'login with a token');
    await page.getByRole('button', { name: 'Enter the demo market' }).tap();
    await screen.tableShown();
  });

  it('should open its dialogs and the look back inside the width', async () => {
    const screen = await open();
    const { page } = screen;
    for (const name of ['Settings', 'Keys and signs']) {
      await page.getByRole('button', { name: 'Account and settings' }).tap();
      await page.locator('#account').getByRole('button', { name }).tap();
      await page.getByRole('dialog', { name }).waitFor();
      await expectRoomy(screen, name);
      await screen.shot(`phone-${name.slice(0, 4).toLowerCase()}`);
      await page.getByRole('button', { name: 'Close' }).tap();
    }
    await page.getByRole('button', { name: /^Data/ }).tap();
    await page
      .getByRole('dialog', { name: /^Data quality/ })
      .getByRole('table')
      .waitFor();
    await expectRoomy(screen, 'data quality');
    await screen.shot('phone-quality');
    await page.getByRole('button', { name: 'Close' }).tap();
    await page.getByRole('button', { name: 'Look back' }).tap();
    await page.getByRole('form', { name: 'Look back' }).waitFor();
    await expectRoomy(screen, 'look back');
    await screen.shot('phone-past');
  });

  it('should follow the system into dark and light, and keep what is chosen', async () => {
    const ground = (screen: Screen): Promise<number> =>
      screen.page.evaluate<number>(
        `Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number))`,
      );
    const dark = await open('dark');
    expect(await ground(dark)).toBeLessThan(40);
    const light = await open('light');
    await light.shot('phone-light');
    expect(await ground(light)).toBeGreaterThan(230);
    await light.page.getByRole('button', { name: 'Account and settings' }).tap();
    await light.page.getByRole('button', { name: /^Theme/ }).tap();
    await until('the dark theme', async () => (await ground(light)) < 40);
    await light.reload();
    await light.tableShown();
    expect(await ground(light)).toBeLessThan(40);
  });

  it('should hold still while minutes pass', async () => {
    const screen = await open();
    // The whole chain: fewer rows follow ATM when it moves.
    await screen.page.getByRole('button', { name: 'All', exact: true }).tap();
    await screen.boardWhen('all strikes', ({ rows }) => rows.length === 81);
    const since = await screen.now();
    for (let minute = 0; minute < 10; minute++) {
      fake.tracker.tick();
      const { slot } = expectedBoard(fake.tracker.table(NIFTY, NEAREST));
      await screen.boardWhen('the next minute', (board) => board.slot === slot);
    }
    expect(await screen.shiftsSince(since)).toEqual([]);
  });
});
