/** Whole-market minutes on disk: bytes a contract and minute, encode and commit with a sync, and reading back. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from './support/house.mjs';
import { line } from './support/report.mjs';
import { median, percentile, timed } from './support/stats.mjs';
import { MINUTE, WholeMarket } from './support/whole-market.mjs';

export const name = 'minutes';
export const title =
  'whole-market minutes on disk: bytes, encode and commit, restart, replay of a day, one contract';
export const goal =
  '≤ 0.35 B per contract and minute (OI), ≤ 0.8 B with LTP and volume; commit ≤ 5 and 8 ms; 35 minutes ≤ 100 ms; a day ≤ 500 ms';

const SESSION = 375;
const built = (path) => import(new URL(`../../dist/server/${path}`, import.meta.url).href);

async function openStores(folder) {
  await import('reflect-metadata');
  const { openDatabase } = await built('database/open.js');
  const { WriteQueue } = await built('database/write-queue.js');
  const { MinuteStore } = await built('market/minutes/minute-store.js');
  const db = await openDatabase({ kind: 'sqlite', file: join(folder, 'tracker.db') });
  return { db, minutes: new MinuteStore(db, new WriteQueue(db)) };
}

/** Reads minutes `from` to the last one back. @returns ms */
async function readBack(minutes, from, to, columns) {
  const { ms } = await timed(async () => {
    for await (const stored of minutes.frames(from, to, columns)) void stored;
  });
  return ms;
}

/** Stores minutes of a market of so many contracts. @param columns those that are known */
async function store(legs, count, columns) {
  const { folder, remove } = tempFolder();
  const { db, minutes } = await openStores(folder);
  const market = await WholeMarket.of(legs, columns);
  const universe = await minutes.universe(market.universe, market.frame.slot);
  await db.query('PRAGMA wal_checkpoint(TRUNCATE)');
  const empty = statSync(join(folder, 'tracker.db')).size;
  const commits = [];
  const [first] = [market.frame.slot + MINUTE];
  for (let minute = 0; minute < count; minute++) {
    market.step();
    commits.push((await timed(() => minutes.append(universe, market.frame, market.frame.slot))).ms);
  }
  const last = market.frame.slot;
  const recent = [];
  for (let i = 0; i < 5; i++) recent.push(await readBack(minutes, last - 34 * MINUTE, last));
  const whole = await readBack(minutes, first, last);
  await db.query('PRAGMA wal_checkpoint(TRUNCATE)');
  const bytes = (statSync(join(folder, 'tracker.db')).size - empty) / legs / count;
  await db.destroy();
  remove();
  return { bytes, commits, recent: median(recent), day: (whole / count) * SESSION };
}

export async function run({ runs, quick }) {
  const count = quick ? 61 : 121;
  const rows = [];
  for (const legs of quick ? [10_000] : [10_000, 100_000]) {
    const results = { oi: [], all: [] };
    for (let round = 0; round < (quick ? 1 : Math.min(runs, 3)); round++) {
      results.oi.push(await store(legs, count, ['oi']));
      results.all.push(await store(legs, count, ['oi', 'ltp', 'volume']));
    }
    rows.push(...lines(legs, results));
  }
  return { rows, detail: { minutes: count, change: WholeMarket.CHANGE } };
}

function lines(legs, { oi, all }) {
  const of = (kind, what) => median(kind.map((one) => one[what]));
  const commit = (kind, share) =>
    percentile(
      kind.flatMap((one) => one.commits),
      share,
    );
  const size = `${legs.toLocaleString('en')} contracts`;
  return [
    line(`${size}: bytes a contract and minute, OI`, 'B', of(oi, 'bytes'), { limit: 0.35 }),
    line(`${size}: bytes a contract and minute, OI, LTP, volume`, 'B', of(all, 'bytes'), { limit: 0.8 }),
    line(`${size}: encode and commit a minute, OI, median`, 'ms', commit(oi, 0.5), { limit: 5 }),
    line(`${size}: encode and commit a minute, three fields, median`, 'ms', commit(all, 0.5), { limit: 8 }),
    line(`${size}: encode and commit a minute, three fields, p99`, 'ms', commit(all, 0.99), { limit: 25 }),
    line(`${size}: read the last 35 minutes`, 'ms', of(all, 'recent'), { limit: 100 }),
    line(`${size}: replay a day of ${SESSION} minutes`, 'ms', of(all, 'day'), { limit: 500 }),
  ];
}
