import { describeInChromium } from '../support/browser.js';
import { cleanUp, startDemo, type House } from '../support/harness.js';
import { Visitor } from '../support/harness-client.js';

describeInChromium('signing in and out', (screens) => {
  let house: House;

  beforeAll(async () => {
    house = await startDemo();
    // The first table must be there before the first person is.
    await (await Visitor.enter(house.url)).whenInstrumentsAreReady('NIFTY');
  });
  afterAll(() => cleanUp());

  it('should take one click into the demo market, which says that it is simulated', async () => {
    const screen = await screens.show(house.url);
    await screen.page.getByText('A simulated market: nothing to sign up for').waitFor();
    await screen.shot('sign-in');
    await screen.enterDemo();
    await screen.page.getByText('Simulated market', { exact: true }).waitFor();
    expect(await screen.page.title()).toMatch(/^NIFTY \d{4}-\d\d-\d\d · OI Tracker$/);
  });

  it('should still be signed in after a reload', async () => {
    const screen = await screens.show(house.url);
    await screen.enterDemo();
    await screen.reload();
    await screen.tableShown();
  });

  it('should say what is wrong with a pasted token, and stay where it is', async () => {
    const screen = await screens.show(house.url);
    screen.provokes(/401/);
    await screen.page.getByRole('button', { name: 'Access token', exact: true }).click();
    await screen.page.getByLabel('Access token or Analytics Token').fill('not-a-token');
    await screen.page.getByRole('button', { name: 'Check and sign in' }).click();
    await screen.page.getByRole('alert').filter({ hasText: 'did not accept this access token' }).waitFor();
    await screen.shot('sign-in-refused');
    expect(await screen.page.locator('table.board').count()).toBe(0);
  });

  it('should take a pasted token that the broker accepts', async () => {
    const screen = await screens.show(house.url);
    await screen.page.getByRole('button', { name: 'Access token', exact: true }).click();
    await screen.page.getByLabel('Access token or Analytics Token').fill(' demo ');
    await screen.page.getByRole('button', { name: 'Check and sign in' }).click();
    await screen.tableShown();
  });

  it("should go to the broker's page and come back signed in", async () => {
    const screen = await screens.show(house.url);
    screen.provokes(new RegExp(`another origin: ${house.simulator}/`), /404.*favicon.ico/);
    await screen.page.getByLabel('API key').fill('my-key');
    await screen.page.getByLabel('API secret').fill('my-secret');
    await screen.page.getByRole('button', { name: 'Continue to Upstox' }).click();
    await screen.page.getByRole('heading', { name: 'Simulated sign-in' }).waitFor();
    await screen.page.getByRole('link', { name: 'Sign in to the simulated market' }).click();
    await screen.tableShown();
    const address = new URL(screen.page.url());
    expect([address.origin, address.search]).toEqual([house.url, '']);
    await screen.page.getByRole('button', { name: 'Account and settings' }).click();
    await screen.page.locator('#account').getByText('Upstox login').waitFor();
  });

  it('should say when the sign-in was denied at the broker', async () => {
    const screen = await screens.show(`${house.url}/callback?error=access_denied`);
    await screen.page.getByRole('alert').filter({ hasText: 'Upstox did not grant access' }).waitFor();
    expect(new URL(screen.page.url()).search).toBe('');
  });

  it('should refuse an answer of the broker that nobody here asked for', async () => {
    const screen = await screens.show(`${house.url}/callback?code=stolen&state=guessed`);
    await screen.page
      .getByRole('alert')
      .filter({ hasText: 'did not belong to a sign-in started here' })
      .waitFor();
  });

  it('should end every tab when one signs out, and say why', async () => {
    const screen = await screens.show(house.url);
    await screen.enterDemo();
    const other = await screens.tab(screen, house.url);
    await other.tableShown();
    await screen.page.getByRole('button', { name: 'Account and settings' }).click();
    await screen.page.getByRole('button', { name: 'Sign out' }).click();
    await screen.page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
    await other.page.getByText('You signed out.').waitFor();
    await other.page.getByRole('button', { name: 'Enter the demo market' }).waitFor();
    expect(await other.page.locator('table.board').count()).toBe(0);
  });
});
