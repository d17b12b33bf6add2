/**
 * A change frame on the table in Chromium: what it costs the main thread, for tables of 14, 60 and 120 strikes; against
 * the same cells written by hand, and the whole table written anew, in the same page. Whether only changed cells are
 * touched; and how evenly the long table scrolls while changes come in.
 */
import {
  counted,
  byHand,
  idle,
  plainly,
  pushed,
  rewritten,
  scroll,
  settle,
  showPeer,
  showPlain,
} from './support/apply-cost.mjs';
import { openHouse } from './support/house.mjs';
import { noBrowser, observeCells, observeStrip, openPage } from './support/page.mjs';
import { line } from './support/report.mjs';
import { median, percentile } from './support/stats.mjs';

export const name = 'client-apply';
export const title = 'a change frame applied to the table in Chromium, and scrolling meanwhile';
export const goal =
  'script, style and layout: 14 strikes, all cells ≤ 5 ms; 60 strikes, 30 % ≤ 8 ms; 120 strikes, 30 % ≤ 16 ms; less than a full ' +
  're-render; touched cells = changed cells; 60 frames a second while scrolling';

/**
 * `moves`: shares of the legs that move in a minute; their OI moves two cells of a window, now and when it becomes the
 * base. `share` of the cells of a plain table changes. `limit` in ms was set where the plain table took `plain` ms.
 */
const CASES = [
  { strikes: 14, moves: { oi: 1, ltp: 1, volume: 1 }, share: 1, limit: 5, plain: 4.6 },
  { strikes: 60, moves: { oi: 0.16, ltp: 0.5, volume: 0.5 }, share: 0.3, limit: 8, plain: 6.7 },
  { strikes: 120, moves: { oi: 0.16, ltp: 0.5, volume: 0.5 }, share: 0.3, limit: 16, plain: 13.4 },
];
/** Changes before anything is measured: the goals are those of a page that had long been changing, five times a second. */
const WARM_UP = 20;
const FRAMES_A_ROUND = 4;
const FLASH_MS = 1_200;
const SCROLL_MS = 6_000;
const PUSHES_WHILE_SCROLLING = 4;
/** At 60 a second, ms. */
const FRAME_MS = 1_000 / 60;

/** Every measurement of one round: ours with and without flashing, the peers, and nothing at all. */
async function round(house, screen, samples, { strikes, share }) {
  const { page } = screen;
  for (let i = 0; i < FRAMES_A_ROUND; i++)
    samples.ours.push(await pushed(house, screen, i === 0 ? FLASH_MS : 0));
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.waitForTimeout(FLASH_MS);
  for (let i = 0; i < FRAMES_A_ROUND; i++) samples.calm.push(await pushed(house, screen));
  await page.evaluate(showPeer, true);
  for (let i = 0; i < FRAMES_A_ROUND; i++) samples.hand.push(await byHand(house, screen));
  for (let i = 0; i < FRAMES_A_ROUND; i++) samples.anew.push(await rewritten(screen));
  for (let i = 0; i < 3; i++) samples.idle.push(await idle(screen));
  await page.evaluate(showPeer, false);
  await page.evaluate(showPlain, strikes);
  for (let i = 0; i < FRAMES_A_ROUND; i++) samples.plain.push(await plainly(screen, share));
  await page.evaluate(showPlain, 0);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await settle(page);
}

/** Scrolls from end to end while changes come in. */
async function scrolled(house, { page }) {
  const result = page.evaluate(scroll, SCROLL_MS);
  for (let i = 0; i < PUSHES_WHILE_SCROLLING; i++) {
    await page.waitForTimeout(SCROLL_MS / (PUSHES_WHILE_SCROLLING + 1));
    await house.tick();
  }
  return result;
}

async function measured(one, { runs, quick }) {
  const { strikes, moves } = one;
  const house = await openHouse({ strikes, moves });
  const samples = { ours: [], calm: [], hand: [], anew: [], idle: [], plain: [], counts: [] };
  let screen;
  try {
    screen = await openPage(house, 'all');
    await screen.page.evaluate(observeStrip);
    for (let i = 0; i < (quick ? 3 : WARM_UP); i++) await pushed(house, screen);
    for (let i = 0; i < runs; i++) await round(house, screen, samples, one);
    const scrolling = strikes === 120 ? await scrolled(house, screen) : null;
    // Watching every cell costs script, so it is done apart.
    await screen.page.evaluate(observeCells);
    for (let i = 0; i < (quick ? 4 : 8); i++) samples.counts.push(await counted(house, screen));
    if (screen.errors.length > 0) throw new Error(`the page failed: ${screen.errors.join('; ')}`);
    return rows(one, samples, scrolling);
  } finally {
    await screen?.close();
    await house.close();
  }
}

export async function run(context) {
  const reason = noBrowser();
  if (reason !== null) return { skipped: reason };
  const results = [];
  for (const one of CASES) results.push(await measured(one, context));
  return { rows: results.flat() };
}

function rows({ strikes, limit, plain: wasPlain }, samples, scrolling) {
  const { ours, calm, hand, anew, idle: nothing, plain, counts } = samples;
  const of = (samples, kind) => median(samples.map((one) => one[kind]));
  const p99 = (samples, kind) =>
    percentile(
      samples.map((one) => one[kind]),
      0.99,
    );
  const [byHandPeer, anewPeer] = ['the same cells by hand', 'innerHTML of all rows'];
  const cells = of(counts, 'changed');
  const share = Math.round((100 * cells) / of(counts, 'cells'));
  const what = `${strikes} strikes, ${Math.round(cells)} cells (${share} %)`;
  const flashes = ours.filter(({ flash }) => flash !== undefined);
  return [
    line(`${what}: script, style and layout, median`, 'ms', of(calm, 'dom'), {
      ...{ peer: of(hand, 'dom'), against: byHandPeer, limit },
    }),
    // The goal's milliseconds, in those of a machine on which the plain table takes as long as it does here.
    line(`${what}: script, style and layout, median`, 'ms', of(calm, 'dom'), {
      ...{ peer: of(plain, 'dom'), against: 'a plain table', ratio: limit / wasPlain },
    }),
    line(`${what}: p99`, 'ms', p99(calm, 'dom'), { peer: p99(hand, 'dom'), against: byHandPeer }),
    ...['script', 'style', 'layout'].map((kind) =>
      line(`${what}: of that ${kind}, median`, 'ms', of(calm, kind), {
        peer: of(hand, kind),
        against: byHandPeer,
      }),
    ),
    line(`${what}: CPU of the main thread, painting too, median`, 'ms', of(calm, 'all'), {
      ...{ peer: of(anew, 'all'), against: anewPeer, ratio: 1 },
    }),
    line(`${what}: the same as shipped, cells in sight flash`, 'ms', of(ours, 'all'), {
      peer: of(anew, 'all'),
      against: anewPeer,
    }),
    line(`${what}: the second after it, while cells flash`, 'ms', of(flashes, 'flash')),
    line(`${what}: two frames without a change, for comparison`, 'ms', of(nothing, 'all')),
    line(
      `${what}: touched without a change, most of any frame`,
      'cells',
      Math.max(...counts.map(({ needless }) => needless)),
      { limit: 0 },
    ),
    ...(scrolling ? scrollRows(strikes, scrolling) : []),
  ];
}

function scrollRows(strikes, { gaps, long }) {
  const late = gaps.filter((gap) => gap > 1.5 * FRAME_MS).length;
  return [
    line(`${strikes} strikes, scrolling: between two frames, median`, 'ms', median(gaps), { limit: 17 }),
    line(`${strikes} strikes, scrolling: frames that came late`, '%', (100 * late) / gaps.length),
    line(
      `${strikes} strikes, scrolling with ${PUSHES_WHILE_SCROLLING} changes: tasks above 50 ms`,
      'tasks',
      long.length,
      { limit: 0 },
    ),
    line(`${strikes} strikes, scrolling: the longest of them`, 'ms', Math.max(0, ...long)),
  ];
}
