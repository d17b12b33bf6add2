#!/usr/bin/env node
/**
 * What a browser loads, compressed with brotli as a server would send it. Prints a table; exits 1 when what loads at
 * the start is over its budget. Run after `npm run build`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const CLIENT = fileURLToPath(new URL('../dist/client/', import.meta.url));
/** kB (1000 bytes). Fonts are compressed already and count as they are. */
const BUDGETS = { JS: 60, CSS: 10, Fonts: 60, HTML: 2 };
const KINDS = { '.js': 'JS', '.css': 'CSS', '.woff2': 'Fonts', '.html': 'HTML' };

/** Files of the build with their size on the wire in bytes, and whether the page loads them at once. */
async function weigh(folder) {
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => extname(name) in KINDS);
  return Promise.all(
    files.map(async (name) => {
      const body = await readFile(join(folder, name));
      const kind = KINDS[extname(name)];
      const wire = kind === 'Fonts' ? body.length : brotliCompressSync(body).length;
      const start = kind === 'Fonts' || kind === 'HTML' || html.includes(`"/${name}"`);
      return { name, kind, raw: body.length, wire, start };
    }),
  );
}

/** One line per kind: sum at the start and budget in kB, and whether it holds. */
function judge(files) {
  return Object.entries(BUDGETS).map(([kind, budget]) => {
    const sum =
      files.filter((f) => f.kind === kind && f.start).reduce((total, f) => total + f.wire, 0) / 1000;
    return { kind, 'kB on the wire': Number(sum.toFixed(1)), 'budget kB': budget, holds: sum <= budget };
  });
}

try {
  const files = await weigh(CLIENT);
  if (!files.some((f) => f.kind === 'JS' && f.start))
    throw new Error('dist/client holds no script: run npm run build first');
  console.table(files.map(({ name, raw, wire, start }) => ({ file: name, bytes: raw, wire, start })));
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
