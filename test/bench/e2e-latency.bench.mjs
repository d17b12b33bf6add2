/** From the broker's last byte to the changed page: the built server, one real socket, Chromium. */
import { openHouse } from './support/house.mjs';
import { noBrowser, observeCells, openPage } from './support/page.mjs';
import { line } from './support/report.mjs';
import { median, nowMs, percentile, round } from './support/stats.mjs';

export const name = 'e2e-latency';
export const title = 'broker answer sent → the table on the page has changed, 250 legs, ATM ± 5 shown';
export const goal = 'p50 ≤ 50 ms, p99 ≤ 150 ms';

const CAPTURES = 150;

/**
 * How far the page's clock is ahead of ours in ms: the middle of the quickest of many round trips.
 * @returns the difference, and half of that round trip, which it may be wrong by
 */
async function clockDifference(page) {
  let best = { error: Infinity, ahead: 0 };
  for (let i = 0; i < 100; i++) {
    const sent = nowMs();
    const there = await page.evaluate(() => performance.timeOrigin + performance.now());
    const back = nowMs();
    if ((back - sent) / 2 < best.error) best = { error: (back - sent) / 2, ahead: there - (sent + back) / 2 };
  }
  return best;
}

async function once(house, page, ahead) {
  await page.evaluate(() => window.takeChanges());
  const { start } = await house.tick();
  const handle = await page.waitForFunction(() => window.firstChange(), null, { polling: 20 });
  const changedAt = (await handle.jsonValue()) - ahead;
  const sentAt = house.broker.lastSentAt();
  return { all: changedAt - sentAt, server: start - sentAt, browser: changedAt - start };
}

export async function run({ runs, quick }) {
  const reason = noBrowser();
  if (reason !== null) return { skipped: reason };
  const house = await openHouse();
  const samples = [];
  const errors = [];
  let screen;
  try {
    screen = await openPage(house, 5);
    await screen.page.evaluate(observeCells);
    await once(house, screen.page, 0);
    const each = Math.ceil((quick ? 30 : CAPTURES) / runs);
    for (let i = 0; i < runs; i++) {
      const { ahead, error } = await clockDifference(screen.page);
      errors.push(error);
      for (let n = 0; n < each; n++) samples.push(await once(house, screen.page, ahead));
    }
  } finally {
    await screen?.close();
    await house.close();
  }
  const of = (kind) => samples.map((one) => one[kind]);
  return {
    rows: [
      line('answer sent → DOM changed, p50', 'ms', median(of('all')), { limit: 50 }),
      line('answer sent → DOM changed, p99', 'ms', percentile(of('all'), 0.99), { limit: 150 }),
      line('of that: answer sent → handed to the sockets, p50', 'ms', median(of('server'))),
      line('of that: handed to the sockets → DOM changed, p50', 'ms', median(of('browser'))),
    ],
    detail: { captures: samples.length, clockErrorMs: round(Math.max(...errors)) },
  };
}
