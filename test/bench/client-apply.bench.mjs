/**
 * A change frame on a table of 120 strikes in Chromium: what it costs the main thread, and whether only changed cells
 * are touched; against writing the same table anew through innerHTML in the same page.
 */
import { openHouse } from './support/house.mjs';
import { noBrowser, observeCells, observeStrip, openPage } from './support/page.mjs';
import { line } from './support/report.mjs';
import { median, percentile } from './support/stats.mjs';

export const name = 'client-apply';
export const title = 'a change frame applied to a table of 120 strikes (2,040 cells) in Chromium';
export const goal = 'CPU of the main thread less than a full re-render; mutated cells = changed cells';

const STRIKES = 120;
const FRAMES_A_ROUND = 4;
const FLASH_MS = 1_000;

/** Two frames of the screen later all work of a change is done. */
const settle = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

const differences = (before, after) => {
  const ms = (name) => (after[name] - before[name]) * 1_000;
  const [script, style, layout] = [ms('ScriptDuration'), ms('RecalcStyleDuration'), ms('LayoutDuration')];
  return { script, style, layout, all: ms('TaskDuration') };
};

/** The cost of one frame; and, where asked, of the second after it, in which the changed cells flash. */
async function pushed(house, { page, costs }, withFlash) {
  await page.evaluate(() => window.forgetStrip());
  const before = await costs();
  await house.tick();
  await page.waitForFunction(() => window.stripChanged(), null, { polling: 20 });
  await settle(page);
  const after = await costs();
  const cost = differences(before, after);
  if (!withFlash) return cost;
  await page.waitForTimeout(FLASH_MS);
  return { ...cost, flash: differences(after, await costs()).all };
}

/** The cells that one frame touched, and those that it changed. */
async function counted(house, { page }) {
  await page.evaluate(() => window.takeChanges());
  await house.tick();
  await page.waitForFunction(() => window.firstChange() !== null, null, { polling: 20 });
  await settle(page);
  return page.evaluate(() => window.takeChanges());
}

/** The rows as they are now, written again as one text, as a page does that renders its table from a template. */
async function rewritten({ page, costs }) {
  // Without the flashes, which only ours has.
  const html = await page.evaluate(() =>
    document.querySelector('#peer tbody').innerHTML.replace(/ data-flash="."/g, ''),
  );
  await settle(page);
  const before = await costs();
  await page.evaluate((text) => {
    const body = document.querySelector('#peer tbody');
    body.innerHTML = text;
    return body.offsetHeight;
  }, html);
  await settle(page);
  return differences(before, await costs());
}

/** What two idle frames and the observation itself cost. */
async function idle({ page, costs }) {
  await settle(page);
  const before = await costs();
  await page.waitForFunction(() => true, null, { polling: 20 });
  await settle(page);
  return differences(before, await costs());
}

/** Puts a copy of the board in its place (`peer`), or the board back. */
function showPeer(isPeer) {
  const frame = document.querySelector('table.board').closest('.frame');
  document.querySelector('#peer')?.remove();
  if (isPeer) {
    const copy = frame.cloneNode(true);
    copy.id = 'peer';
    frame.after(copy);
  }
  frame.style.display = isPeer ? 'none' : '';
}

async function rounds(house, screen, { runs, quick }) {
  const samples = { ours: [], calm: [], theirs: [], idle: [], counts: [] };
  const { page } = screen;
  const frames = quick ? 4 : FRAMES_A_ROUND;
  await page.evaluate(observeStrip);
  for (let i = 0; i < 3; i++) await pushed(house, screen, false);
  for (let round = 0; round < runs; round++) {
    for (let i = 0; i < frames; i++) samples.ours.push(await pushed(house, screen, i === 0));
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.waitForTimeout(FLASH_MS);
    for (let i = 0; i < frames; i++) samples.calm.push(await pushed(house, screen, false));
    await page.evaluate(showPeer, true);
    for (let i = 0; i < frames; i++) samples.theirs.push(await rewritten(screen));
    for (let i = 0; i < 3; i++) samples.idle.push(await idle(screen));
    await page.evaluate(showPeer, false);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await settle(page);
  }
  // Watching every cell costs script, so it is done apart.
  await page.evaluate(observeCells);
  for (let i = 0; i < 2 * frames; i++) samples.counts.push(await counted(house, screen));
  return samples;
}

export async function run(context) {
  const reason = noBrowser();
  if (reason !== null) return { skipped: reason };
  const house = await openHouse({ strikes: STRIKES });
  let screen;
  try {
    screen = await openPage(house, 'all');
    const samples = await rounds(house, screen, context);
    if (screen.errors.length > 0) throw new Error(`the page failed: ${screen.errors.join('; ')}`);
    return report(samples);
  } finally {
    await screen?.close();
    await house.close();
  }
}

function report({ ours, calm, theirs, idle: nothing, counts }) {
  const of = (samples, kind) => median(samples.map((one) => one[kind]));
  const worst = (samples) =>
    percentile(
      samples.map((one) => one.all),
      0.99,
    );
  const against = 'innerHTML of the same rows';
  const peer = (kind) => ({ peer: of(theirs, kind), against });
  const flashes = ours.filter(({ flash }) => flash !== undefined);
  const needless = counts.map((one) => one.needless);
  return {
    rows: [
      line('no flashing: CPU of the main thread, median', 'ms', of(calm, 'all'), {
        ...peer('all'),
        ratio: 1,
      }),
      line('no flashing: p99', 'ms', worst(calm), { peer: worst(theirs), against }),
      ...['script', 'style', 'layout'].map((kind) =>
        line(`no flashing: of that ${kind}, median`, 'ms', of(calm, kind), peer(kind)),
      ),
      line('as shipped, cells flash: median', 'ms', of(ours, 'all'), peer('all')),
      line('as shipped: the second after it, while cells flash', 'ms', of(flashes, 'flash')),
      line('two frames without a change, for comparison', 'ms', of(nothing, 'all')),
      line('cells that changed, median', 'cells', of(counts, 'changed')),
      line('cells touched without a change, most of any frame', 'cells', Math.max(...needless), { limit: 0 }),
    ],
    detail: {
      ...{ cells: of(counts, 'cells'), frames: ours.length },
      needless: [...new Set(counts.flatMap((one) => one.examples))],
    },
  };
}
