/** A month of a whole market on the disk of a stopped tracker: past days packed, of today the last minutes. */
import { join } from 'node:path';
import { EXPIRY } from './market.mjs';
import { median, timed } from './stats.mjs';
import { MINUTE, WholeMarket } from './whole-market.mjs';

export const CONTRACTS = 10_000;
/** Trading days of a month before today. */
export const DAYS = 21;
/** As many as the longest window reaches back, and a few that may be missing. */
export const RECENT = 35;

const SESSION = 375;
const DAY_MS = 86_400_000;
const COLUMNS = ['oi', 'ltp', 'volume'];
/** Above all numbers that the tracker has given to its own chains and contracts. */
const FIRST_ID = 100_001;

const built = (path) => import(new URL(`../../../dist/server/${path}`, import.meta.url).href);
const dateOf = (at) => new Date(at + 5.5 * 3_600_000).toISOString().slice(0, 10);

async function open(folder) {
  await import('reflect-metadata');
  const { openDatabase } = await built('database/open.js');
  const { WriteQueue } = await built('database/write-queue.js');
  const { MinuteStore } = await built('market/minutes/minute-store.js');
  const db = await openDatabase({ kind: 'sqlite', file: join(folder, 'tracker.db') });
  const writes = new WriteQueue(db);
  return { db, writes, minutes: new MinuteStore(db, writes) };
}

/**
 * Stores the month.
 * @param until slot of the newest minute, where the tracker was stopped
 * @returns ms that it takes to read the last minutes back into the ring, median, and the bytes of the packed days
 */
export async function storeMonth(folder, until) {
  const { db, writes, minutes } = await open(folder);
  const market = await WholeMarket.of(CONTRACTS, COLUMNS, { firstId: FIRST_ID });
  await writes.write(async (tx) => {
    for (const id of market.universe.chainIds)
      await tx.query('INSERT INTO chain (id, underlying_key, expiry) VALUES ($1, $2, $3)', [
        ...[id, `NSE_EQ|${id}`, EXPIRY],
      ]);
  });
  const bytes = await storePackedDays(writes, market, until);
  market.frame.slot = until - RECENT * MINUTE;
  const universe = await minutes.universe(market.universe, market.frame.slot);
  for (let minute = 0; minute < RECENT; minute++) {
    market.step();
    await minutes.append(universe, market.frame, market.frame.slot);
  }
  const ring = [];
  for (let i = 0; i < 5; i++) ring.push((await timed(() => readBack(minutes, universe, until))).ms);
  await db.query('PRAGMA wal_checkpoint(TRUNCATE)');
  await db.destroy();
  return { ringMs: median(ring), bytes };
}

/**
 * One day is generated and packed; the others hold the same minutes under their own dates, each sealed as its own. That
 * is what a start meets: so many rows and bytes, none of which it should read.
 */
async function storePackedDays(writes, market, until) {
  const { ChainDays } = await built('market/minutes/chain-day.js');
  const { CHUNK_VERSION, encodeChunk } = await built('market/minutes/day-chunk.js');
  const { seal, unseal } = await built('market/minutes/block.js');
  const days = new ChainDays(new Set(market.universe.chainIds));
  const first = dateOf(until - DAY_MS);
  market.frame.slot -= DAY_MS;
  for (let minute = 0; minute < SESSION; minute++) {
    market.step();
    days.take(market.universe, market.frame);
  }
  const packed = [...days.all().values()].map((day) => ({
    ...{ id: day.chainId, slots: day.slots.length },
    content: unseal('The day', CHUNK_VERSION, encodeChunk(day, first), `${day.chainId} ${first}`),
  }));
  for (let back = 1; back <= DAYS; back++) {
    const date = dateOf(until - back * DAY_MS);
    await writes.write(async (tx) => {
      for (const { id, slots, content } of packed)
        await tx.query('INSERT INTO day_chunk (chain_id, date, slots, payload) VALUES ($1, $2, $3, $4)', [
          ...[id, date, slots, seal(CHUNK_VERSION, content, `${id} ${date}`)],
        ]);
      await tx.query('INSERT INTO day_packed (date, verified_at, chunks, minutes) VALUES ($1, $2, $3, $4)', [
        ...[date, until, packed.length, SESSION],
      ]);
    });
  }
  return DAYS * packed.reduce((total, { content }) => total + content.length, 0);
}

/** As the server does when it begins to sweep: the minutes of the disk into a new session. */
async function readBack(minutes, universe, until) {
  const { MarketSession } = await built('market/session/market-session.js');
  const { answeredOf } = await built('market/session/leg-map.js');
  const session = new MarketSession(universe);
  const from = until - (RECENT - 1) * MINUTE;
  universe.chainIds.forEach((_, chain) => session.begin(chain, from));
  let count = 0;
  for await (const { frame } of minutes.frames(from, until)) {
    session.take(frame, answeredOf(frame));
    count += 1;
  }
  if (count !== RECENT) throw new Error(`${count} of ${RECENT} minutes were read back`);
}
