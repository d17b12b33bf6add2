/** What follows the last answer of a sweep: judge, store, take into memory, pass and rows of the market page. */
import { tempFolder } from './support/house.mjs';
import { line } from './support/report.mjs';
import { median, percentile, timed } from './support/stats.mjs';
import { WholeMarket } from './support/whole-market.mjs';
import { join } from 'node:path';

export const name = 'sweep';
export const title = 'a swept minute of the whole market: last answer to rows, in parts';
export const goal = 'judge, store, take, pass and rows of 100,000 contracts well within the 150 ms of a tick';

const built = (path) => import(new URL(`../../dist/server/${path}`, import.meta.url).href);

async function open(folder, universe, at) {
  await import('reflect-metadata');
  const { openDatabase } = await built('database/open.js');
  const { WriteQueue } = await built('database/write-queue.js');
  const { MinuteStore } = await built('market/minutes/minute-store.js');
  const { MarketSession } = await built('market/session/market-session.js');
  const { MarketRowsBuilder } = await built('market/session/market-rows.js');
  const db = await openDatabase({ kind: 'sqlite', file: join(folder, 'tracker.db') });
  const minutes = new MinuteStore(db, new WriteQueue(db));
  const stored = await minutes.universe(universe, at);
  const session = new MarketSession(stored);
  stored.chainIds.forEach((_, chain) => session.begin(chain, 0));
  const facts = Array.from(stored.chainIds, (_, chain) => ({ chain, key: `K${chain}`, symbol: `S${chain}` }));
  return { db, minutes, stored, session, rows: new MarketRowsBuilder(session, facts) };
}

async function measure(legs, count) {
  const { folder, remove } = tempFolder();
  const market = await WholeMarket.of(legs, ['oi', 'ltp', 'volume']);
  const { db, minutes, stored, session, rows } = await open(folder, market.universe, market.frame.slot);
  const answered = new Uint8Array(legs).fill(1);
  const parts = { judge: [], store: [], take: [], rows: [], all: [] };
  for (let minute = 0; minute < count; minute++) {
    market.step();
    const { frame } = market;
    const judged = await timed(() =>
      stored.chainIds.forEach((_, c) => session.judge.judge(c, frame, answered)),
    );
    const written = await timed(() => minutes.append(stored, frame, frame.slot));
    const taken = await timed(() => session.take(frame, answered));
    const built = await timed(() => rows.build(frame.slot, frame.slot, null));
    if (minute < 36) continue;
    const ms = [judged.ms, written.ms, taken.ms, built.ms];
    ['judge', 'store', 'take', 'rows'].forEach((part, i) => parts[part].push(ms[i]));
    parts.all.push(ms.reduce((sum, one) => sum + one, 0));
  }
  await db.destroy();
  remove();
  return parts;
}

export async function run({ quick }) {
  const rows = [];
  for (const legs of quick ? [10_000] : [10_000, 100_000]) {
    const parts = await measure(legs, quick ? 60 : 100);
    const size = `${legs.toLocaleString('en')} contracts`;
    for (const part of ['judge', 'store', 'take', 'rows'])
      rows.push(line(`${size}: ${part}, median`, 'ms', median(parts[part])));
    rows.push(line(`${size}: last answer to rows, p99`, 'ms', percentile(parts.all, 0.99), { limit: 150 }));
  }
  return { rows };
}
