import { jest } from '@jest/globals';
import { createClient } from 'redis';
import { DataSource } from 'typeorm';
import { istAt } from '../../server/domain/slot.js';
import type { Simulator } from '../../server/simulator/index.js';
import { describeWith, onServer, ownDatabase, type OwnDatabase } from '../medium/cluster/databases.js';
import {
  balancer,
  brokerOn,
  newSecret,
  OwnRedis,
  sharedClock,
  startMember,
  type Server,
} from '../support/cluster.js';
import { nearestChain } from '../support/harness-chains.js';
import { closeSockets, metric, request, Visitor } from '../support/harness-client.js';
import { cleanUp, until } from '../support/harness.js';
import { Watcher } from '../support/harness-watch.js';
import { MINUTE } from '../support/truth/index.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

const DATE = '2026-08-18';
/** A slot is three seconds, the lease of the collector three quarters of one. */
const RATE = 20;

describeWith(['postgres', 'redis'])('two servers on one PostgreSQL and one Redis', () => {
  const clock = sharedClock(istAt(DATE, '10:30'), RATE);
  const secret = newSecret();
  let own: OwnDatabase;
  let redis: OwnRedis;
  let broker: Simulator;
  let db: DataSource;
  let servers: Server[];
  let front: Awaited<ReturnType<typeof balancer>>;
  let visitor: Visitor;
  let chain: Watcher['chain'];
  let screens: Watcher[];

  const member = (): Promise<Server> =>
    startMember(clock, { database: own.url, redis: redis.url, broker: broker.url }, secret);
  /** The same person, straight to one of the servers. */
  const at = (server: Server): Visitor => new Visitor(server.url, visitor.cookie);
  const collects = async (server: Server): Promise<boolean> =>
    (await metric(at(server), 'oi_collects').catch(() => 0)) === 1;
  const collector = (): Promise<Server> =>
    until('a collector', async () => {
      for (const server of servers) if (!server.program.ended && (await collects(server))) return server;
      return null;
    });
  const otherThan = (server: Server): Server => servers.find((one) => one !== server)!;
  const screen = async (through: Visitor, of = chain): Promise<Watcher> => {
    const watcher = await Watcher.open(await through.socket(), of);
    screens.push(watcher);
    return watcher;
  };
  const slots = async (of = chain): Promise<number[]> => {
    const rows: { slot: string }[] = await db.query(
      `SELECT slot FROM snapshot s JOIN chain c ON c.id = s.chain_id
       WHERE c.underlying_key = $1 AND c.expiry = $2 AND s.source = 0 ORDER BY slot`,
      [of.underlying, of.expiry],
    );
    return rows.map(({ slot }) => Number(slot));
  };
  /** Calls for a chain that were answered, by minute. */
  const callsByMinute = (of = chain): Map<number, number> => {
    const counts = new Map<number, number>();
    for (const { at: time, subject } of broker.calls.list('option-chain'))
      if (subject.includes(encodeURIComponent(of.underlying)) && subject.includes(of.expiry)) {
        const minute = Math.floor(time / MINUTE);
        counts.set(minute, (counts.get(minute) ?? 0) + 1);
      }
    return counts;
  };
  const newest = (watcher: Watcher): number => watcher.table?.slot ?? 0;
  const goesOn = (watcher: Watcher, minutes: number): Promise<unknown> =>
    watcher.slots(new Set(watcher.tables.map(({ slot }) => slot)).size + minutes, 60_000);

  beforeAll(async () => {
    own = await ownDatabase('postgres');
    redis = await OwnRedis.start();
    broker = await brokerOn(clock, DATE);
    // At once, on an empty database.
    servers = await Promise.all([member(), member()]);
    front = await balancer(() => servers.filter(({ program }) => !program.ended));
    visitor = await Visitor.enter(front.url);
    db = new DataSource({ type: 'postgres', url: own.url });
    await db.initialize();
    // The one that does not collect learns of the list from the database.
    for (const server of servers) await nearestChain(at(server), 'NIFTY');
    chain = await nearestChain(visitor, 'NIFTY');
    screens = [];
  });

  afterAll(async () => {
    closeSockets();
    front.close();
    await cleanUp();
    await Promise.all([broker.close(), redis.kill(), db.destroy()]);
    await own.remove();
  });

  it('should show the same tables on screens of both, for one broker call a chain and slot', async () => {
    const [a, b] = [await screen(at(servers[0]!)), await screen(at(servers[1]!))];
    const through = await Promise.all([screen(visitor), screen(visitor), screen(visitor), screen(visitor)]);
    await Promise.all([a, b, ...through].map((one) => one.slots(6, 120_000)));
    for (const server of servers) expect(await metric(at(server), 'oi_watchers')).toBeGreaterThanOrEqual(2);
    const bySeq = new Map(a.tables.map((table) => [table.seq, table]));
    const shared = b.tables.filter(({ seq }) => bySeq.has(seq));
    expect(shared.length).toBeGreaterThan(3);
    for (const table of shared) expect(table).toEqual(bySeq.get(table.seq));
    const captured = await slots();
    const calls = callsByMinute();
    for (const slot of captured.slice(1, -1)) expect([slot, calls.get(slot / MINUTE)]).toEqual([slot, 1]);
  });

  it('should collect what is watched on the server that does not collect', async () => {
    const other = await nearestChain(visitor, 'BANKNIFTY');
    const watcher = await screen(at(otherThan(await collector())), other);
    await watcher.slots(3, 60_000);
    expect(await slots(other)).toEqual(
      expect.arrayContaining(watcher.tables.map(({ slot }) => slot).slice(0, 1)),
    );
    expect(Math.max(...callsByMinute(other).values())).toBe(1);
  });

  it('should end the sockets of a sign-in on both when it ends on one', async () => {
    const leaving = await Visitor.enter(front.url);
    const sockets = [];
    for (const server of servers) sockets.push(await new Visitor(server.url, leaving.cookie).socket());
    const ended = sockets.map(
      (socket) => new Promise((resolve) => socket.once('session:ended', ({ code }) => resolve(code))),
    );
    await request(servers[0]!.url, '/api/auth/logout', { method: 'POST', cookie: leaving.cookie });
    expect(await Promise.all(ended)).toEqual(['signed-out', 'signed-out']);
  });

  it('should drop what is not news, and believe no news that the database does not bear out', async () => {
    const [installation] = await db.query<{ id: string }[]>('SELECT id FROM installation');
    const channel = `oi-tracker:${installation!.id}:news`;
    const forger = await createClient({ url: redis.url }).connect();
    const watcher = screens[0]!;
    const before = { gaps: watcher.gaps, frames: watcher.frames.length, slot: newest(watcher) };
    const forged = { v: 1, from: 'x', news: { kind: 'chain', ...chain } };
    const junk = ['', '{', '[]', JSON.stringify({ ...forged, frame: { oi: [0, 1e9] } }), 'x'.repeat(100_000)];
    for (const text of [...junk, ...Array.from({ length: 200 }, () => JSON.stringify(forged))])
      await forger.publish(channel, text);
    forger.destroy();
    await until('the junk to be counted', async () => {
      const counts = servers.map((one) => metric(at(one), 'oi_news_total', { outcome: 'malformed' }));
      return (await Promise.all(counts)).every((count) => count >= junk.length);
    });
    await goesOn(watcher, 2);
    expect(watcher.gaps).toBe(before.gaps);
    const numbers = watcher.frames.slice(before.frames).map(({ seq }) => seq);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('should lose one slot at most when the collector is killed', async () => {
    const dying = await collector();
    const left = await screen(at(otherThan(dying)));
    await goesOn(left, 1);
    const last = newest(left);
    await dying.program.kill();
    await goesOn(left, 3);
    const after = (await slots()).filter((slot) => slot >= last);
    const gaps = after.slice(1).map((slot, i) => (slot - after[i]!) / MINUTE);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2);
    // Those who come now, or come back, find the one that is left.
    await (await screen(visitor)).slots(1, 30_000);
    servers = [otherThan(dying), await member()];
  });

  it('should refuse what a collector brings that was paused while another took over', async () => {
    const paused = await collector();
    const successor = otherThan(paused);
    const onPaused = await screen(at(paused));
    const onSuccessor = await screen(at(successor));
    await goesOn(onPaused, 1);
    const fenced = (): Promise<number> => metric(at(paused), 'oi_fenced_writes_total');
    const before = await fenced();
    // Its next answer is on the way when it is paused.
    const calls = broker.calls.count('option-chain');
    broker.faults.inject('option-chain', { type: 'slow-body', ms: 300 }, 2);
    await until('the next call', () => broker.calls.count('option-chain') > calls);
    process.kill(paused.program.pid, 'SIGSTOP');
    try {
      await until('the successor', () => collects(successor));
      await goesOn(onSuccessor, 2);
    } finally {
      process.kill(paused.program.pid, 'SIGCONT');
    }
    await until('the refusal', async () => (await fenced()) > before);
    await onPaused.when('what was missed', ({ slot }) => slot >= newest(onSuccessor) - MINUTE);
    expect(await collects(paused)).toBe(false);
    const captured = await slots();
    expect(new Set(captured).size).toBe(captured.length);
  });

  it('should serve its screens without Redis, and go back to it by itself', async () => {
    const follower = otherThan(await collector());
    const watcher = await screen(at(follower));
    await redis.kill();
    await goesOn(watcher, 3);
    expect(await metric(at(follower), 'oi_redis_connected')).toBe(0);
    await redis.run();
    await until('Redis again', async () => (await metric(at(follower), 'oi_redis_connected')) === 1);
    const heard = await metric(at(follower), 'oi_news_total', { outcome: 'received' });
    await until('news', async () => {
      return (await metric(at(follower), 'oi_news_total', { outcome: 'received' })) > heard;
    });
    expect(watcher.gaps).toBe(0);
  });

  it('should lose no committed slot with the database, and recover by itself', async () => {
    const watchers = await Promise.all(servers.map((server) => screen(at(server))));
    await Promise.all(watchers.map((one) => goesOn(one, 1)));
    const before = await slots();
    const name = new URL(own.url).pathname.slice(1);
    await db.destroy();
    await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    for (const server of servers)
      await until(
        'the trouble to show',
        async () => (await request(server.url, '/health/ready')).status === 503,
      );
    await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await Promise.all(watchers.map((one) => goesOn(one, 3)));
    await db.initialize();
    expect(await slots()).toEqual(expect.arrayContaining(before));
    for (const { program } of servers) expect(program.ended).toBe(false);
    for (const one of watchers) expect(one.table?.seq).toBeGreaterThan(0);
  });
});
