import { describeInChromium, type Screen, until } from '../support/browser.js';
import { cleanUp, startDemo, type House } from '../support/harness.js';
import { Visitor } from '../support/harness-client.js';

describeInChromium('choosing an instrument and an expiry', (screens) => {
  let house: House;
  let visitor: Visitor;

  beforeAll(async () => {
    house = await startDemo();
    visitor = await Visitor.enter(house.url);
    await visitor.whenInstrumentsAreReady('NIFTY');
  });
  afterAll(() => cleanUp());

  async function open(hash = ''): Promise<Screen> {
    const screen = await screens.show(`${house.url}/${hash}`, { cookie: visitor.cookie });
    await screen.tableShown();
    await screen.page.getByRole('navigation', { name: 'Expiry' }).getByRole('button').nth(2).waitFor();
    return screen;
  }

  /** Waits for a table of an underlying. */
  const shows = (screen: Screen, symbol: string): Promise<true> =>
    until(`the table of ${symbol}`, async () => {
      const [title, rows] = [await screen.page.title(), await screen.page.locator('tbody tr').count()];
      return title.startsWith(`${symbol} `) && rows > 0;
    });

  const options = (screen: Screen): Promise<string[]> => screen.page.getByRole('option').allInnerTexts();

  it('should find BANKNIFTY by "bank", and show it on Enter', async () => {
    const screen = await open();
    await screen.page.keyboard.press('/');
    await screen.page.keyboard.type('bank');
    expect((await options(screen))[0]).toContain('BANKNIFTY');
    await screen.shot('picker');
    await screen.page.keyboard.press('Enter');
    await shows(screen, 'BANKNIFTY');
    expect((await screen.board()).rows.filter(({ atm }) => atm)).toHaveLength(1);
  });

  it.each([
    ['by symbol', 'reli', 'RELIANCE'],
    ['by a word of its name', 'consultancy', 'TCS'],
    ['with an ampersand', 'm&m', 'M&M'],
    ['with a dash', 'bajaj-a', 'BAJAJ-AUTO'],
  ])('should find an instrument %s', async (_how, typed, symbol) => {
    const screen = await open();
    await screen.page.keyboard.press('/');
    await screen.page.keyboard.type(typed);
    expect((await options(screen))[0]?.split('\n')[0]).toBe(symbol);
    await screen.page.keyboard.press('Enter');
    await shows(screen, symbol);
    expect(decodeURIComponent(new URL(screen.page.url()).hash)).toMatch(new RegExp(`^#/${symbol}/`));
  });

  it('should list the indices first and the stocks from A to Z', async () => {
    const screen = await open();
    await screen.page.getByRole('combobox', { name: 'Instrument' }).click();
    const symbols = (await options(screen)).map((text) => text.split('\n')[0] ?? '');
    expect(symbols.slice(0, 2)).toEqual(['NIFTY', 'BANKNIFTY']);
    const stocks = (await options(screen)).filter((text) => text.includes('Stock ·'));
    expect(stocks.length).toBeGreaterThan(3);
    expect(stocks).toEqual([...stocks].sort());
  });

  it('should move with the arrows, choose with a click and leave with Escape', async () => {
    const screen = await open();
    await screen.page.keyboard.press('/');
    const chosen = screen.page.getByRole('option', { selected: true });
    expect(await chosen.innerText()).toMatch(/^NIFTY/);
    await screen.page.keyboard.press('ArrowDown');
    expect(await chosen.innerText()).toMatch(/^BANKNIFTY/);
    await screen.page.keyboard.press('ArrowUp');
    expect(await chosen.innerText()).toMatch(/^NIFTY/);
    await screen.page.keyboard.type('no such thing');
    await screen.page.getByText('Nothing matches “no such thing”.').waitFor();
    await screen.page.keyboard.press('Escape');
    expect(await screen.page.getByRole('listbox').count()).toBe(0);
    await shows(screen, 'NIFTY');
    await screen.page.getByRole('combobox', { name: 'Instrument' }).click();
    await screen.page.getByRole('option', { name: /^SENSEX/ }).click();
    await shows(screen, 'SENSEX');
  });

  it('should change the expiry by click and by arrow, with its days and kind written on it', async () => {
    const screen = await open();
    const tabs = screen.page.getByRole('navigation', { name: 'Expiry' }).getByRole('button');
    const pressed = async (): Promise<number> =>
      (await tabs.evaluateAll((all) => all.map((tab) => tab.getAttribute('aria-pressed')))).indexOf('true');
    expect(await tabs.count()).toBeGreaterThan(2);
    for (const text of await tabs.allInnerTexts())
      expect(text).toMatch(/\d+ \w{3}\s+[WM] · (\d+ d|expires today)/);
    const first = (await screen.board()).figures['Call OI · today'];
    await tabs.nth(1).click();
    expect(await pressed()).toBe(1);
    await screen.boardWhen(
      'another table',
      ({ figures, rows }) => rows.length > 0 && figures['Call OI · today'] !== first,
    );
    await screen.page.keyboard.press('ArrowRight');
    expect(await pressed()).toBe(2);
    await screen.page.keyboard.press('ArrowLeft');
    await screen.page.keyboard.press('ArrowLeft');
    expect(await pressed()).toBe(0);
    await screen.page.keyboard.press('ArrowLeft');
    expect(await pressed()).toBe(0);
    await screen.tableShown();
  });

  it('should open the same chain from a copied address in a second tab', async () => {
    const screen = await open();
    await screen.page.keyboard.press('/');
    await screen.page.keyboard.type('m&m');
    await screen.page.keyboard.press('Enter');
    await shows(screen, 'M&M');
    await screen.page.keyboard.press('ArrowRight');
    await screen.tableShown();
    const second = await screens.tab(screen, screen.page.url());
    await second.tableShown();
    expect(second.page.url()).toBe(screen.page.url());
    expect(await second.page.title()).toBe(await screen.page.title());
  });

  it('should come back to the chain of the last visit', async () => {
    const screen = await open();
    await screen.page.keyboard.press('ArrowRight');
    const { hash } = new URL(screen.page.url());
    const again = await screens.tab(screen, house.url);
    await again.tableShown();
    expect(new URL(again.page.url()).hash).toBe(hash);
  });
});
