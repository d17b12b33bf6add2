#!/usr/bin/env node
/**
 * Takes the README's pictures: the demo market once all windows are filled, on a desktop and a phone screen.
 * `node bin/screenshot.mjs [folder]`; needs Chromium (CHROMIUM=/path, /usr/bin/chromium by default).
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ensureBuilt, root } from './build-if-needed.mjs';

const SHOTS = [
  { name: 'screen-dark.png', width: 1440, height: 900, colorScheme: 'dark' },
  { name: 'screen-light.png', width: 1440, height: 900, colorScheme: 'light' },
  { name: 'screen-phone.png', width: 390, height: 844, colorScheme: 'dark' },
];
/** Market minutes until the picture is taken: all windows are filled by then. */
const FULL_CELLS = 11 * 2 * 5;

const folder = process.argv[2] ?? join(root, 'docs/images');
mkdirSync(folder, { recursive: true });
await ensureBuilt();

const demo = spawn(process.execPath, [join(root, 'bin/oi-tracker.mjs'), 'demo', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const url = await new Promise((found, failed) => {
    let text = '';
    demo.stdout.on('data', (chunk) => {
      text += chunk;
      const match = /listening on (http:\S+)/.exec(text);
      if (match) found(match[1]);
    });
    demo.once('exit', () => failed(new Error('The demo ended before it listened.')));
  });
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
  for (const { name, width, height, colorScheme } of SHOTS) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(url);
    await page.getByRole('button', { name: /demo market/i }).click();
    await page.locator('tbody tr').first().waitFor();
    // ± 5 strikes: the picture shows a full table.
    await page.keyboard.press('2');
    if (width > 720)
      await page.waitForFunction(
        (cells) => (document.querySelector('tbody')?.textContent?.match(/%/g)?.length ?? 0) >= cells,
        FULL_CELLS,
        { timeout: 120_000 },
      );
    await page.screenshot({ path: join(folder, name) });
    await page.close();
  }
  await browser.close();
} finally {
  demo.kill('SIGTERM');
}
