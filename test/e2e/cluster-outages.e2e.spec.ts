import { isDeepStrictEqual } from 'node:util';
import { jest } from '@jest/globals';
import { dataSourceOptions } from '../../server/database/options.js';
import { onServer } from '../medium/cluster/databases.js';
import { request } from '../support/harness-client.js';
import type { Watcher } from '../support/harness-watch.js';
import type { MachineRoom } from '../support/machine-room.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { MINUTE } from '../support/truth/index.js';
import { describeRoom, roomForTests } from '../support/room-for-tests.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

describeRoom()('two servers whose PostgreSQL or Redis goes away', () => {
  let room: MachineRoom;

  if (OwnPostgres.lacking !== null)
    console.info(`PostgreSQL is not killed, its connections are cut and refused: ${OwnPostgres.lacking}`);
  roomForTests((one) => (room = one));

  /** One screen on each server, with a table. */
  async function screens(): Promise<Watcher[]> {
    const open = [];
    for (const server of room.servers) open.push(await room.screen(server));
    await room.minutes(1);
    return open;
  }

  /** Redis's state as every server tells it. */
  const redisIs = (connected: 0 | 1): Promise<unknown> =>
    room.until('Redis', async () => {
      const told = room.servers.map((server) => room.metric(server, 'oi_redis_connected'));
      return (await Promise.all(told)).every((one) => one === connected);
    });

  /** The follower hears news again. */
  async function newsComes(): Promise<void> {
    const follower = room.otherThan(await room.collector());
    const heard = (): Promise<number> => room.metric(follower, 'oi_news_total', { outcome: 'received' });
    const before = await heard();
    await room.minutes(1);
    await room.until('news', async () => (await heard()) > before);
  }

  /** No screen went back or showed a table twice. Where two tables come at once it fetches the newest whole. */
  function expectInOrder(watchers: readonly Watcher[]): void {
    for (const { tables } of watchers) {
      const numbers = tables.map(({ seq }) => seq);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }
  }

  /** No minute is there twice, whatever its source: not in the database, nor by the word of the servers that captured. */
  async function expectNoneTwice(): Promise<void> {
    const rows = await room.db.query<{ chain: string; slot: string; at: string }[]>(
      'SELECT chain_id AS chain, slot, captured_at AS at FROM snapshot WHERE source = 0 ORDER BY chain_id, slot',
    );
    expect(new Set(rows.map(({ chain, slot }) => `${chain} ${slot}`)).size).toBe(rows.length);
    // Nor is one stored under the name of another.
    for (const { slot, at } of rows) expect(Math.floor(Number(at) / MINUTE) * MINUTE).toBe(Number(slot));
    const said = room.servers.flatMap(({ program }) =>
      program.lines.flatMap(
        (line) => /capture (\S.*@\S+ slot=\d\d:\d\d) .*outcome=captured/.exec(line)?.[1] ?? [],
      ),
    );
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((one, i) => said.indexOf(one) !== i)).toEqual([]);
  }

  const showTheSame = ([one, ...others]: readonly Watcher[]): Promise<unknown> =>
    room.until('all screens to show the same table', () =>
      others.every(({ table }) => isDeepStrictEqual(table, one!.table)),
    );

  const readiness = async (): Promise<number[]> =>
    Promise.all(room.servers.map(async ({ url }) => (await request(url, '/health/ready')).status));
  const allAre = (what: string, status: number): Promise<unknown> =>
    room.until(what, async () => (await readiness()).every((one) => one === status));

  /** What a server's end does to the database; and its return. */
  async function loseDatabase(): Promise<void> {
    await room.db.destroy();
    const { server, url } = room.database;
    if (server) return server.kill();
    const name = new URL(url).pathname.slice(1);
    await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  }
  async function regainDatabase(): Promise<void> {
    const { server, url } = room.database;
    if (server) await server.run();
    else await onServer(`ALTER DATABASE ${new URL(url).pathname.slice(1)} ALLOW_CONNECTIONS true`);
    await room.db.initialize();
  }

  it('should serve its screens without Redis, and go back to it by itself (F44)', async () => {
    const watchers = await screens();
    await room.redis.kill();
    await room.minutes(3);
    await redisIs(0);
    await room.redis.run();
    await redisIs(1);
    await newsComes();
    expectInOrder(watchers);
    await showTheSame(watchers);
    const said = room.servers.flatMap(({ program }) => program.lines);
    expect(said.filter((line) => line.includes('Redis')).length).toBeGreaterThan(0);
    expect(said.filter((line) => line.includes(room.redis.password))).toEqual([]);
  });

  it('should serve its screens while Redis stalls, and take what it says afterwards for old news (F44)', async () => {
    const watchers = await screens();
    room.redis.stall();
    try {
      await room.minutes(3);
      await redisIs(0);
      // A sign-in does not wait for Redis, either.
      expect((await request(room.servers[0]!.url, '/api/auth/session')).status).toBe(200);
    } finally {
      room.redis.wake();
    }
    await redisIs(1);
    await newsComes();
    expectInOrder(watchers);
    await showTheSame(watchers);
  });

  it('should lose no committed slot when PostgreSQL is killed, and recover by itself (F33)', async () => {
    const watchers = await screens();
    const [before, shown] = [await room.slots(), watchers.map(({ table }) => table!.seq)];
    try {
      await loseDatabase();
      await allAre('the trouble to show', 503);
      watchers.forEach(({ table }, i) => expect(table!.seq).toBeGreaterThanOrEqual(shown[i]!));
    } finally {
      await regainDatabase();
    }
    await allAre('readiness', 200);
    await room.minutes(3);
    const after = await room.slots();
    expect(after).toEqual(expect.arrayContaining(before));
    expect(new Set(after).size).toBe(after.length);
    await expectNoneTwice();
    for (const { program } of room.servers) expect(program.ended).toBe(false);
    expectInOrder(watchers);
    await showTheSame(watchers);
  });

  it('should go on by itself when every connection of both servers has been stuck (F33)', async () => {
    const watchers = await screens();
    const before = await room.slots();
    const letGo = await room.holdUp('LOCK TABLE chain_table, snapshot, lease IN ACCESS EXCLUSIVE MODE');
    const looks = Array.from({ length: 30 }, () =>
      room.visitor
        .find(room.visitor.tablePath(room.chain.underlying, room.chain.expiry, room.clock.now()))
        .catch(() => null),
    );
    const { poolSize = 0 } = dataSourceOptions({ kind: 'postgres', url: room.database.url });
    await room.until('reads that wait on every connection', async () => {
      const [row] = await room.db.query<{ waiting: string }[]>(
        `SELECT count(*) AS waiting FROM pg_stat_activity
         WHERE application_name = 'oi-tracker' AND wait_event_type = 'Lock' AND ltrim(query) LIKE 'SELECT%'
           AND datname = current_database()`,
      );
      return Number(row!.waiting) >= poolSize * room.servers.length;
    });
    await allAre('the trouble to show', 503);
    await letGo();
    await Promise.all(looks);
    await allAre('readiness', 200);
    await room.minutes(2);
    expect(await room.slots()).toEqual(expect.arrayContaining(before));
    await expectNoneTwice();
    expectInOrder(watchers);
    await showTheSame(watchers);
  });
});
