/** A day of minutes on disk: the snapshot store with its codec, against rows, on the same driver and the same syncs. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ClusteredRows, DATABASE, OrmRows } from './peers/stores.mjs';
import { dayOfTheGoal, oneDay } from './support/days.mjs';
import { tempFolder } from './support/house.mjs';
import { SESSION_SLOTS, UNDERLYING } from './support/market.mjs';
import { openStore } from './support/pipeline.mjs';
import { line } from './support/report.mjs';
import { median, medianMs, percentile, sum, timed } from './support/stats.mjs';
import { WholeMarket } from './support/whole-market.mjs';

export const name = 'storage';
export const title =
  'one day of minutes on disk: bytes, as captured and packed over night; time to commit a minute and to read the day back';
export const goal =
  '≤ 0.8 B per leg and minute with OI, LTP and volume; ≥ 40 × under clustered rows, ≥ 400 × under ORM rows';

/** Minutes of the day that the peers store, since they take so long; ours stores all of them. */
const CLUSTERED_MINUTES = 60;
const ORM_MINUTES = 6;
const built = (path) => import(new URL(`../../dist/server/${path}`, import.meta.url).href);

/** The server's own store; its latest table, which every capture writes too, is measured by the bench `capture`. */
class OurStore {
  static async open(folder) {
    return Object.assign(new OurStore(), await openStore(folder));
  }

  async commit(chain, snapshot) {
    const id = await this.store.chainId({ underlying: UNDERLYING, expiry: chain });
    await this.store.commit(id, [{ snapshot, unknownLegs: 0, phantomLegs: 0 }], null);
  }

  async load(chain, from, to) {
    return this.store.load(await this.store.findChain({ underlying: UNDERLYING, expiry: chain }), from, to);
  }

  /** What happens in the night after. SQLite keeps the freed pages for the next day; here they are given back to be counted. */
  async pack() {
    const { SnapshotPacker } = await built('snapshot/snapshot-packer.js');
    const { SnapshotDays } = await built('snapshot/snapshot-days.js');
    const { db, writes, store } = this;
    await new SnapshotPacker(db, writes, { now: () => Date.now() }, store, new SnapshotDays(db)).run();
    await db.query('VACUUM');
  }

  async close() {
    await this.db.query('PRAGMA wal_checkpoint(TRUNCATE)');
    await this.db.destroy();
  }
}

/** Size of a new store in bytes. */
async function emptySize(kind) {
  const { folder, remove } = tempFolder();
  await (await kind.open(folder)).close();
  const { size } = statSync(join(folder, DATABASE));
  remove();
  return size;
}

/** Stores the first minutes of a day. @returns bytes a leg and minute, ms of each commit, ms to read one chain back */
async function storeDay(kind, chains, minutes) {
  const empty = await emptySize(kind);
  const { folder, remove } = tempFolder();
  const store = await kind.open(folder);
  const commits = [];
  let legs = 0;
  for (let minute = 0; minute < minutes; minute++)
    for (const [chain, snapshots] of chains) {
      const snapshot = snapshots[minute];
      if (!snapshot) continue;
      commits.push((await timed(() => store.commit(chain, snapshot))).ms);
      legs += sum(snapshot.present);
    }
  const [chain, snapshots] = [...chains][0];
  const stored = snapshots.slice(0, minutes);
  const read = await medianMs(3, () => store.load(chain, stored[0].slot, stored.at(-1).slot), 1);
  await store.close();
  const size = () => (statSync(join(folder, DATABASE)).size - empty) / legs;
  const bytes = size();
  const packed = kind === OurStore ? await packDay(folder, chain, stored) : null;
  const packedBytes = size();
  remove();
  return { bytes, commits, readMs: read.median, minutes: stored.length, packed, packedBytes };
}

/** Packs the day. @returns ms for all chains of it, and to read one of them back */
async function packDay(folder, chain, stored) {
  const store = await OurStore.open(folder);
  const pack = await timed(() => store.pack());
  const read = await medianMs(3, () => store.load(chain, stored[0].slot, stored.at(-1).slot), 1);
  await store.close();
  return { packMs: pack.ms, readMs: read.median };
}

export async function run({ runs, quick, sharedData }) {
  const { what, chains } = await oneDay(sharedData);
  const longest = Math.max(...[...chains.values()].map((snapshots) => snapshots.length));
  const results = { ours: [], clustered: [], orm: [] };
  for (let round = 0; round < runs; round++) {
    results.ours.push(await storeDay(OurStore, chains, quick ? 60 : longest));
    results.clustered.push(await storeDay(ClusteredRows, chains, quick ? 20 : CLUSTERED_MINUTES));
    results.orm.push(await storeDay(OrmRows, chains, ORM_MINUTES));
  }
  const likeTheGoal = await storeDay(OurStore, await dayOfTheGoal(), quick ? 60 : SESSION_SLOTS);
  return {
    rows: [...lines(results), goalLine(likeTheGoal)],
    detail: { what, minutes: { ours: longest, CLUSTERED_MINUTES, ORM_MINUTES } },
  };
}

function lines({ ours, clustered, orm }) {
  const bytes = (all) => median(all.map((one) => one.bytes));
  const commit = (all, share) =>
    percentile(
      all.flatMap((one) => one.commits),
      share,
    );
  const perMinute = (all) => median(all.map((one) => one.readMs / one.minutes));
  const rows = 'clustered rows';
  const entities = 'ORM rows';
  return [
    line('today, each minute by itself: bytes per leg and minute', 'B', bytes(ours), { limit: 0.8 }),
    line('today, each minute by itself: bytes per leg and minute', 'B', bytes(ours), {
      peer: bytes(clustered),
      against: rows,
      ratio: 1 / 40,
    }),
    line('today, each minute by itself: bytes per leg and minute', 'B', bytes(ours), {
      peer: bytes(orm),
      against: entities,
      ratio: 1 / 400,
    }),
    line('commit of a chain, median', 'ms', commit(ours, 0.5), {
      peer: commit(clustered, 0.5),
      against: rows,
    }),
    line('commit of a chain, median', 'ms', commit(ours, 0.5), { peer: commit(orm, 0.5), against: entities }),
    line('commit of a chain, p99', 'ms', commit(ours, 0.99), {
      peer: commit(clustered, 0.99),
      against: rows,
    }),
    line('read back, per chain and minute', 'ms', perMinute(ours), {
      peer: perMinute(clustered),
      against: rows,
    }),
    line('read back, per chain and minute', 'ms', perMinute(ours), {
      peer: perMinute(orm),
      against: entities,
    }),
    line('read back, one chain and its whole day', 'ms', median(ours.map((one) => one.readMs))),
    ...packedLines(ours, bytes(clustered), bytes(orm)),
  ];
}

/** The same day, once it is past. */
function packedLines(ours, clustered, orm) {
  const bytes = median(ours.map((one) => one.packedBytes));
  const what = 'a past day, packed: bytes per leg and minute';
  return [
    line(what, 'B', bytes, { limit: 0.8 }),
    line(what, 'B', bytes, { peer: clustered, against: 'clustered rows', ratio: 1 / 40 }),
    line(what, 'B', bytes, { peer: orm, against: 'ORM rows', ratio: 1 / 400 }),
    line('a past day: packing all its chains, once', 'ms', median(ours.map(({ packed }) => packed.packMs))),
    line('a past day: read back, one whole chain', 'ms', median(ours.map(({ packed }) => packed.readMs))),
  ];
}

/** The goal is set for a market of which fewer contracts change than of the recorded chains. */
function goalLine({ packedBytes }) {
  const what = `a past day of which ${Math.round(100 * WholeMarket.CHANGE)} % changes in a minute, packed: bytes per leg and minute`;
  return line(what, 'B', packedBytes, { limit: 0.8 });
}
