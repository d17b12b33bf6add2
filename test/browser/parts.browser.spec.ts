import type { Route } from 'playwright-core';
import { describeInChromium, type Screen } from '../support/browser.js';
import { showFake, startFake, type Fake } from '../support/browser-fake.js';

/** What files that do not come leave behind, and a reload in the midst of fetching others. */
const PROVOKED = [/ERR_FAILED/, /404/, /ERR_ABORTED/];
const offline = (route: Route): Promise<void> => route.abort();
/** An upgraded server has other names for its files. */
const upgraded = (route: Route): Promise<void> =>
  route.fulfill({ status: 404, contentType: 'application/json', body: '{}' });

describeInChromium('parts of the page that do not come', (screens) => {
  let fake: Fake;
  let visitors: Fake;

  beforeAll(async () => {
    fake = await startFake();
    visitors = await startFake({ signedIn: false });
  });
  afterAll(async () => {
    await fake.tracker.close();
    await visitors.tracker.close();
  });

  /** The files of one name do not come any more. @returns lets them come again */
  async function without(
    screen: Screen,
    part: string,
    answer: (route: Route) => Promise<void> = offline,
  ): Promise<() => Promise<void>> {
    screen.provokes(...PROVOKED);
    const files = new RegExp(`/assets/${part}-[^/]+\\.js$`);
    await screen.page.route(files, answer);
    return () => screen.page.unroute(files);
  }

  const alert = (screen: Screen): ReturnType<Screen['page']['getByRole']> => screen.page.getByRole('alert');
  const reload = (screen: Screen): Promise<void> =>
    screen.page.getByRole('button', { name: 'Reload' }).click();

  it.each([
    ['the server does not answer', offline],
    ['an upgraded server has it no more', upgraded],
  ])('should say so in place of the table when %s, and show it after a reload', async (_, answer) => {
    const screen = await showFake(screens, fake);
    const back = await without(screen, 'workspace', answer);
    await screen.page.reload();
    await alert(screen).filter({ hasText: 'A part of this page could not be loaded.' }).waitFor();
    await screen.shot('part-workspace');
    await back();
    await reload(screen);
    await screen.tableShown();
  });

  it('should say so in place of the login', async () => {
    const screen = await screens.show(visitors.url);
    const back = await without(screen, 'Login');
    await screen.page.reload();
    await alert(screen).filter({ hasText: 'could not be loaded' }).waitFor();
    await back();
    await reload(screen);
    await screen.page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
  });

  it('should say so in place of the market page', async () => {
    const screen = await showFake(screens, fake);
    const back = await without(screen, 'MarketPage', upgraded);
    await screen.page.evaluate(`location.hash = '#/market'`);
    await screen.page.reload();
    await alert(screen).filter({ hasText: 'could not be loaded' }).waitFor();
    await back();
    await reload(screen);
    await screen.page.locator('table.market-board tbody tr').first().waitFor();
  });

  it('should say so beside the table, which stays, when a dialog does not come', async () => {
    const screen = await screens.show(fake.url);
    await without(screen, 'HelpDialog', upgraded);
    await screen.page.reload();
    await screen.tableShown();
    await screen.page.keyboard.press('?');
    await alert(screen).filter({ hasText: 'could not be loaded' }).waitFor();
    await screen.shot('part-dialog');
    const box = await alert(screen).boundingBox();
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(900);
    const { slot: before } = await screen.board();
    fake.tracker.tick();
    await screen.boardWhen('a newer table', ({ slot }) => slot !== before);
    await screen.page.getByRole('button', { name: 'Close', exact: true }).click();
    await alert(screen).waitFor({ state: 'detached' });
    expect(await screen.page.locator('table.board').count()).toBe(1);
  });

  it('should say once that no cell can be explained', async () => {
    const screen = await screens.show(fake.url);
    await without(screen, 'BoardTooltip');
    await screen.page.reload();
    await screen.tableShown();
    const name = `call:${fake.table().atmStrike}:w1`;
    await screen.cell(name).hover();
    await alert(screen).filter({ hasText: 'could not be loaded' }).waitFor();
    await screen.page.getByRole('button', { name: 'Close', exact: true }).click();
    await screen.cell(name.replace('call', 'put')).hover();
    await alert(screen).waitFor({ state: 'detached' });
  });

  it('should not stay blank when the first script does not come', async () => {
    const screen = await screens.show(visitors.url);
    const back = await without(screen, 'start');
    await screen.page.reload();
    await alert(screen).filter({ hasText: 'OI Tracker could not be loaded' }).waitFor();
    await screen.shot('part-start');
    await back();
    await reload(screen);
    await screen.page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
  });

  it('should fetch what stands behind the sign-in as soon as someone moves on the login page, not before', async () => {
    const screen = await screens.show(visitors.url);
    await screen.page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
    const asked = (): string[] => screen.requests.filter((url) => url.includes('/assets/workspace-'));
    expect(asked()).toEqual([]);
    const request = screen.page.waitForRequest(/\/assets\/workspace-/);
    await screen.page.mouse.move(200, 200);
    await request;
    await screen.page.keyboard.press('Tab');
    expect(asked()).toHaveLength(1);
  });
});
