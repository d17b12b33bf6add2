import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { generatedMarket, type Market } from '../../server/simulator/index.js';
import { DAY, type Fort, openFort } from '../medium/attacks/fort.js';
import { describeInChromium, type Screen, until } from '../support/browser.js';
import { startFake, type Fake } from '../support/browser-fake.js';
import { cleanUp, projectRoot, startDemo, type House } from '../support/harness.js';
import { Visitor } from '../support/harness-client.js';

describeInChromium('S16 a page that holds what it is told', (screens) => {
  let house: House;

  beforeAll(async () => {
    house = await startDemo();
    await (await Visitor.enter(house.url)).whenInstrumentsAreReady('NIFTY');
  });
  afterAll(() => cleanUp());

  /** Does something inside the page that the policy must stop. */
  async function inject(screen: Screen, script: string): Promise<void> {
    screen.provokes(/Content Security Policy/, /127\.0\.0\.2:9/);
    await screen.page.evaluate(script);
  }

  it.each([
    [
      'an inline script',
      `{ const s = document.createElement('script'); s.textContent = 'globalThis.broken = 1'; document.body.append(s); }`,
    ],
    [
      'a handler in the markup',
      `document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="globalThis.broken = 1">')`,
    ],
    [
      'a script of another site',
      `{ const s = document.createElement('script'); s.src = 'http://127.0.0.2:9/x.js'; document.body.append(s); }`,
    ],
  ])('should stop %s by its policy', async (_what, script) => {
    const screen = await screens.show(house.url);
    await screen.enterDemo();
    await inject(screen, script);
    await expect(
      screen.page.waitForFunction('probe.violations().length > 0', undefined, { timeout: 10_000 }),
    ).resolves.toBeDefined();
    expect(await screen.page.evaluate('globalThis.broken ?? null')).toBeNull();
    expect(await screen.probe<string[]>('violations()')).toEqual([expect.stringMatching(/^script-src/)]);
  });

  it('should keep no token where a script of the page can read it', async () => {
    const screen = await screens.show(house.url);
    screen.provokes(new RegExp(`another origin: ${house.simulator}/`), /404.*favicon.ico/);
    await screen.page.getByLabel('API key').fill('my-key');
    await screen.page.getByLabel('API secret').fill('my-secret');
    await screen.page.getByRole('button', { name: 'Continue to Upstox' }).click();
    await screen.page.getByRole('link', { name: 'Sign in to the simulated market' }).click();
    await screen.tableShown();
    const stored = await screen.probe<string>('stored()');
    expect(stored).toContain('oi-tracker:settings');
    for (const secret of [/eyJ/, /my-key/, /my-secret/, /token/i]) expect(stored).not.toMatch(secret);
    expect(JSON.parse(stored)).toEqual([{ 'oi-tracker:settings': expect.any(String) }, {}, '']);
    expect(await screen.page.evaluate('indexedDB.databases()')).toEqual([]);
    const cookies = await screen.page.context().cookies(house.url);
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  });

  it('should ask nobody but its own server for anything', async () => {
    const screen = await screens.show(house.url);
    await screen.enterDemo();
    await screen.page.getByRole('button', { name: 'Look back' }).click();
    await screen.page.getByRole('form', { name: 'Look back' }).waitFor();
    const hosts = new Set(screen.requests.map((url) => new URL(url).host));
    expect([...hosts]).toEqual([new URL(house.url).host]);
  });
});

const EVIL = '<img src=x onerror="globalThis.broken = 1">';

describeInChromium('S17 words that a server may say, whatever they are', (screens) => {
  let fake: Fake;

  beforeAll(async () => {
    fake = await startFake();
  });
  afterAll(() => fake.tracker.close());

  it('should show an instrument whose name is markup as text', async () => {
    const screen = await screens.show('about:blank');
    screen.provokes(/another origin/);
    await screen.page.route('**/api/underlyings', async (route) => {
      const list = (await (await route.fetch()).json()) as object[];
      await route.fulfill({ json: list.map((one) => ({ ...one, symbol: EVIL, name: EVIL })) });
    });
    await screen.page.goto(fake.url);
    await screen.tableShown();
    await screen.page.keyboard.press('/');
    await screen.page.getByRole('option').first().waitFor();
    expect(await screen.page.getByRole('option').first().innerText()).toContain(EVIL);
    await screen.shot('security-evil-name');
    await expectUnbroken(screen);
  });

  it('should show a message of the server that is markup as text', async () => {
    fake.tracker.message = EVIL;
    fake.tracker.set('waiting');
    const screen = await screens.show(fake.url);
    await screen.page.getByText(EVIL).first().waitFor();
    await expectUnbroken(screen);
  });

  it('should not follow an address that is markup', async () => {
    fake.tracker.message = null;
    fake.tracker.set('live');
    const screen = await screens.show(
      `${fake.url}/?error=${encodeURIComponent(EVIL)}#/${encodeURIComponent(EVIL)}/2026-08-18`,
    );
    await screen.tableShown();
    await expectUnbroken(screen);
  });
});

/** All names in its instrument list are markup, and so is the symbol of one share. */
function hostileMarket(): Market {
  const market = generatedMarket({ seed: 7, date: DAY });
  const rows = market.instruments().map((row) => ({
    ...row,
    name: EVIL,
    trading_symbol: EVIL,
    short_name: EVIL,
    ...(row.underlying_symbol === 'ITC' ? { underlying_symbol: EVIL, asset_symbol: EVIL } : {}),
  }));
  return new Proxy(market, {
    get: (target, property) => {
      if (property === 'instruments') return () => rows;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describeInChromium('S17 words of the broker, through the running server', (screens) => {
  let fort: Fort;

  beforeAll(async () => {
    const clientDir = join(projectRoot, 'dist/client');
    fort = await openFort({ market: hostileMarket(), clientDir, rate: 1 });
    await fort.ready();
  });
  afterAll(() => fort.close());

  it('should say in words of its own that the broker refuses a token, whatever words that comes with', async () => {
    const refusal = { type: 'status', status: 400, code: 'UDAPI100011', message: EVIL } as const;
    fort.simulator.faults.inject('profile', refusal);
    fort.simulator.faults.inject('market-status', refusal);
    const screen = await screens.show(fort.url);
    screen.provokes(/\b401\b/);
    await screen.page.getByRole('button', { name: 'Access token', exact: true }).click();
    await screen.page.getByLabel('Access token or Analytics Token').fill('some-token');
    await screen.page.getByRole('button', { name: 'Check and sign in' }).click();
    await screen.page.getByRole('alert').filter({ hasText: 'did not accept this access token' }).waitFor();
    expect(await screen.page.locator('body').innerText()).not.toContain('onerror');
    await expectUnbroken(screen);
    fort.simulator.faults.clear();
  });

  it('should show names of instruments and of people that are markup as text, and bring no such symbol', async () => {
    const cookie = await fort.signIn();
    await fort.app.get(DataSource).query('UPDATE sign_in SET name = $1', [EVIL]);
    const screen = await screens.show(fort.url, { cookie });
    await screen.tableShown();
    await screen.page.getByRole('button', { name: 'Account and settings' }).click();
    await screen.page.locator('#account').getByText(EVIL).waitFor();
    await screen.page.keyboard.press('Escape');
    await screen.page.keyboard.press('/');
    const options = screen.page.getByRole('option');
    await options.first().waitFor();
    const listed = await options.allInnerTexts();
    expect(listed.length).toBeGreaterThan(10);
    // The name stands beside the symbol, which is never markup.
    for (const text of listed) expect(text.replaceAll(EVIL, '')).not.toMatch(/[<>]/);
    expect(listed.filter((text) => text.includes(EVIL)).length).toBeGreaterThan(10);
    expect(listed.join()).not.toMatch(/\bITC\b/);
    await screen.shot('security-evil-list');
    await screen.page.keyboard.type('HDFCBANK');
    await screen.page.keyboard.press('Enter');
    await until('the other chain', async () => (await screen.page.title()).startsWith('HDFCBANK'));
    await screen.tableShown();
    await expectUnbroken(screen);
  });
});

/** No script of the words ran, nothing was made of them, and nothing was left for the policy to stop. */
async function expectUnbroken(screen: Screen): Promise<void> {
  expect(await screen.page.evaluate('globalThis.broken ?? null')).toBeNull();
  expect(await screen.page.locator('img').count()).toBe(0);
  expect(await screen.probe<string[]>('violations()')).toEqual([]);
}
