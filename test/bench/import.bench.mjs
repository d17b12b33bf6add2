/**
 * Import of the complete instrument master, against a process that only unpacks and parses the same file. Each run is a
 * process of its own, the two kinds take turns, and medians are compared. Needs the build (`npm run build`).
 */
import { execFile } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

export const name = 'import of the complete instrument master';

const FILE = 'instruments/upstox-complete-2026-08-18.json.gz';
const ROUNDS = 5;
const GOALS = { timeRatio: 3, memoryRatio: 1.5 };

/**
 * @param {{ sharedData: (path: string) => string | null }} context
 * @returns {Promise<object>} medians in ms and MB, and the ratios that have goals
 */
export async function run({ sharedData }) {
  const file = sharedData(FILE);
  if (file === null) return { skipped: `../shared/data/${FILE} is absent` };
  const parses = [];
  const imports = [];
  for (let i = 0; i < ROUNDS; i++) {
    parses.push(await child('parse', file));
    imports.push(await child('import', file));
  }
  const parse = medians(parses);
  const imported = medians(imports);
  const ratios = {
    timeRatio: round(imported.ms / parse.ms),
    timeRatioToParseAlone: round(imported.ms / parse.parseMs),
    memoryRatio: round(imported.rssMb / parse.rssMb),
  };
  return {
    rounds: ROUNDS,
    rows: imported.rows,
    rowsPerSecond: Math.round((imported.rows / imported.ms) * 1000),
    parse,
    import: imported,
    ...ratios,
    goals: GOALS,
    met: ratios.timeRatio <= GOALS.timeRatio && ratios.memoryRatio <= GOALS.memoryRatio,
  };
}

async function child(kind, file) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    fileURLToPath(import.meta.url),
    kind,
    file,
  ]);
  return JSON.parse(stdout);
}

function medians(samples) {
  const keys = Object.keys(samples[0]);
  return Object.fromEntries(keys.map((key) => [key, median(samples.map((sample) => sample[key]))]));
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function round(value) {
  return Math.round(value * 100) / 100;
}

function peakMb() {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

function parseOnly(file) {
  const started = performance.now();
  const text = gunzipSync(readFileSync(file)).toString('utf8');
  const unpacked = performance.now();
  const rows = JSON.parse(text).length;
  const done = performance.now();
  return { rows, ms: Math.round(done - started), parseMs: Math.round(done - unpacked), rssMb: peakMb() };
}

async function importOnly(file) {
  const built = new URL('../../dist/server/', import.meta.url);
  await import('reflect-metadata');
  const { openDatabase } = await import(new URL('database/open.js', built).href);
  const { WriteQueue } = await import(new URL('database/write-queue.js', built).href);
  const { SystemClock } = await import(new URL('clock/clock.js', built).href);
  const { InstrumentsService } = await import(new URL('instruments/instruments.service.js', built).href);
  const dir = mkdtempSync(join(tmpdir(), 'oi-tracker-bench-'));
  const dataSource = await openDatabase({ kind: 'sqlite', file: join(dir, 'tracker.db') });
  try {
    const service = new InstrumentsService(dataSource, new WriteQueue(dataSource), {}, new SystemClock());
    const { rows, contracts, ms } = await service.importFrom(createReadStream(file), { source: 'bench' });
    return { rows, contracts, ms, rssMb: peakMb() };
  } finally {
    await dataSource.destroy();
    rmSync(dir, { recursive: true, force: true });
  }
}

const [, script, kind, file] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  const result = kind === 'parse' ? parseOnly(file) : await importOnly(file);
  process.stdout.write(JSON.stringify(result));
}
