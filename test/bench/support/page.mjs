import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { EXPIRY, SYMBOL } from './market.mjs';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];

/** Why a bench that needs a browser cannot run here; `null` when it can. */
export const noBrowser = () =>
  existsSync(EXECUTABLE) ? null : `no Chromium at ${EXECUTABLE} (set CHROMIUM to its path)`;

/**
 * The built screens in Chromium, signed in, on the pinned chain of a house.
 * @param reach strikes on either side of ATM, or 'all'
 */
export async function openPage(house, reach) {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGS });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const [cookieName, value] = house.cookie.split('=');
  await context.addCookies([{ name: cookieName, value, url: house.url }]);
  await context.addInitScript(
    (settings) => localStorage.setItem('oi-tracker:settings', settings),
    JSON.stringify({ reach }),
  );
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${house.url}/#/${SYMBOL}/${EXPIRY}`);
  await page.waitForSelector('table.board tbody tr');
  const session = await context.newCDPSession(page);
  // CPU time of the thread: on a busy machine its wall-clock time is mostly that of others.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  /** CPU seconds of the page's main thread so far, by kind. */
  const costs = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  return { page, costs, errors, close: () => browser.close() };
}

/**
 * In the page: notes the cells of the table that mutate, and when the first one did.
 * `takeChanges()` gives the mutated cells and those that really differ from before, and begins anew.
 */
export function observeCells() {
  const cells = () => [...document.querySelectorAll('table.board tbody :is(td, th)')];
  /** All that is drawn of a cell: text, attributes, and the flash that marks a number that changed. */
  const look = (cell) => cell.outerHTML;
  let looks = new Map(cells().map((cell) => [cell, look(cell)]));
  let mutated = new Set();
  let first = null;
  const observer = new MutationObserver((records) => {
    first ??= performance.timeOrigin + performance.now();
    for (const { target } of records) {
      const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
      mutated.add(element?.closest('td, th') ?? element);
    }
  });
  const options = { subtree: true, childList: true, characterData: true, attributes: true };
  observer.observe(document.querySelector('table.board tbody'), options);
  window.firstChange = () => first;
  window.takeChanges = () => {
    const now = cells();
    const changed = now.filter((cell) => looks.get(cell) !== look(cell));
    const needless = [...mutated].filter((cell) => !changed.includes(cell));
    const result = {
      mutated: mutated.size,
      changed: changed.length,
      cells: now.length,
      needless: needless.length,
      examples: needless.slice(0, 2).map((cell) => cell?.outerHTML ?? 'outside of the cells'),
    };
    looks = new Map(now.map((cell) => [cell, look(cell)]));
    mutated = new Set();
    first = null;
    return result;
  };
}

/**
 * In the page: waits for the strip above the table to change, which happens with the table and costs nothing to watch.
 * `awaitStrip()` begins to wait, `stripChanged()` resolves when it has: whoever asked again and again would be measured too.
 */
export function observeStrip() {
  let changed = Promise.resolve();
  let resolve = () => undefined;
  const observer = new MutationObserver(() => resolve());
  observer.observe(document.querySelector('section.strip'), {
    subtree: true,
    childList: true,
    characterData: true,
  });
  window.awaitStrip = () => {
    changed = new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error('the strip did not change within 30 s')), 30_000);
      resolve = () => (clearTimeout(timer), done());
    });
  };
  window.stripChanged = () => changed;
}
