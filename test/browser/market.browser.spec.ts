import type { MarketBoard, MarketRow } from '../../server/protocol/index.js';
import { describeInChromium, type Screen, until } from '../support/browser.js';
import { startFake, type Fake } from '../support/browser-fake.js';
import { cleanUp, startDemo, type House } from '../support/harness.js';
import { Visitor } from '../support/harness-client.js';

const ALL = 215;

const rows = (screen: Screen): ReturnType<Screen['page']['locator']> =>
  screen.page.locator('.market-board tbody tr');
const symbols = (screen: Screen): Promise<string[]> =>
  screen.page.locator('.market-board tbody a').allInnerTexts();
const shown = (screen: Screen): Promise<void> => rows(screen).first().waitFor();
const head = (screen: Screen, column: string): ReturnType<Screen['page']['locator']> =>
  screen.page.locator(`.market-board th[data-column="${column}"] button`);
const text = (screen: Screen, name: string): Promise<string> => screen.cell(name).innerText();

describeInChromium('the market page', (screens) => {
  let fake: Fake;
  beforeEach(async () => {
    fake = await startFake();
  });
  afterEach(() => fake.tracker.close());

  async function open(hash = '#/market', options = {}): Promise<Screen> {
    const screen = await screens.show(`${fake.url}/${hash}`, options);
    await shown(screen);
    return screen;
  }
  const board = (): MarketBoard => fake.tracker.board();
  const sortedBy = (of: (row: MarketRow) => number | string, dir: 1 | -1): string[] =>
    [...board().rows]
      .sort((a, b) => {
        const [x, y] = [of(a), of(b)];
        return x === y ? (a.symbol < b.symbol ? -1 : 1) : x < y ? -dir : dir;
      })
      .map(({ symbol }) => symbol);

  it('should open with a key, list every underlying, and lead back with the same key', async () => {
    const screen = await screens.show(fake.url);
    await screen.tableShown();
    await screen.page.keyboard.press('m');
    await shown(screen);
    expect(await rows(screen).count()).toBe(ALL);
    expect(await symbols(screen)).toEqual(
      sortedBy((row) => row.windows[1]?.topBuildUp?.pct ?? -Infinity, -1),
    );
    await screen.page.keyboard.press('m');
    await screen.page.locator('tr.atm').waitFor();
    expect(new URL(screen.page.url()).hash).toBe('#/NIFTY/2026-08-18');
  });

  it('should lead to a chain by click and by Enter, and back with the button of the browser', async () => {
    const screen = await open();
    await screen.page.keyboard.press('/');
    await screen.page.keyboard.type('reli');
    await until('one row', async () => (await rows(screen).count()) === 1);
    await screen.page.getByRole('link', { name: 'RELIANCE' }).click();
    await until('the chain', async () => (await screen.page.title()).startsWith('RELIANCE 2026-08-18'));
    await screen.page.goBack();
    await shown(screen);
    await screen.page.keyboard.press('/');
    await screen.page.keyboard.type('gold');
    await until('one row', async () => (await rows(screen).count()) === 1);
    await screen.page.keyboard.press('Enter');
    expect((await screen.focused())?.text).toContain('GOLD');
    await screen.page.keyboard.press('ArrowRight');
    await screen.page.keyboard.press('Enter');
    await until('the chain', async () => (await screen.page.title()).startsWith('GOLD '));
  });

  it('should sort by any column with the mouse and with the keyboard alone', async () => {
    const screen = await open();
    await head(screen, 'callOi').click();
    await screen.page.mouse.move(5, 5);
    const byCalls = sortedBy((row) => row.callOi ?? -1, -1);
    expect(await symbols(screen)).toEqual(byCalls);
    expect(await screen.page.locator('[aria-sort="descending"]').innerText()).toContain('Calls');
    await head(screen, 'callOi').focus();
    await screen.page.keyboard.press('Enter');
    expect(await symbols(screen)).toEqual(sortedBy((row) => row.callOi ?? -1, 1));
    await screen.page.keyboard.press('ArrowRight');
    await screen.page.keyboard.press('Enter');
    expect(await symbols(screen)).toEqual(sortedBy((row) => row.putOi ?? -1, -1));
    await screen.page.keyboard.press('ArrowDown');
    expect((await screen.focused())?.cell).toMatch(/^putOi@/);
    await screen.page.keyboard.press('ArrowUp');
    expect((await screen.focused())?.tag).toMatch(/button/i);
  });

  it('should show what the server sent, and what is not known as such', async () => {
    const screen = await open();
    await screen.page.keyboard.press('2');
    await until('the indices', async () => (await rows(screen).count()) === 3);
    const nifty = board().rows.find(({ symbol }) => symbol === 'NIFTY')!;
    expect(await text(screen, `pcr@${nifty.key}`)).toBe((nifty.pcr ?? 0).toFixed(2));
    await screen.page.keyboard.press('1');
    const spotless = board().rows.find(({ spot }) => spot === null)!;
    await screen.page.keyboard.press('/');
    await screen.page.keyboard.type(spotless.symbol);
    const unknown = screen.cell(`spot@${spotless.key}`);
    await until('one row', async () => (await rows(screen).count()) === 1);
    expect([await unknown.innerText(), await unknown.getAttribute('class')]).toEqual([
      '–',
      expect.stringContaining('unknown'),
    ]);
    await unknown.hover();
    await screen.tooltip.getByText('gave no spot price').waitFor();
  });

  it('should choose window, kind, side and floor, and remember them', async () => {
    const screen = await open();
    const pressed = (name: string): Promise<string | null> =>
      screen.page.getByRole('button', { name, exact: true }).getAttribute('aria-pressed');
    await screen.page.keyboard.press(']');
    expect(await pressed('10m')).toBe('true');
    await screen.page.keyboard.press('4');
    expect(await symbols(screen)).toEqual(['GOLD']);
    await screen.page.keyboard.press('1');
    await screen.page.keyboard.press('p');
    expect(await pressed('CE')).toBe('true');
    const legs = await screen.page.locator('.market-board td.leg').allInnerTexts();
    expect(legs.filter((leg) => leg.endsWith('PE'))).toEqual([]);
    await screen.page.getByRole('combobox', { name: 'Legs from' }).selectOption('10000');
    await screen.page.locator('td.none').first().hover();
    await screen.tooltip.getByText('Lower the floor').waitFor();
    await screen.reload();
    await shown(screen);
    expect([await pressed('10m'), await pressed('CE')]).toEqual(['true', 'true']);
  });

  it('should bring pushed figures at once, and hold its rows under the pointer', async () => {
    const screen = await open();
    await rows(screen).nth(2).locator('td').nth(3).hover();
    const before = await symbols(screen);
    fake.tracker.tickMarket();
    await screen.page.getByText('14:33', { exact: false }).first().waitFor();
    expect(await symbols(screen)).toEqual(before);
    const top = board().rows.find(({ symbol }) => symbol === before[0])!;
    expect(await text(screen, `pcr@${top.key}`)).toBe((top.pcr ?? 0).toFixed(2));
    await screen.page.getByRole('button', { name: /rows? ha(s|ve) moved/ }).click();
    expect(await symbols(screen)).toEqual(
      sortedBy((row) => row.windows[1]?.topBuildUp?.pct ?? -Infinity, -1),
    );
  });

  it('should sort by itself when nobody is in the table, and ask again after a gap', async () => {
    const screen = await open();
    await screen.page.mouse.move(5, 5);
    fake.tracker.tickMarket({ lose: true });
    fake.tracker.tickMarket();
    const wanted = (): string[] => sortedBy((row) => row.windows[1]?.topBuildUp?.pct ?? -Infinity, -1);
    await until('the newest order', async () => (await symbols(screen)).join() === wanted().join());
    fake.tracker.drop();
    fake.tracker.tickMarket();
    await until('the newest order', async () => (await symbols(screen)).join() === wanted().join());
  });

  it('should draw rows in full as they come into sight', async () => {
    const screen = await open();
    const last = rows(screen).nth(ALL - 1);
    expect(await last.locator('td').count()).toBe(1);
    await last.scrollIntoViewIfNeeded();
    await until('all cells', async () => (await last.locator('td').count()) === 17);
  });

  it('should move nothing when a minute comes in the order that stands', async () => {
    const screen = await open();
    await head(screen, 'symbol').click();
    await screen.page.mouse.move(5, 5);
    const since = await screen.now();
    for (let i = 1; i <= 5; i++) {
      fake.tracker.tickMarket();
      await screen.page
        .getByText(`14:${32 + i}`, { exact: false })
        .first()
        .waitFor();
    }
    expect(await screen.shiftsSince(since)).toEqual([]);
  });

  describe('when not all is well', () => {
    const says = (screen: Screen, words: string | RegExp): Promise<void> =>
      screen.page.getByText(words).first().waitFor();

    it('should say that the sweep is off, and how to switch it on', async () => {
      fake.tracker.set('market-off');
      const screen = await screens.show(`${fake.url}/#/market`);
      await screen.page.getByRole('heading', { name: 'The sweep of the market is switched off' }).waitFor();
      await says(screen, 'MARKET_SWEEP=on');
      await screen.shot('market-off');
    });

    it('should wait for the first sweep, and fill as it goes on', async () => {
      fake.tracker.set('market-none');
      const none = await screens.show(`${fake.url}/#/market`);
      await none.page.getByRole('heading', { name: 'The first sweep is under way' }).waitFor();
      fake.tracker.set('market-first');
      await shown(none);
      await says(none, '34 of 215');
      await none.page.keyboard.press('/');
      await none.page.keyboard.type('STOCK200');
      await until('one row', async () => (await rows(none).count()) === 1);
      await none.cell('callOi@NSE_EQ|INE199X01010').hover();
      await none.tooltip.getByText('Nothing of this chain was captured').waitFor();
      await none.shot('market-first');
      fake.tracker.tickMarket();
      await says(none, '94 of 215');
    });

    it('should say what the broker allows, and mark each row that is late', async () => {
      fake.tracker.set('market-thinned');
      const screen = await open();
      for (let i = 0; i < 3; i++) fake.tracker.tickMarket();
      await says(screen, 'The broker allows 20 of the 52 calls');
      await until('late rows', async () => (await screen.page.locator('tr.late').count()) > 5);
      await screen.shot('market-thinned');
    });

    it('should label the rows of a closed market with their time', async () => {
      fake.tracker.set('closed');
      const screen = await open();
      await screen.feed.filter({ hasText: 'Closed' }).waitFor();
      await says(screen, 'NSE derivatives are closed');
      expect(await screen.page.locator('td.age').first().innerText()).toContain('14:32');
      expect(await screen.page.locator('tr.late').count()).toBe(0);
      await screen.shot('market-closed');
    });
  });

  it.each(['dark', 'light'] as const)(
    'should fit a phone, with room for fingers (%s)',
    async (colorScheme) => {
      const screen = await open('#/market', { width: 390, height: 844, phone: true, colorScheme });
      expect(await screen.probe('wide()')).toEqual({ page: 390, screen: 390 });
      expect(await screen.probe('smallTargets(40)')).toEqual([]);
      await screen.shot(`market-phone-${colorScheme}`);
      await head(screen, 'unwindPct').tap();
      const first = rows(screen).first();
      expect(await first.locator('td').count()).toBe(5);
      await first.locator('a').tap();
      await screen.page.locator('tr.atm').waitFor();
    },
  );
});

describeInChromium('the market page of the demo', (screens) => {
  let house: House;
  let visitor: Visitor;
  beforeAll(async () => {
    house = await startDemo(['--rate', '60'], undefined, { MARKET_SWEEP: 'on' });
    visitor = await Visitor.enter(house.url);
    await visitor.whenInstrumentsAreReady('NIFTY');
  });
  afterAll(() => cleanUp());

  it('should fill from a real sweep, and show the very board of HTTP', async () => {
    const screen = await screens.show(`${house.url}/#/market`, { cookie: visitor.cookie });
    await shown(screen);
    const seen = (): Promise<string | null> => screen.page.locator('footer b').first().textContent();
    const next = await seen();
    await until('the next minute', async () => (await seen()) !== next);
    await until('a figure of HTTP on the screen', async () => {
      const board = await visitor.get<MarketBoard>('/api/market');
      const nifty = board.rows.find(({ symbol }) => symbol === 'NIFTY');
      return nifty?.pcr != null && (await text(screen, `pcr@${nifty.key}`)) === nifty.pcr.toFixed(2);
    });
    await screen.shot('market-demo');
  });
});
