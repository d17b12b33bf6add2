import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { loadConfig } from '../../../server/config/load-config.js';
import { CollectorLease, FenceLost } from '../../../server/database/lease.js';
import { openDatabase, openWriter } from '../../../server/database/open.js';
import { WriteQueue } from '../../../server/database/write-queue.js';
import { openGate } from '../../support/gate.js';
import { until } from '../../support/harness-program.js';
import { kindsHere, ownDatabase, type OwnDatabase } from './databases.js';

/** A lease that lasts 600 ms: the shortest. */
const FAST = {
  CLOCK_START: '2026-08-18T10:00:00+05:30',
  CLOCK_RATE: '60',
  UPSTOX_API_URL: 'http://127.0.0.1:1',
};

describe.each(kindsHere())('the lease of the collector, %s', (kind) => {
  let own: OwnDatabase;
  const opened: DataSource[] = [];

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    own = await ownDatabase(kind);
  });
  afterEach(async () => {
    for (const db of opened.splice(0)) await db.destroy();
    await own.remove();
  });

  /** A would-be collector with connections of its own, as another process has them. */
  async function candidate(shared = true) {
    const env = { ...FAST, DATABASE_URL: own.url, ...(shared ? { REDIS_URL: 'redis://127.0.0.1:1' } : {}) };
    const config = loadConfig(env);
    const db = await openDatabase(config.database);
    const writer = await openWriter(config.database, db);
    opened.push(...new Set([db, writer]));
    const writes = new WriteQueue(writer);
    const lease = new CollectorLease(db, writes, config);
    return { db, writes, lease, begin: () => lease.begin(() => Promise.resolve()) };
  }

  /** Tries as the server does, until the lease of the one before has run out. */
  const takeOver = ({ lease }: { lease: CollectorLease }): Promise<unknown> =>
    until('the lease', async () => {
      await lease.renew();
      return lease.held;
    });
  const end = ({ lease }: { lease: CollectorLease }): Promise<unknown> =>
    until('the end of the lease', () => !lease.held);

  const insert = (writes: WriteQueue, name: string) =>
    writes.writeFenced((tx) => tx.query('INSERT INTO installation (id) VALUES ($1)', [name]));
  const stored = async (db: DataSource): Promise<string[]> =>
    (await db.query<{ id: string }[]>('SELECT id FROM installation')).map(({ id }) => id);

  if (kind === 'postgres')
    it('should keep the collection and store what is collected while reads take every connection (F33)', async () => {
      const a = await candidate();
      await a.begin();
      const readers = Array.from({ length: a.db.options.poolSize ?? 0 }, () => a.db.createQueryRunner());
      await Promise.all(readers.map((reader) => reader.connect()));
      await a.lease.renew();
      await insert(a.writes, 'stored');
      expect(a.lease.holder).toBe(a.lease.me);
      expect(readers.length).toBeGreaterThan(0);
      await Promise.all(readers.map((reader) => reader.release()));
      expect(await stored(a.db)).toContain('stored');
    });

  it('should give the collection to one of two, and to the other when the first gives it back', async () => {
    const [a, b] = [await candidate(), await candidate()];
    await a.begin();
    await b.begin();
    expect([a.lease.held, b.lease.held]).toEqual([true, false]);
    expect(b.lease.holder).toBe(a.lease.me);
    await a.lease.release();
    await b.lease.renew();
    expect([a.lease.held, b.lease.held]).toEqual([false, true]);
    expect(b.lease.epoch).toBe(2);
  });

  it('should give it to one of many that try at the same moment', async () => {
    // A SQLite file is made by its first server; on PostgreSQL all may come at once.
    const first = kind === 'sqlite' ? [await candidate()] : [];
    const all = [...first, ...(await Promise.all(Array.from({ length: 3 }, () => candidate())))];
    await Promise.all(all.map((one) => one.begin()));
    expect(all.filter(({ lease }) => lease.held)).toHaveLength(1);
  });

  it('should be free for another when it is not renewed, and refuse the writes of the one before (F43)', async () => {
    const [a, b] = [await candidate(), await candidate()];
    await a.begin();
    await insert(a.writes, 'before');
    await b.begin();
    expect(b.lease.held).toBe(false);
    await takeOver(b);
    expect(a.lease.held).toBe(false);
    await expect(insert(a.writes, 'late')).rejects.toThrow(FenceLost);
    await insert(b.writes, 'after');
    expect(await stored(b.db)).toEqual(expect.arrayContaining(['before', 'after']));
    expect(await stored(b.db)).not.toContain('late');
    expect(a.lease.refusedWrites).toBe(1);
    expect(b.lease.refusedWrites).toBe(0);
  });

  it('should keep the fence number of one that comes back in time, and raise it at each change', async () => {
    const [a, b] = [await candidate(), await candidate()];
    await a.begin();
    await end(a);
    await a.lease.renew();
    expect([a.lease.held, a.lease.epoch]).toEqual([true, 1]);
    await b.begin();
    await takeOver(b);
    await takeOver(a);
    expect([a.lease.held, a.lease.epoch, b.lease.epoch]).toEqual([true, 3, 2]);
    await expect(insert(b.writes, 'late')).rejects.toThrow(FenceLost);
  });

  it('should refuse what was begun before another collected, though the first collects again (F43)', async () => {
    const [a, b] = [await candidate(), await candidate()];
    await a.begin();
    await insert(a.writes, 'before');
    const gate = openGate();
    const ahead = a.writes.write(() => gate.passed());
    const waiting = expect(insert(a.writes, 'stale')).rejects.toThrow(FenceLost);
    await b.begin();
    await takeOver(b);
    await b.lease.release();
    // On SQLite the lease is written through the same queue.
    if (kind === 'sqlite') gate.open();
    await takeOver(a);
    gate.open();
    await Promise.all([ahead, waiting]);
    expect(a.lease.held).toBe(true);
    expect(await stored(a.db)).not.toContain('stale');
    await insert(a.writes, 'after');
    expect(await stored(a.db)).toContain('after');
  });

  it('should not begin to collect before what is in memory has been brought up to date', async () => {
    const { lease } = await candidate();
    const seen: boolean[] = [];
    await lease.begin(() => {
      seen.push(lease.held);
      return Promise.resolve();
    });
    expect([...seen, lease.held]).toEqual([false, true]);
  });

  it('should let those write freely who are under no lease', async () => {
    const { db, writes, lease } = await candidate();
    expect(lease.held).toBe(true);
    await insert(writes, 'command');
    expect(await stored(db)).toContain('command');
  });

  if (kind === 'sqlite')
    it('should refuse the collection to a second server on a SQLite file, until the first ends', async () => {
      const [a, b] = [await candidate(false), await candidate(false)];
      await a.begin();
      await b.begin();
      expect([a.lease.held, b.lease.held]).toEqual([true, false]);
      // As a crash leaves it: a holder whose process is no more.
      await a.db.query(`UPDATE lease SET holder = $1`, [a.lease.me.replace(/\/\d+\//, '/4194305/')]);
      await b.lease.renew();
      expect(b.lease.held).toBe(true);
    });
});
