#!/usr/bin/env node
/**
 * `npm run bench -- [name …] [--runs N] [--quick] [--full] [--check]`: runs the benches of test/bench, prints a table
 * and writes bench-results/<date>-<name>.json. `--table` renders the newest results into docs/performance.md instead.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt, root } from './build-if-needed.mjs';
import { endChildren } from '../test/bench/support/children.mjs';
import { describeMachine } from '../test/bench/support/machine.mjs';
import { printRows, renderTable, RESULTS } from '../test/bench/support/report.mjs';

const FOLDER = join(root, 'test/bench');
const LEAST_RUNS = 5;

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: String(LEAST_RUNS) },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
  },
});

async function benches() {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.bench.mjs'));
  const all = await Promise.all(files.map((file) => import(pathToFileURL(join(FOLDER, file)).href)));
  const names = all.map(({ name }) => name);
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`No bench ${unknown.join(', ')}. There are: ${names.join(', ')}.`);
  return all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
}

function context() {
  const runs = Number(options.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100)
    throw new Error('--runs takes a number from 1 to 100.');
  const { quick, full } = options;
  if (quick && full) throw new Error('--quick and --full exclude each other.');
  return {
    /** Rounds of each measurement; ours and its peers take turns. */
    runs: quick ? Math.min(runs, 3) : runs,
    ...{ quick, full },
    /** The path of a recorded file, or `null` where the machine does not have it. */
    sharedData(path) {
      const file = join(root, '../shared/data', path);
      return existsSync(file) ? file : null;
    },
  };
}

/** Runs one bench and keeps its result. A bench that fails ends the run with its error. */
async function run(bench, ctx) {
  const { name, title, goal } = bench;
  console.log(`\n${name}: ${title}\n  goal: ${goal}`);
  const machine = describeMachine();
  const started = new Date();
  const result = await bench.run(ctx).finally(endChildren);
  const seconds = Math.round((Date.now() - started.getTime()) / 1000);
  if (result.skipped !== undefined) console.log(`  skipped: ${result.skipped}`);
  else printRows(result.rows);
  const { runs, quick, full } = ctx;
  const record = {
    name,
    title,
    goal,
    started: started.toISOString(),
    seconds,
    runs,
    quick,
    full,
    machine,
    ...result,
  };
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${record.started.slice(0, 19).replaceAll(':', '-')}-${name}.json`);
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  console.log(`  ${seconds} s, ${file}`);
  return record;
}

async function main() {
  if (options.table) return renderTable(join(root, 'docs/performance.md'));
  const chosen = await benches();
  const ctx = context();
  await ensureBuilt();
  const records = [];
  for (const bench of chosen) records.push(await run(bench, ctx));
  const missed = records.flatMap(({ name, rows = [] }) =>
    rows.filter(({ hard, met }) => hard && !met).map(({ what }) => `${name}: ${what}`),
  );
  if (missed.length > 0) console.error(`\nGoals that must hold were missed:\n  ${missed.join('\n  ')}`);
  if (options.check && missed.length > 0) process.exitCode = 1;
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => endChildren().finally(() => process.exit(1)));

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.stack : error}`);
  await endChildren();
  // What the bench itself had open, such as its broker, would keep the process alive.
  process.exit(1);
}
