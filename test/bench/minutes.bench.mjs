/** Whole-market minutes on disk: bytes a contract and minute, encode and commit with a sync, and reading back. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE, MarketEntities, MarketRows } from './peers/stores.mjs';
import { tempFolder } from './support/house.mjs';
import { line } from './support/report.mjs';
import { median, percentile, timed } from './support/stats.mjs';
import { MINUTE, WholeMarket } from './support/whole-market.mjs';

export const name = 'minutes';
export const title =
  'whole-market minutes on disk: bytes, encode and commit, restart, replay of a day, packed days';
export const goal =
  '≤ 0.35 B per contract and minute (OI), ≤ 0.8 B with LTP and volume, ≥ 40 × under clustered rows, ≥ 400 × under ORM ' +
  'rows; commit ≤ 5 and 8 ms; 35 minutes ≤ 100 ms; a day ≤ 500 ms; a contract and day ≤ 5 ms';

const SESSION = 375;
const built = (path) => import(new URL(`../../dist/server/${path}`, import.meta.url).href);

async function openStores(folder) {
  await import('reflect-metadata');
  const { openDatabase } = await built('database/open.js');
  const { WriteQueue } = await built('database/write-queue.js');
  const { MinuteStore } = await built('market/minutes/minute-store.js');
  const db = await openDatabase({ kind: 'sqlite', file: join(folder, 'tracker.db') });
  const writes = new WriteQueue(db);
  return { db, writes, minutes: new MinuteStore(db, writes) };
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

/** Minutes that the peers store: their bytes a row are the same ever after. */
const PEER_MINUTES = 6;

/** Bytes a contract and minute of the same market in rows. */
async function peerBytes(kind, legs, columns) {
  const { folder, remove } = tempFolder();
  const store = await kind.open(folder, columns);
  const market = await WholeMarket.of(legs, columns);
  for (let minute = 0; minute < PEER_MINUTES; minute++) {
    market.step();
    await store.append(market.frame);
  }
  await store.close();
  const { size } = statSync(join(folder, DATABASE));
  remove();
  return size / legs / PEER_MINUTES;
}

/** Trading days of a month. */
const MONTH = 21;
const DAY = 86_400_000;
const dateOf = (at) => new Date(at + 5.5 * 3_600_000).toISOString().slice(0, 10);

/** A whole day of a market, packed over night; then one chain and one contract of it, and of a month of such days. */
async function packedDay(legs) {
  const { folder, remove } = tempFolder();
  const { db, writes, minutes } = await openStores(folder);
  const { ChunkStore } = await built('market/minutes/chunk-store.js');
  const { DayPacker } = await built('market/minutes/day-packer.js');
  const market = await WholeMarket.of(legs, ['oi', 'ltp', 'volume']);
  for (const id of market.universe.chainIds)
    await db.query('INSERT INTO chain (id, underlying_key, expiry) VALUES (?, ?, ?)', [
      id,
      `NSE_EQ|${id}`,
      '',
    ]);
  const universe = await minutes.universe(market.universe, market.frame.slot);
  const date = dateOf(market.frame.slot);
  for (let minute = 0; minute < SESSION; minute++) {
    market.step();
    await minutes.append(universe, market.frame, market.frame.slot);
  }
  const chunks = new ChunkStore(db, writes);
  const clock = { now: () => market.frame.slot + DAY };
  const pack = await timed(() => new DayPacker(db, clock, minutes, chunks).run());
  const [{ bytes }] = await db.query('SELECT sum(length(payload)) AS bytes FROM day_chunk');
  const [chain, contract] = [universe.chainIds[7], universe.contractIds[universe.chainStart[7] + 50]];
  const [whole, one] = [[], []];
  for (let i = 0; i < 15; i++) {
    whole.push((await timed(() => chunks.get(chain, date))).ms);
    one.push((await timed(() => chunks.get(chain, date, contract))).ms);
  }
  const day = await chunks.get(chain, date);
  const dates = Array.from({ length: MONTH }, (_, i) => dateOf(market.frame.slot + (i + 1) * DAY));
  for (const other of dates) await chunks.put(other, [day]);
  const month = [];
  for (let i = 0; i < 5; i++)
    month.push(
      (
        await timed(async () => {
          for (const other of dates) await chunks.get(chain, other, contract);
        })
      ).ms,
    );
  await db.destroy();
  remove();
  return {
    bytes: bytes / legs / SESSION,
    pack: pack.ms,
    chain: median(whole),
    contract: median(one),
    month: median(month),
  };
}

/**
 * Minutes of a round. The last 35 of them begin in the minute before a key: none are dearer to read, for all since the
 * key before it have to be.
 */
const ROUND = 114;
const QUICK_ROUND = 74;

export async function run({ runs, quick }) {
  const count = quick ? QUICK_ROUND : ROUND;
  const rows = [];
  for (const legs of quick ? [10_000] : [10_000, 100_000]) {
    const results = { oi: [], all: [] };
    for (let round = 0; round < (quick ? 1 : Math.min(runs, 3)); round++) {
      // Bytes are the same in every round: those of a whole day, with its share of keys, are counted once.
      results.oi.push(await store(legs, quick || round > 0 ? count : SESSION, ['oi']));
      results.all.push(await store(legs, count, ['oi', 'ltp', 'volume']));
    }
    rows.push(...lines(legs, results));
  }
  const legs = quick ? 10_000 : 100_000;
  const peers = {};
  for (const [name, columns] of [
    ['oi', ['oi']],
    ['all', ['oi', 'ltp', 'volume']],
  ]) {
    peers[name] = {
      rows: await peerBytes(MarketRows, legs, columns),
      entities: await peerBytes(MarketEntities, legs, columns),
    };
  }
  const [oi, all] = rows.slice(-LINES);
  rows.push(...ratios(legs, oi.ours, all.ours, peers), ...packed(await packedDay(10_000)));
  return { rows, detail: { minutes: count, change: WholeMarket.CHANGE } };
}

const AGAINST = { rows: 'clustered rows', entities: 'ORM rows' };
const LEAST = { rows: 40, entities: 400 };

/** Lines of one size: see `lines`. */
const LINES = 8;

/** The goals of the ratios are those of OI alone. */
function ratios(legs, oi, all, peers) {
  const size = `${legs.toLocaleString('en')} contracts`;
  return ['rows', 'entities'].flatMap((peer) => [
    line(`${size}: bytes a contract and minute, OI`, 'B', oi, {
      ...{ peer: peers.oi[peer], against: AGAINST[peer], ratio: 1 / LEAST[peer] },
    }),
    line(`${size}: bytes a contract and minute, OI, LTP, volume`, 'B', all, {
      ...{ peer: peers.all[peer], against: AGAINST[peer] },
    }),
  ]);
}

function packed({ bytes, pack, chain, contract, month }) {
  const what = '10,000 contracts, a past day packed';
  return [
    line(`${what}: bytes a contract and minute, OI, LTP, volume`, 'B', bytes, { limit: 0.8 }),
    line(`${what}: packing it, once a night`, 'ms', pack),
    line(`${what}: read one chain's whole day (100 contracts)`, 'ms', chain),
    line(`${what}: read one contract's day`, 'ms', contract, { limit: 5 }),
    line(`${what}: read one contract's month of ${MONTH} days`, 'ms', month),
  ];
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
    line(`${size}: bytes a contract and minute, OI`, 'B', oi[0].bytes, { limit: 0.35 }),
    line(`${size}: bytes a contract and minute, OI, LTP, volume`, 'B', of(all, 'bytes'), { limit: 0.8 }),
    line(`${size}: encode and commit a minute, OI, median`, 'ms', commit(oi, 0.5), { limit: 5 }),
    line(`${size}: encode and commit a minute, OI, p99`, 'ms', commit(oi, 0.99), { limit: 25 }),
    line(`${size}: encode and commit a minute, three fields, median`, 'ms', commit(all, 0.5), { limit: 8 }),
    line(`${size}: encode and commit a minute, three fields, p99`, 'ms', commit(all, 0.99), { limit: 25 }),
    line(`${size}: read the last 35 minutes`, 'ms', of(all, 'recent'), { limit: 100 }),
    line(`${size}: replay a day of ${SESSION} minutes`, 'ms', of(all, 'day'), { limit: 500 }),
  ];
}
