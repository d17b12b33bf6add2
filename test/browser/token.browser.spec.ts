import { join } from 'node:path';
import { istAt } from '../../server/domain/slot.js';
import { DAY, type Fort, openFort } from '../medium/attacks/fort.js';
import { describeInChromium, type Screen, until } from '../support/browser.js';
import { projectRoot } from '../support/harness.js';

const MINUTE_MS = 60_000;

describeInChromium('F12 a broker token that dies under a screen, on a running server', (screens) => {
  let fort: Fort;

  beforeEach(async () => {
    // Nothing but the one chain asks with the token, and the clock runs as fast as the screen's.
    const env = { MARKET_SWEEP: 'off' };
    fort = await openFort({ clientDir: join(projectRoot, 'dist/client'), env, rate: 1 });
    await fort.ready();
  });
  afterEach(() => fort.close());

  /** A screen with a table, its token dead since. */
  async function abandoned(): Promise<Screen> {
    const screen = await screens.show(fort.url, { cookie: await fort.signIn() });
    await screen.tableShown();
    await screen.feed.filter({ hasText: 'Live' }).waitFor();
    for (const kind of ['option-chain', 'holidays', 'timings', 'intraday-candles'] as const)
      fort.simulator.faults.inject(kind, { type: 'token-death' }, Infinity);
    return screen;
  }

  /** Seconds that the feed's label gives as the age of the table. */
  async function ageOf(screen: Screen): Promise<number | null> {
    const [, minutes = '0', seconds = '0'] =
      /·\s*(?:(\d+) min)?\s*(?:(\d+) s)?/.exec(await screen.feed.innerText()) ?? [];
    const age = Number(minutes) * 60 + Number(seconds);
    return age > 0 ? age : null;
  }

  const again = (screen: Screen) => screen.page.getByRole('button', { name: 'Sign in again' });

  it('should keep the table, faded, with its age, offer a new sign-in, and be live again after it', async () => {
    const screen = await abandoned();
    const kept = await screen.board();
    expect(await screen.page.locator('.frame.faded').count()).toBe(0);
    fort.clock.advance(MINUTE_MS);
    await screen.feed.filter({ hasText: 'Sign-in needed' }).waitFor();
    const age = await until('an age', () => ageOf(screen));
    expect(age).toBeGreaterThanOrEqual(55);
    await until('a greater age', async () => ((await ageOf(screen)) ?? 0) >= age + 2);
    expect(await screen.board()).toEqual(kept);
    expect(await screen.page.locator('.frame.faded').count()).toBe(1);
    await screen.shot('token-died');

    await again(screen).click();
    fort.simulator.faults.clear();
    await screen.enterDemo();
    fort.clock.advance(MINUTE_MS);
    await screen.boardWhen('a newer minute', ({ slot }) => slot !== kept.slot);
    await screen.feed.filter({ hasText: 'Live' }).waitFor();
    expect(await screen.page.locator('.frame.faded').count()).toBe(0);
    expect(await again(screen).count()).toBe(0);
  });

  it('should offer the new sign-in while the market is closed too, and no more once there is one', async () => {
    const screen = await abandoned();
    fort.clock.advance(MINUTE_MS);
    await again(screen).waitFor();
    fort.clock.set(istAt(DAY, '15:45'));
    await screen.feed.filter({ hasText: 'Closed' }).waitFor();
    await screen.page.getByText('Sign in before the market opens, or nothing is collected.').waitFor();
    await again(screen).waitFor();
    await screen.shot('token-died-closed');
    await again(screen).click();
    fort.simulator.faults.clear();
    await screen.enterDemo();
    await screen.feed.filter({ hasText: 'Closed' }).waitFor();
    expect(await again(screen).count()).toBe(0);
  });
});
