import { brotliCompressSync } from 'node:zlib';
import { join } from 'node:path';
import { describeInChromium, type Screen } from '../support/browser.js';
import { startFake, type Fake } from '../support/browser-fake.js';
import { cleanUp, projectRoot, start } from '../support/harness.js';

/** Bytes on the wire: up to the first table as in bin/budget.mjs, and to the login, which loads its own part on top of the start. */
const SCRIPT_BUDGET = { table: 50_000, login: 23_000 };
const REQUESTS = 12;

describeInChromium('what the first visit costs', (screens) => {
  let fake: Fake;

  beforeAll(async () => {
    fake = await startFake();
  });
  afterAll(async () => {
    await fake.tracker.close();
    await cleanUp();
  });

  /** Bodies of all scripts that a page loaded, compressed as a server would send them. */
  async function scriptBytes(screen: Screen): Promise<number> {
    const scripts = [...new Set(screen.requests)].filter((url) => url.endsWith('.js'));
    const bodies = await Promise.all(scripts.map(async (url) => (await screen.page.request.get(url)).body()));
    return bodies.reduce((sum, body) => sum + brotliCompressSync(body).length, 0);
  }

  it('should be few requests and little script up to the first table', async () => {
    const screen = await screens.show(fake.url);
    await screen.tableShown();
    expect(screen.requests.length).toBeLessThanOrEqual(REQUESTS);
    // Chromium itself may look at the page's icon again.
    const asked = screen.requests.filter((url) => !url.endsWith('favicon.svg'));
    expect(new Set(asked).size).toBe(asked.length);
    expect(await scriptBytes(screen)).toBeLessThanOrEqual(SCRIPT_BUDGET.table);
  });

  it('should be few requests and little script up to the login', async () => {
    const visitor = await startFake({ signedIn: false });
    const screen = await screens.show(visitor.url);
    await screen.page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
    expect(screen.requests.length).toBeLessThanOrEqual(REQUESTS);
    expect(await scriptBytes(screen)).toBeLessThanOrEqual(SCRIPT_BUDGET.login);
    await visitor.tracker.close();
  });

  it('should write with its own font, sent by its own server', async () => {
    const screen = await screens.show(fake.url);
    await screen.tableShown();
    const fonts = screen.requests.filter((url) => url.endsWith('.woff2'));
    expect(fonts).toEqual([expect.stringMatching(new RegExp(`^${fake.url}/assets/inter-`))]);
    await screen.page.waitForFunction(
      `document.fonts.check('14px Inter') && document.fonts.status === 'loaded'`,
    );
    const figures = await screen.page.evaluate<string>(
      `getComputedStyle(document.querySelector('table.board td')).fontVariantNumeric`,
    );
    expect(figures).toContain('tabular-nums');
  });

  it('should keep to the budget of the build', async () => {
    const budget = start([join(projectRoot, 'bin/budget.mjs')]);
    expect({ code: await budget.exited, output: budget.output }).toMatchObject({ code: 0 });
  });
});
