/**
 * Import of the complete instrument master, against a process that only unpacks and parses the same file. Each run is a
 * process of its own, and the two kinds take turns.
 */
import { execFile } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { tempFolder } from './support/house.mjs';
import { line } from './support/report.mjs';
import { median, nowMs } from './support/stats.mjs';

export const name = 'import';
export const title =
  'the complete instrument master into the database, against JSON.parse of the same file, unpacked and in memory';
export const goal = 'at most 3 × the time and 1.5 × the peak memory; these must hold';

const FILE = 'instruments/upstox-complete-2026-08-18.json.gz';

export async function run({ runs, sharedData }) {
  const file = sharedData(FILE);
  if (file === null) return { skipped: `../shared/data/${FILE} is absent` };
  const parses = [];
  const imports = [];
  for (let i = 0; i < runs; i++) {
    parses.push(await child('parse', file));
    imports.push(await child('import', file));
  }
  const [parse, imported] = [medians(parses), medians(imports)];
  const against = 'gunzip + JSON.parse';
  return {
    rows: [
      line(`import of ${imported.rows} records`, 'ms', imported.ms, {
        ...{ peer: parse.parseMs, against: 'JSON.parse alone', ratio: 3, hard: true },
      }),
      line('the same, against reading the file too', 'ms', imported.ms, { peer: parse.ms, against }),
      line('peak memory', 'MB', imported.rssMb, { peer: parse.rssMb, against, ratio: 1.5, hard: true }),
      line('throughput', 'rows/s', (imported.rows / imported.ms) * 1_000),
    ],
    detail: { parse, imported, parses, imports },
  };
}

async function child(kind, file) {
  const script = fileURLToPath(import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [script, kind, file]);
  return JSON.parse(stdout);
}

function medians(samples) {
  const keys = Object.keys(samples[0]);
  return Object.fromEntries(keys.map((key) => [key, median(samples.map((sample) => sample[key]))]));
}

const peakMb = () => Math.round(process.resourceUsage().maxRSS / 1024);

function parseOnly(file) {
  const started = nowMs();
  const text = gunzipSync(readFileSync(file)).toString('utf8');
  const unpacked = nowMs();
  const rows = JSON.parse(text).length;
  const done = nowMs();
  return { rows, ms: done - started, parseMs: done - unpacked, rssMb: peakMb() };
}

async function importOnly(file) {
  const built = (path) => import(new URL(`../../dist/server/${path}`, import.meta.url).href);
  await import('reflect-metadata');
  const { openDatabase } = await built('database/open.js');
  const { WriteQueue } = await built('database/write-queue.js');
  const { SystemClock } = await built('clock/clock.js');
  const { InstrumentsService } = await built('instruments/instruments.service.js');
  const { folder, remove } = tempFolder();
  const database = await openDatabase({ kind: 'sqlite', file: join(folder, 'tracker.db') });
  try {
    const service = new InstrumentsService(database, new WriteQueue(database), {}, new SystemClock());
    const { rows, contracts, ms } = await service.importFrom(createReadStream(file), { source: 'bench' });
    return { rows, contracts, ms, rssMb: peakMb() };
  } finally {
    await database.destroy();
    remove();
  }
}

const [, script, kind, file] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  const result = kind === 'parse' ? parseOnly(file) : await importOnly(file);
  process.stdout.write(JSON.stringify(result));
}
