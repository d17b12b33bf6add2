import { DataSource } from 'typeorm';
import { applyChange } from '../../../client/lib/merge.js';
import type { Table } from '../../../server/protocol/index.js';
import { WatchRegistry } from '../../../server/snapshot/watch-registry.js';
import { NIFTY, openFaultyHouse, until, type FaultyHouse } from '../../support/faulty-house.js';
import { closeSockets, connect, watch } from '../../support/sockets.js';

/** Screens that come all at once, after a restart of the server or of a network. */

let house: FaultyHouse;
afterEach(async () => {
  closeSockets();
  await house.close();
});

const watchers = (): number => house.get(WatchRegistry).watchers(NIFTY);

/** Every statement that SQLite itself is given from now on, with its values, in a transaction or not. */
function readsOf(database: DataSource): string[] {
  const reads: string[] = [];
  interface Sqlite {
    databaseConnection: { on(event: 'trace', listener: (sql: string) => void): void };
  }
  const { databaseConnection } = database.driver as unknown as Sqlite;
  databaseConnection.on('trace', (sql) => reads.push(sql));
  return reads;
}

/** A read of anything but sign-ins. */
const OF_THE_MARKET = /^\s*SELECT.*\b(chain|snapshot|refusal|chain_table|contract|underlying|trading_day)\b/s;

describe('F37 a thousand screens that come at once after a restart', () => {
  const SCREENS = 1_000;

  it('should be served within seconds from one encoded table, without a read of the database for any table', async () => {
    house = await openFaultyHouse();
    await house.minutes(5);
    await house.close(true);
    const { dir } = house;
    house = await openFaultyHouse({ dir, at: '09:20' });
    await house.minutes(1);
    const cookie = await house.signIn();
    await watch(await connect(house.base, { cookie, origin: house.base }), NIFTY);
    const reads = readsOf(house.get(DataSource));
    const { tablesComputed, answersEncoded } = house.metrics;
    const began = performance.now();
    const sockets = await Promise.all(
      Array.from({ length: SCREENS }, () => connect(house.base, { cookie, origin: house.base })),
    );
    const tables = await Promise.all(sockets.map((socket) => watch(socket, NIFTY)));
    const seconds = (performance.now() - began) / 1_000;
    const shown = await house.chains.latest(NIFTY);
    for (const answer of tables) expect(answer.ok && answer.table?.seq).toBe(shown?.seq);
    expect(tables.at(-1)).toMatchObject({ ok: true, table: shown });
    expect(house.metrics.tablesComputed).toBe(tablesComputed);
    expect(house.metrics.answersEncoded - answersEncoded).toBeLessThanOrEqual(1);
    expect(reads.filter((sql) => OF_THE_MARKET.test(sql))).toEqual([]);
    expect(watchers()).toBe(SCREENS + 1);
    expect(seconds).toBeLessThan(30);
    process.stdout.write(
      `F37: ${SCREENS} screens in ${seconds.toFixed(1)} s, ${reads.length} statements of sign-ins and jobs\n`,
    );
  }, 120_000);
});

describe('F37 a thousand screens that come back after a restart, and none that is there already', () => {
  const SCREENS = 1_000;

  /** A screen over two lives of the server, by the rules of the real client: what follows on its table is applied. */
  class Returning {
    table: Table | null = null;
    /** Changes that did not follow on its table: the real client would have to ask again. */
    gaps = 0;

    async come(cookie: string): Promise<void> {
      const socket = await connect(house.base, { cookie, origin: house.base });
      socket.on('chain:change', (frame) => {
        if (!this.table || frame.seq <= this.table.seq) return;
        if (frame.seq === this.table.seq + 1 && frame.rows === this.table.rows.length)
          this.table = applyChange(this.table, frame);
        else this.gaps += 1;
      });
      const answer = await watch(socket, NIFTY);
      if (!answer.ok) throw new Error(answer.error.message);
      this.table = answer.table;
    }
  }

  it('should get the very table of the server, each of them, from memory, and follow on from it', async () => {
    house = await openFaultyHouse();
    await house.minutes(5);
    const cookie = await house.signIn();
    const screens = Array.from({ length: SCREENS }, () => new Returning());
    await Promise.all(screens.map((screen) => screen.come(cookie)));
    const before = (await house.chains.latest(NIFTY)) as Table;
    expect(screens.filter(({ table }) => table?.seq === before.seq)).toHaveLength(SCREENS);
    closeSockets();
    await house.close(true);
    const { dir } = house;
    house = await openFaultyHouse({ dir, at: '09:20' });
    await house.minutes(1);
    expect(watchers()).toBe(0);
    const reads = readsOf(house.get(DataSource));
    const { tablesComputed, answersEncoded } = house.metrics;
    await Promise.all(screens.map((screen) => screen.come(cookie)));
    const shown = (await house.chains.latest(NIFTY)) as Table;
    // `seq` goes on upward over the restart: what they had is older, and nothing of it is left.
    expect(shown.seq).toBeGreaterThan(before.seq);
    for (const { table } of screens) expect(table).toEqual(shown);
    expect(reads.filter((sql) => OF_THE_MARKET.test(sql))).toEqual([]);
    // All have one sign-in, which is read once, whoever comes first; the server's own looks at it come every few seconds.
    const looks = reads.filter((sql) => /^\s*SELECT.*FROM sign_in WHERE id_hash/s.test(sql)).length;
    expect(looks).toBeLessThanOrEqual(SCREENS / 50);
    expect(house.metrics.tablesComputed).toBe(tablesComputed);
    expect(house.metrics.answersEncoded - answersEncoded).toBe(1);
    expect(watchers()).toBe(SCREENS);
    await house.minutes(2);
    const next = (await house.chains.latest(NIFTY)) as Table;
    expect(next.seq).toBeGreaterThan(shown.seq);
    await until('the next minute on all of them', () =>
      screens.every(({ table }) => table?.seq === next.seq),
    );
    for (const { table } of screens) expect(table).toEqual(next);
    expect(screens.filter(({ gaps }) => gaps > 0)).toEqual([]);
  }, 240_000);
});
