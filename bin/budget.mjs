#!/usr/bin/env node
/**
 * What a browser loads, compressed with brotli as a server would send it: at the start, which is all that the first paint
 * and the login page need, and up to the first table. Prints a table; exits 1 when a budget is not kept. Run after
 * `npm run build`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const CLIENT = fileURLToPath(new URL('../dist/client/', import.meta.url));
/** kB (1000 bytes). Fonts are compressed already and count as they are. */
const BUDGETS = { start: { JS: 20, CSS: 8, Fonts: 60, HTML: 1 }, table: { JS: 50, CSS: 8 } };
const KINDS = { '.js': 'JS', '.css': 'CSS', '.woff2': 'Fonts', '.html': 'HTML' };

/** What a script of the build imports as soon as it is loaded. */
const IMPORTS = /(?:from|import)\s?["'`]\.\/([\w.-]+\.js)["'`]/g;

/** Files of the build with their size on the wire in bytes, and when the page loads them: 'start', 'table' or later. */
async function weigh(folder) {
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const names = await readdir(folder, { recursive: true });
  const files = await Promise.all(
    names
      .filter((name) => extname(name) in KINDS)
      .map(async (name) => {
        const body = await readFile(join(folder, name));
        const kind = KINDS[extname(name)];
        const start = kind === 'Fonts' || kind === 'HTML' || html.includes(`"/${name}"`);
        const wire = kind === 'Fonts' ? body.length : brotliCompressSync(body).length;
        const imports = kind === 'JS' ? [...body.toString().matchAll(IMPORTS)].map(([, file]) => file) : [];
        return { name, kind, raw: body.length, wire, when: start ? 'start' : 'later', imports };
      }),
  );
  for (const file of files) if (file.when === 'later' && ofTable(files).has(file.name)) file.when = 'table';
  return files;
}

/** What makes the table (`client/workspace.ts`), with all that it imports. */
function ofTable(files) {
  const names = files.filter(({ name }) => /^assets\/workspace-/.test(name)).map(({ name }) => name);
  if (names.length === 0) throw new Error('dist/client holds no workspace: run npm run build first');
  const found = new Set(names);
  for (const name of found)
    for (const file of files.find((one) => one.name === name)?.imports ?? []) found.add(`assets/${file}`);
  return found;
}

/** One line per moment and kind: sum so far and budget in kB, and whether it holds. */
function judge(files) {
  const moments = { start: ['start'], table: ['start', 'table'] };
  return Object.entries(BUDGETS).flatMap(([moment, budgets]) =>
    Object.entries(budgets).map(([kind, budget]) => {
      const loaded = files.filter((f) => f.kind === kind && moments[moment].includes(f.when));
      const sum = loaded.reduce((total, f) => total + f.wire, 0) / 1000;
      const line = { 'up to': moment === 'start' ? 'the first paint' : 'the first table', kind };
      return { ...line, 'kB on the wire': Number(sum.toFixed(1)), 'budget kB': budget, holds: sum <= budget };
    }),
  );
}

try {
  const files = await weigh(CLIENT);
  if (!files.some((f) => f.kind === 'JS' && f.when === 'start'))
    throw new Error('dist/client holds no script: run npm run build first');
  console.table(files.map(({ name, raw, wire, when }) => ({ file: name, bytes: raw, wire, loaded: when })));
  const verdict = judge(files);
  console.table(verdict);
  if (verdict.some((line) => !line.holds)) {
    console.error('The client is over its budget.');
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`budget: ${error.message}`);
  process.exitCode = 1;
}
