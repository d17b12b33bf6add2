import { FakeTracker } from '../browser/fixtures/fake-server.mjs';
import type { Screen, Screens } from './browser.js';
import type { Table } from '../../server/protocol/index.js';

/** NIFTY with its nearest expiry: what the fake market shows first. */
export const NIFTY = 'NSE_INDEX|Nifty 50';
export const NEAREST = '2026-08-18';

export interface Fake {
  tracker: FakeTracker;
  url: string;
  /** The table that a screen of NIFTY must show now. */
  table: () => Table;
}

/**
 * A tracker's HTTP and socket side without a tracker, on a free port, in this process. Its clock stands still unless
 * `rate` says otherwise; minutes pass when the test calls `tracker.tick()`. Close it in `afterAll`.
 */
export async function startFake(
  options: { scenario?: string; signedIn?: boolean; rate?: number } = {},
): Promise<Fake> {
  const tracker = new FakeTracker({ rate: 0, ...options });
  const url = `http://127.0.0.1:${await tracker.listen()}`;
  return { tracker, url, table: () => tracker.table(NIFTY, NEAREST) };
}

/** A screen that shows the fake market's table, after some keys have been pressed. */
export async function showFake(screens: Screens, fake: Fake, keys = ''): Promise<Screen> {
  const screen = await screens.show(fake.url);
  await screen.tableShown();
  for (const key of keys) await screen.page.keyboard.press(key);
  return screen;
}
