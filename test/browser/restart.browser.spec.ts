import { describeInChromium, type Screen, until } from '../support/browser.js';
import { cleanUp, cliScript, start, startDemo, tempFolder, type Program } from '../support/harness.js';
import { Visitor } from '../support/harness-client.js';

const RATE = '20';

/** `HH:MM` some minutes after the slot that a foot names. */
function later(slot: string | null, minutes: number): string {
  const [, hour, minute] = /(\d\d):(\d\d)$/.exec(slot ?? '') ?? [];
  const total = Number(hour) * 60 + Number(minute) + minutes;
  return [Math.floor(total / 60), total % 60].map((n) => String(n).padStart(2, '0')).join(':');
}

/** Seconds that the feed's label gives as the age. */
async function ageOf(screen: Screen): Promise<number | null> {
  const [, minutes = '0', seconds] = /·\s*(?:(\d+) min )?(\d+) s/.exec(await screen.feed.innerText()) ?? [];
  return seconds === undefined ? null : Number(minutes) * 60 + Number(seconds);
}

describeInChromium('a server that is killed and started again under a screen', (screens) => {
  const folder = tempFolder();

  afterAll(() => cleanUp());

  /** The same server again: same port, same data, some market minutes later. */
  async function startAgain(url: string, from: string): Promise<Program> {
    const { port } = new URL(url);
    const program = start([
      cliScript,
      'demo',
      '--start',
      from,
      '--rate',
      RATE,
      '--port',
      port,
      '--data',
      folder,
    ]);
    await program.printed(/listening on (\S+)/);
    return program;
  }

  it('should say so with a growing age, keep the table, recover by itself and show what a fresh page shows', async () => {
    const house = await startDemo(['--start', '10:30', '--rate', RATE], folder);
    const { cookie } = await Visitor.enter(house.url);
    const screen = await screens.show(house.url, { cookie });
    screen.provokes(/WebSocket|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
    await screen.tableShown();
    await screen.page.keyboard.press('4');
    const started = (await screen.board()).slot;
    await screen.boardWhen('the next minute', ({ slot }) => slot !== started);
    await screen.page.evaluate('globalThis.sameDocument = true');

    await house.program.kill();
    await screen.feed.filter({ hasText: 'Server gone' }).waitFor();
    const kept = await screen.board();
    const age = await until('an age', () => ageOf(screen));
    await until('a greater age', async () => ((await ageOf(screen)) ?? 0) >= age + 2);
    await screen.page.getByText("No word from the tracker's server since").waitFor();
    await screen.shot('restart-gone');
    expect(await screen.board()).toEqual(kept);
    expect(kept.rows.length).toBeGreaterThan(50);

    await startAgain(house.url, later(kept.slot, 3));
    await screen.feed.filter({ hasText: 'Live' }).waitFor({ timeout: 60_000 });
    await screen.boardWhen('a newer table', ({ slot }) => slot !== kept.slot, 60_000);
    expect(await screen.page.evaluate('globalThis.sameDocument')).toBe(true);

    const fresh = await screens.show(house.url, { cookie });
    await fresh.tableShown();
    await fresh.page.keyboard.press('4');
    const [ours, theirs] = await until('both screens at the same minute', async () => {
      const boards = await Promise.all([screen.board(), fresh.board()]);
      const [mine, other] = boards;
      return mine.slot === other.slot && mine.rows.length === other.rows.length && boards;
    });
    expect(ours).toEqual(theirs);
    expect(ours.rows.length).toBeGreaterThan(50);
    await screen.shot('restart-back');
  });
});
