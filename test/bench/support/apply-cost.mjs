/** What a change costs the main thread of the page: ours, and the same DOM written by hand in a copy of the table. */

/** Two frames of the screen later all work of a change is done. */
export const settle = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

const KINDS = { script: 'ScriptDuration', style: 'RecalcStyleDuration', layout: 'LayoutDuration' };

/** CPU ms between two readings: by kind, `dom` = script, style and layout, `all` = with painting and everything else. */
function differences(before, after) {
  const ms = (name) => (after[name] - before[name]) * 1_000;
  const parts = Object.fromEntries(Object.entries(KINDS).map(([kind, name]) => [kind, ms(name)]));
  return { ...parts, dom: parts.script + parts.style + parts.layout, all: ms('TaskDuration') };
}

/** Lets a minute come and waits until the page shows it. */
async function arrive(house, page) {
  await page.evaluate(() => window.awaitStrip());
  await house.tick();
  await page.evaluate(() => window.stripChanged());
  await settle(page);
}

/** The cost of one frame; where asked, `flash` = of the `flashMs` after it, in which the changed cells flash. */
export async function pushed(house, { page, costs }, flashMs = 0) {
  const before = await costs();
  await arrive(house, page);
  const after = await costs();
  const cost = differences(before, after);
  if (flashMs === 0) return cost;
  await page.waitForTimeout(flashMs);
  return { ...cost, flash: differences(after, await costs()).all };
}

/** What the waiting and the two frames cost where nothing changes. */
export async function idle({ page, costs }) {
  await settle(page);
  const before = await costs();
  await page.evaluate(() => Promise.resolve());
  await settle(page);
  return differences(before, await costs());
}

/** The cells that one frame touched, and those that it changed. */
export async function counted(house, { page }) {
  await page.evaluate(() => window.takeChanges());
  await house.tick();
  await page.waitForFunction(() => window.firstChange() !== null, null, { polling: 20 });
  await settle(page);
  return page.evaluate(() => window.takeChanges());
}

/** In the page: puts a copy of the board in its place (`#peer`), or the board back. */
export function showPeer(isPeer) {
  const frame = document.querySelector('table.board').closest('.frame');
  document.querySelector('#peer')?.remove();
  if (isPeer) {
    const copy = frame.cloneNode(true);
    copy.id = 'peer';
    frame.after(copy);
  }
  frame.style.display = isPeer ? 'none' : '';
}

/** In the page: how the cells of the copy differ from those of the board, which has gone on behind it. */
function findDifferences() {
  const cells = (table) => [...table.querySelectorAll('tbody :is(td, th)')];
  const [board, copy] = [
    cells(document.querySelector('.frame:not(#peer)')),
    cells(document.querySelector('#peer')),
  ];
  window.differing = board.flatMap((next, i) => {
    if (next.isEqualNode(copy[i])) return [];
    const attributes = [...next.attributes].map(({ name, value }) => [name, value]);
    return [{ cell: copy[i], html: next.innerHTML, attributes }];
  });
  return window.differing.length;
}

/**
 * In the page: writes what `findDifferences` found, and nothing else. As a task of the page, like a frame that comes in:
 * what is evaluated from outside is not counted as script.
 */
function writeDifferences() {
  return new Promise((done) => setTimeout(() => done(write())));
  function write() {
    for (const { cell, html, attributes } of window.differing) {
      cell.innerHTML = html;
      for (const { name } of [...cell.attributes])
        if (!attributes.some(([kept]) => kept === name)) cell.removeAttribute(name);
      for (const [name, value] of attributes)
        if (cell.getAttribute(name) !== value) cell.setAttribute(name, value);
    }
  }
}

/** A minute of changed cells written by hand into the copy: the least that a page without a framework does. */
export async function byHand(house, { page, costs }) {
  await arrive(house, page);
  const cells = await page.evaluate(findDifferences);
  await settle(page);
  const before = await costs();
  await page.evaluate(writeDifferences);
  await settle(page);
  return { ...differences(before, await costs()), cells };
}

/** In the page: puts a plain table of figures of so many rows in the place of the board (`#plain`), or the board back. */
export function showPlain(rows) {
  const frame = document.querySelector('table.board').closest('.frame');
  document.querySelector('#plain')?.remove();
  if (rows > 0) {
    const table = document.createElement('table');
    table.id = 'plain';
    // The page allows no style in its text.
    table.style.cssText = 'table-layout: fixed; width: 100%; text-align: right';
    for (let row = 0; row < rows; row++) {
      const tr = table.insertRow();
      for (let column = 0; column < 12; column++) tr.insertCell().textContent = '0.00';
    }
    frame.after(table);
  }
  frame.style.display = rows > 0 ? 'none' : '';
}

/**
 * What the goals of the table were set on: 12 columns of plain figures, a share of which changes. Here each is written
 * into its text node, which is the least that any page does.
 */
export async function plainly({ page, costs }, share) {
  await settle(page);
  const before = await costs();
  await page.evaluate(
    (changing) =>
      new Promise((done) =>
        setTimeout(() => {
          const format = (window.plainFormat ??= new Intl.NumberFormat('en-IN', {
            minimumFractionDigits: 2,
          }));
          for (const cell of document.querySelectorAll('#plain td'))
            if (Math.random() < changing) cell.firstChild.data = format.format(Math.random() * 1e5);
          done();
        }),
      ),
    share,
  );
  await settle(page);
  return differences(before, await costs());
}

/** The whole copy written anew as one text, as a page does that renders its table from a template. */
export async function rewritten({ page, costs }) {
  const html = await page.evaluate(() => document.querySelector('#peer tbody').innerHTML);
  await settle(page);
  const before = await costs();
  await page.evaluate(
    (text) =>
      new Promise((done) =>
        setTimeout(() => {
          document.querySelector('#peer tbody').innerHTML = text;
          done();
        }),
      ),
    html,
  );
  await settle(page);
  return differences(before, await costs());
}

/**
 * In the page: scrolls the table up and down for `ms`, a step with each frame of the screen.
 * @returns ms between frames, and the tasks that held up the page for more than 50 ms
 */
export function scroll(ms) {
  const frame = document.querySelector('.frame');
  const long = [];
  const observer = new PerformanceObserver((list) =>
    long.push(...list.getEntries().map(({ duration }) => duration)),
  );
  observer.observe({ type: 'longtask' });
  return new Promise((done) => {
    const gaps = [];
    const began = performance.now();
    let last = began;
    let step = 12;
    const next = (now) => {
      gaps.push(now - last);
      last = now;
      const { scrollTop, scrollHeight, clientHeight } = frame;
      if (scrollTop + step > scrollHeight - clientHeight || scrollTop + step < 0) step = -step;
      frame.scrollTop += step;
      if (now - began < ms) return void requestAnimationFrame(next);
      observer.disconnect();
      done({ gaps: gaps.slice(1), long });
    };
    requestAnimationFrame(next);
  });
}
