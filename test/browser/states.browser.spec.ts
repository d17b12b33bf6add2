import { describeInChromium, type Screen, until } from '../support/browser.js';
import { expectedBoard, FIRST_VIEW } from '../support/browser-board.js';
import { startFake, type Fake } from '../support/browser-fake.js';

describeInChromium('what the screen says when not all is well', (screens) => {
  let fake: Fake;

  beforeEach(async () => {
    fake = await startFake();
  });
  afterEach(() => fake.tracker.close());

  async function show(scenario: string, hash = ''): Promise<Screen> {
    fake.tracker.set(scenario);
    return screens.show(`${fake.url}/${hash}`);
  }

  const says = (screen: Screen, text: string | RegExp): Promise<void> =>
    screen.page.getByText(text).waitFor();
  const heading = (screen: Screen, name: string): Promise<void> =>
    screen.page.getByRole('heading', { name }).waitFor();

  it('should say that it waits for the first capture, and show the table when it comes', async () => {
    const screen = await show('waiting');
    await heading(screen, 'Waiting for the first capture');
    await screen.shot('state-waiting');
    fake.tracker.set('live');
    await screen.tableShown();
  });

  it('should count while the list of instruments is imported, and go on by itself', async () => {
    const screen = await show('importing');
    await heading(screen, 'Importing the list of instruments');
    await says(screen, '48,213 contracts so far');
    await screen.shot('state-importing');
    fake.tracker.set('live');
    await screen.tableShown();
    expect(await screen.board()).toEqual(expectedBoard(fake.table()));
  });

  it('should show the last table of a closed market, labelled with its time', async () => {
    const screen = await show('closed');
    await screen.tableShown();
    await screen.feed.filter({ hasText: 'Closed' }).waitFor();
    await says(screen, /NSE derivatives are closed\. The table is of 14:32\. Opens 19 Aug 09:10\./);
    expect(await screen.board()).toEqual(expectedBoard(fake.table()));
    await screen.shot('state-closed');
  });

  it('should say that an expiry has no data in a closed market', async () => {
    const screen = await show('no-data');
    await heading(screen, 'No data for this expiry');
  });

  it('should say that a new sign-in is needed, with the button for it', async () => {
    const screen = await show('sign-in-needed');
    await screen.tableShown();
    await screen.feed.filter({ hasText: 'Sign-in needed' }).waitFor();
    await says(screen, 'Nothing new is collected until you sign in again.');
    await screen.shot('state-sign-in-needed');
    await screen.page.getByRole('button', { name: 'Sign in again' }).click();
    await screen.page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
  });

  it('should say that it rebuilds the last 35 minutes', async () => {
    const screen = await show('back-filling');
    await screen.tableShown();
    await screen.feed.filter({ hasText: 'Back-filling' }).waitFor();
    await says(screen, /rebuilt from one-minute candles\. Windows fill/);
  });

  it('should say that numbers are stale, with an age that grows, and grey them', async () => {
    await fake.tracker.close();
    fake = await startFake({ rate: 1 });
    const screen = await show('stale');
    await screen.tableShown();
    const age = async (): Promise<number> => {
      const [, minutes, seconds = '0'] =
        /Stale\s*·\s*(\d+) min(?: (\d+) s)?/.exec(await screen.feed.innerText()) ?? [];
      return Number(minutes) * 60 + Number(seconds);
    };
    const first = await until('an age', age);
    expect(first).toBeGreaterThanOrEqual(400);
    await until('a greater age', async () => (await age()) >= first + 2);
    await screen.shot('state-stale');
    expect(await screen.page.locator('.frame.faded').count()).toBe(1);
    expect((await screen.board()).rows).toHaveLength(7);
  });

  it('should go to the login when the sign-in has ended, and say why', async () => {
    const screen = await show('live');
    await screen.tableShown();
    fake.tracker.end();
    await says(screen, 'Your sign-in has expired. Sign in again.');
    expect(await screen.page.locator('table.board').count()).toBe(0);
  });

  it('should keep the table and come back by itself when the line breaks', async () => {
    const screen = await show('live');
    await screen.tableShown();
    fake.tracker.drop();
    fake.tracker.tick();
    const { slot } = expectedBoard(fake.table());
    expect((await screen.board()).rows).toHaveLength(7);
    await screen.boardWhen('the minute that it missed', (board) => board.slot === slot);
    await screen.feed.filter({ hasText: 'Live' }).waitFor();
    expect(await screen.board()).toEqual(expectedBoard(fake.table()));
  });

  it.each([
    [
      'an error of the server',
      500,
      JSON.stringify({ error: { code: 'internal', message: 'The disk is full.' } }),
      'The disk is full.',
    ],
    ['something that is not the tracker', 502, '<html>Bad gateway</html>', 'was not JSON'],
  ])('should say so and offer another try on %s', async (_what, status, body, words) => {
    fake.tracker.set('live');
    const screen = await screens.show('about:blank');
    screen.provokes(new RegExp(`status of ${status}|answer ${status}|another origin`));
    let tries = 0;
    await screen.page.route('**/api/underlyings', (route) => {
      tries++;
      return route.fulfill({ status, body });
    });
    await screen.page.goto(fake.url);
    await screen.page.getByRole('alert').filter({ hasText: words }).waitFor();
    await screen.shot(`state-${status}`);
    // The screen tries once more by itself when its line is up; after that only the button does.
    await until('the try of its own', () => tries === 2);
    await screen.page.unroute('**/api/underlyings');
    await screen.page.getByRole('button', { name: 'Try again' }).click();
    await screen.tableShown();
  });

  it('should say so and try again by itself when the server answers nothing at the start', async () => {
    const screen = await screens.show('about:blank');
    screen.provokes(/ERR_CONNECTION_REFUSED|another origin/);
    let refusals = 0;
    await screen.page.route('**/api/auth/session', (route) => {
      refusals++;
      return refusals > 1 ? route.continue() : route.abort('connectionrefused');
    });
    await screen.page.goto(fake.url);
    await screen.page.getByRole('alert').filter({ hasText: 'The tracker did not answer' }).waitFor();
    await screen.tableShown();
  });

  it('should offer the nearest expiry when the address names one that is not listed', async () => {
    const screen = await show('live', '#/NIFTY/2031-01-01');
    await says(screen, 'There is no expiry 2031-01-01.');
    await screen.shot('state-unknown-expiry');
    await screen.page.getByRole('button', { name: 'Go to the nearest expiry' }).click();
    await screen.tableShown();
    expect(new URL(screen.page.url()).hash).toBe('#/NIFTY/2026-08-18');
  });

  it('should say so when an instrument has no expiry at all', async () => {
    const screen = await screens.show('about:blank');
    screen.provokes(/another origin/);
    await screen.page.route('**/expiries', (route) => route.fulfill({ json: [] }));
    await screen.page.route('**/api/underlyings', async (route) => {
      const answer = await route.fetch();
      const list = (await answer.json()) as { nearestExpiry: string | null }[];
      await route.fulfill({ json: list.map((one) => ({ ...one, nearestExpiry: null })) });
    });
    await screen.page.goto(fake.url);
    await heading(screen, 'No expiry');
    await screen.shot('state-no-expiry');
  });

  it('should show the whole chain without ATM when the spot is not known, and say so', async () => {
    const screen = await show('nospot');
    await screen.tableShown();
    await says(screen, 'The broker gave no spot price, so there is no ATM strike: the whole chain is shown.');
    await screen.shot('state-no-spot');
    const board = await screen.board();
    expect(board).toEqual(expectedBoard(fake.table(), FIRST_VIEW));
    expect(board.rows).toHaveLength(81);
    expect(board.rows.some(({ atm }) => atm)).toBe(false);
  });

  it('should keep right tables under a server whose frames are of a newer version', async () => {
    const screen = await show('live');
    await screen.tableShown();
    for (let minute = 0; minute < 3; minute++) {
      fake.tracker.tick({ version: 2 });
      const expected = expectedBoard(fake.table());
      expect(await screen.boardWhen('the newest table', ({ slot }) => slot === expected.slot)).toEqual(
        expected,
      );
    }
  });

  it('should look back at a minute, name it, and return to the live table', async () => {
    const screen = await show('live');
    await screen.tableShown();
    await screen.page.getByRole('button', { name: 'Look back' }).click();
    await screen.page.getByLabel('Time (IST)').fill('14:20');
    await screen.page.getByRole('button', { name: 'Show', exact: true }).click();
    await says(screen, 'Past: 14:20');
    await screen.shot('state-past');
    expect((await screen.board()).slot).toContain('14:20');
    await screen.page.getByRole('button', { name: 'Back to live' }).click();
    const { slot } = expectedBoard(fake.table());
    await screen.boardWhen('the live table', (board) => board.slot === slot);
  });
});
