import { join } from 'node:path';
import { BenchMarket, CHAIN, MINUTE, SESSION_START, SYMBOL, UNDERLYING } from './market.mjs';
import { median, nowMs } from './stats.mjs';

const built = (path) => import(new URL(`../../../dist/server/${path}`, import.meta.url).href);

export const UNDERLYING_INFO = { key: UNDERLYING, symbol: SYMBOL, name: 'Bench 50', lotSize: 65 };

/** What `ChainService` and `BrokerHttp` do with an answer, step by step. */
async function steps() {
  const { mapChain } = await built('upstox/chain-mapper.js');
  const { SessionHistory } = await built('domain/history.js');
  const { Acceptance } = await built('domain/acceptance.js');
  const { computeTable } = await built('domain/table.js');
  const { encodeSnapshot } = await built('snapshot/codec.js');
  const { encodeChange } = await built('snapshot/frame-encoder.js');
  return { mapChain, SessionHistory, Acceptance, computeTable, encodeSnapshot, encodeChange };
}

export async function openStore(folder) {
  await import('reflect-metadata');
  const { openDatabase } = await built('database/open.js');
  const { WriteQueue } = await built('database/write-queue.js');
  const { SnapshotStore } = await built('snapshot/snapshot-store.js');
  const db = await openDatabase({ kind: 'sqlite', file: join(folder, 'tracker.db') });
  const writes = new WriteQueue(db);
  return { db, writes, store: new SnapshotStore(db, writes) };
}

/**
 * Median ms of each part of a capture, in this process, with a session of 35 to 35 + `times` slots.
 * @param folder for the database
 */
export async function measureParts(folder, times) {
  const { mapChain, SessionHistory, Acceptance, computeTable, encodeSnapshot, encodeChange } = await steps();
  const { db, store } = await openStore(folder);
  const id = await store.chainId(CHAIN);
  const bare = await store.chainId({ ...CHAIN, expiry: '2026-09-29' });
  const market = new BenchMarket();
  const acceptance = new Acceptance(new SessionHistory(SESSION_START));
  const { history } = acceptance;
  const samples = new Map();
  let counting = false;
  const part = async (name, work) => {
    const start = nowMs();
    const result = await work();
    if (counting) samples.set(name, [...(samples.get(name) ?? []), nowMs() - start]);
    return result;
  };
  let before = null;
  for (let minute = 0; minute < 35 + times; minute++) {
    counting = minute >= 35;
    market.step();
    const text = market.answer();
    const slot = SESSION_START + minute * MINUTE;
    const json = await part('parse JSON', () => JSON.parse(text));
    const quote = await part('validate', () => mapChain(json.data, CHAIN));
    const verdict = await part('judge and pack', () => acceptance.judge(quote, slot, slot + 2_000, 'live'));
    await part('encode for disk', () => encodeSnapshot(verdict.snapshot));
    acceptance.commit(verdict);
    const input = {
      underlying: UNDERLYING_INFO,
      expiry: CHAIN.expiry,
      history,
      slot,
      seq: minute + 1,
      keyOf: () => 'NSE_FO|1',
    };
    const table = await part('delta table', () => computeTable(input));
    const captures = [{ snapshot: verdict.snapshot, unknownLegs: 0, phantomLegs: 0 }];
    await part('commit of the snapshot and of which table follows, as the server does', () =>
      store.commit(id, captures, () => table),
    );
    await part('commit of the snapshot alone, for comparison', () => store.commit(bare, captures, null));
    await part('table as JSON, for the first who joins', () => JSON.stringify(table));
    const frame = await part('encode the frame', () => encodeChange(before, table));
    await part('frame as JSON', () => JSON.stringify(frame));
    before = table;
  }
  await db.destroy();
  return Object.fromEntries([...samples].map(([name, values]) => [name, median(values)]));
}
