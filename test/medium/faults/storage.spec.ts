import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { DatabaseRefused, openDatabase, WAL_LIMIT_BYTES } from '../../../server/database/open.js';
import { WalWatch } from '../../../server/database/wal-watch.js';
import { WriteQueue } from '../../../server/database/write-queue.js';
import type { Slot } from '../../../server/domain/units.js';
import { CorruptSnapshot, decodeSnapshot, type SnapshotHeader } from '../../../server/snapshot/codec.js';
import { StatusService } from '../../../server/snapshot/status-service.js';
import { at, NIFTY, openFaultyHouse, until, type FaultyHouse } from '../../support/faulty-house.js';
import { seeded } from '../../support/seeded.js';
import { closeSockets } from '../../support/sockets.js';

/** A disk and a database that do not do their part. */

let house: FaultyHouse;
const others: DataSource[] = [];
afterEach(async () => {
  closeSockets();
  for (const other of others.splice(0)) await other.destroy();
  await house.close();
});

const query = <T>(sql: string, parameters?: unknown[]): Promise<T> =>
  house.get(DataSource).query(sql, parameters);

/** The database as another program has it open. */
async function otherProgram(dir = house.dir): Promise<DataSource> {
  const other = await new DataSource({ type: 'sqlite', database: join(dir, 'tracker.db') }).initialize();
  others.push(other);
  return other;
}

const last = <T>(list: readonly T[]): T => list.at(-1)!;

/** Minutes until one is not stored, at most so many. @returns the last that was */
async function untilRefused(most: number): Promise<string> {
  for (let i = 0; i < most; i++) {
    const before = last(await house.stored());
    await house.minutes(2);
    if (last(await house.stored()) === before) return before;
  }
  throw new Error('the database took everything');
}

describe('F27 a disk that is full, and has room again', () => {
  it('should say so, go on showing the last truth with its age, and mend the hole by itself', async () => {
    house = await openFaultyHouse();
    await house.minutes(3);
    const screen = await house.screen();
    const [{ page_count: pages }] = await query<[{ page_count: number }]>('PRAGMA page_count');
    await query(`PRAGMA max_page_count = ${pages}`);
    const newest = await untilRefused(60);
    await house.minutes(3);
    expect(house.logged('error', 'outcome=failed', 'SQLITE_FULL').length).toBeGreaterThan(0);
    const status = await screen.look();
    expect(status.state).toBe('stale');
    expect(status.message).toMatch(/^The disk is full\. Free some space\./);
    expect(screen.table?.slot).toBe(at(newest));
    expect(last(await house.stored())).toBe(newest);
    expect(await house.integrity()).toBe('ok');
    await query('PRAGMA max_page_count = 1073741823');
    await house.minutes(3);
    expect(await screen.look()).toMatchObject({ state: 'live', message: null, quality: { missed: 0 } });
    expect((await house.stored()).filter((slot) => slot.endsWith('backfill')).length).toBeGreaterThan(0);
    expect(await house.integrity()).toBe('ok');
  });
});

/** Two minutes in, with a screen; then another program has the write lock. */
async function lockedHouse() {
  house = await openFaultyHouse();
  await house.minutes(2);
  const screen = await house.screen();
  const other = await otherProgram();
  await query('PRAGMA busy_timeout = 50');
  await other.query('BEGIN IMMEDIATE');
  return { screen, other };
}

describe('F28 a database that another program has locked for longer than anybody waits', () => {
  it('should say so, keep readers going, and store the minute once the lock is gone', async () => {
    const { screen, other } = await lockedHouse();
    await house.at('09:17');
    expect(house.logged('error', 'slot=09:17', 'outcome=failed', 'SQLITE_BUSY')).toHaveLength(1);
    const status = await screen.look();
    expect(status.message).toMatch(/^Another program keeps the database locked\./);
    expect(screen.table?.slot).toBe(at('09:16'));
    expect(await house.stored()).toEqual(['09:15', '09:16']);
    await other.query('COMMIT');
    await house.live(10);
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17']);
    expect(await screen.look()).toMatchObject({ state: 'live', message: null });
    expect(await house.untruths()).toEqual([]);
  });
});

describe('F28 a database that stays locked for minutes', () => {
  it('should keep nothing of them for later, store the next in its own minute, and rebuild them in order, each once', async () => {
    const { screen, other } = await lockedHouse();
    const waiting = house.get(WriteQueue);
    for (const minute of ['09:17', '09:18', '09:19', '09:20']) {
      await house.at(minute);
      await house.live(40);
      // A write that was refused does not stay in the queue: what waits does not grow with the lock.
      expect(waiting.depth).toBeLessThanOrEqual(1);
    }
    expect(await house.stored()).toEqual(['09:15', '09:16']);
    expect(await screen.look()).toMatchObject({ state: 'stale', lastSlot: at('09:16') });
    await other.query('COMMIT');
    await house.at('09:21');
    // A failed chain waits for a minute at most.
    await house.live(59);
    await house.rebuilt();
    expect(await house.stored()).toEqual([
      ...['09:15', '09:16', '09:17 backfill', '09:18 backfill', '09:19 backfill', '09:20 backfill', '09:21'],
    ]);
    expect(house.logged('slot=09:21', 'outcome=captured')).toHaveLength(1);
    expect(await screen.look()).toMatchObject({ state: 'live', message: null, quality: { missed: 0 } });
    expect(screen.table).toEqual(await house.chains.latest(NIFTY));
    expect(await house.integrity()).toBe('ok');
  });
});

describe('F29 bits that flip on disk', () => {
  interface Stored {
    slot: number;
    captured_at: number;
    source: number;
    spot: number | null;
    payload: Buffer;
  }
  const headerOf = (row: Stored): SnapshotHeader => ({
    slot: row.slot as Slot,
    capturedAt: row.captured_at,
    source: 'live',
    spot: row.spot,
  });

  it('should be noticed, all of 10,000, in the stored blocks', async () => {
    house = await openFaultyHouse();
    await house.minutes(40);
    const rows = await query<Stored[]>('SELECT * FROM snapshot');
    expect(rows).toHaveLength(40);
    const random = seeded('flipped bits');
    let unnoticed = 0;
    for (let i = 0; i < 10_000; i++) {
      const row = rows[random.below(rows.length)]!;
      const payload = Buffer.from(row.payload);
      for (let flips = 0; flips <= i % 3; flips++)
        payload[random.below(payload.length)]! ^= 1 << random.below(8);
      if (payload.equals(row.payload)) continue;
      expect(decodeSnapshot(headerOf(row), row.payload).slot).toBe(row.slot);
      try {
        decodeSnapshot(headerOf(row), payload);
        unnoticed += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptSnapshot);
      }
    }
    expect(unnoticed).toBe(0);
  });

  it('should be noticed beside the blocks too: in the time, the source and the spot of a minute', async () => {
    house = await openFaultyHouse();
    await house.minutes(2);
    const [row] = await query<Stored[]>('SELECT * FROM snapshot');
    const right = headerOf(row!);
    for (const wrong of [
      { ...right, spot: 24_000.05 },
      { ...right, spot: null },
      { ...right, capturedAt: right.capturedAt + 1 },
      { ...right, slot: (right.slot + 60_000) as Slot },
      { ...right, source: 'import' as const },
    ])
      expect(() => decodeSnapshot(wrong, row!.payload)).toThrow(CorruptSnapshot);
  });

  const damage = async (...minutes: string[]): Promise<void> => {
    for (const minute of minutes)
      await query('UPDATE snapshot SET payload = $1 WHERE slot = $2', [Buffer.alloc(90, 7), at(minute)]);
  };

  it('should cost the damaged minutes only: the rest of the day is served, true', async () => {
    house = await openFaultyHouse();
    await house.minutes(12);
    await damage('09:18', '09:22');
    await house.close(true);
    const { dir } = house;
    // The market is closed: nothing is rebuilt.
    house = await openFaultyHouse({ dir, at: '16:00' });
    const screen = await house.screen();
    const table = await house.chains.latest(NIFTY);
    expect(screen.table).toEqual(table);
    expect(house.logged('error', 'It is left out').length).toBeGreaterThanOrEqual(2);
    expect(table?.slot).toBe(at('09:26'));
    for (const minute of ['09:17', '09:19', '09:23'])
      expect((await house.chains.at(NIFTY, at(minute)))?.slot).toBe(at(minute));
    expect((await house.chains.at(NIFTY, at('09:18')))?.slot).toBe(at('09:17'));
    // 09:22 is damaged: three minutes back the base is the minute before it.
    const later = await house.chains.at(NIFTY, at('09:25'));
    expect(later?.rows[2]?.call?.changes[0]?.baseSlot).toBe(at('09:21'));
  });

  it('should be mended from the broker’s candles while the session lasts, and stay so', async () => {
    house = await openFaultyHouse();
    await house.minutes(12);
    await damage('09:18', '09:22');
    await house.close(true);
    const { dir } = house;
    house = await openFaultyHouse({ dir, at: '09:27' });
    await house.minutes(1);
    await until('both minutes', async () => {
      const stored = await house.stored();
      return stored.includes('09:18 backfill') && stored.includes('09:22 backfill');
    });
    expect(house.logged('warn', 'the damaged snapshot is replaced')).toHaveLength(2);
    const table = await house.chains.latest(NIFTY);
    expect(table?.slot).toBe(at('09:27'));
    await house.close(true);
    house = await openFaultyHouse({ dir, at: '16:00' });
    expect((await house.chains.at(NIFTY, at('09:22')))?.slot).toBe(at('09:22'));
    expect((await house.screen()).table).toEqual(table);
    expect(house.logged('error', 'It is left out')).toEqual([]);
  });

  it('should not reach the latest table, which is computed from the minutes after a restart', async () => {
    house = await openFaultyHouse();
    await house.minutes(6);
    const table = await house.chains.latest(NIFTY);
    await house.close(true);
    const { dir } = house;
    house = await openFaultyHouse({ dir, at: '16:00' });
    const screen = await house.screen();
    expect(screen.table).toEqual(table);
  });
});

describe('F30 a database that may not be written, or is of a newer version', () => {
  it('should say on the screen that it cannot be written, and go on when it can', async () => {
    house = await openFaultyHouse();
    await house.minutes(2);
    const screen = await house.screen();
    await query('PRAGMA query_only = ON');
    await house.at('09:17');
    expect(house.logged('error', 'slot=09:17', 'SQLITE_READONLY')).toHaveLength(1);
    expect((await screen.look()).message).toMatch(/^The database cannot be written\./);
    await query('PRAGMA query_only = OFF');
    await house.live(6);
    expect(await screen.look()).toMatchObject({ state: 'live', message: null });
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17']);
  });

  it('should refuse to open what a newer version has written, and leave it as it is', async () => {
    house = await openFaultyHouse();
    await house.minutes(2);
    await house.close(true);
    const { dir } = house;
    const file = join(dir, 'tracker.db');
    const other = await otherProgram(dir);
    await other.query("INSERT INTO migrations (timestamp, name) VALUES (99, 'Future1900000000000')");
    const refused = openDatabase({ kind: 'sqlite', file });
    await expect(refused).rejects.toThrow(DatabaseRefused);
    await expect(refused).rejects.toThrow(/newer version of OI Tracker.*Future1900000000000/);
    await other.query("DELETE FROM migrations WHERE name = 'Future1900000000000'");
    house = await openFaultyHouse({ dir, at: '09:17' });
    await house.minutes(1);
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17']);
  });
});

describe('F31 a reader that never ends', () => {
  it('should hold up no capture, be named in the log, and the log file come back to size', async () => {
    house = await openFaultyHouse();
    await house.minutes(2);
    const reader = await otherProgram();
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM snapshot');
    await house.minutes(60);
    const wal = house.get(WalWatch);
    await wal.check(256 * 1024);
    await wal.check(256 * 1024);
    expect(house.logged('warn', 'write-ahead log', 'has grown to')).toHaveLength(1);
    expect(await house.stored()).toHaveLength(61);
    expect(house.get(StatusService).current(NIFTY).state).toBe('live');
    await reader.query('COMMIT');
    await query('PRAGMA wal_checkpoint(TRUNCATE)');
    await wal.check(256 * 1024);
    expect(house.logged('log', 'write-ahead log', 'is back to')).toHaveLength(1);
    expect(await house.integrity()).toBe('ok');
  });

  const walBytes = async (): Promise<number> => (await stat(join(house.dir, 'tracker.db-wal'))).size;
  /** Writes that many bytes through the server's own connection, as a long day would in hours. */
  const write = async (bytes: number): Promise<void> => {
    await query('CREATE TABLE IF NOT EXISTS ballast (id INTEGER PRIMARY KEY, bytes BLOB)');
    for (let left = bytes; left > 0; left -= 2 ** 20)
      await query('INSERT OR REPLACE INTO ballast (id, bytes) VALUES (1, zeroblob(1048576))');
  };

  it('should be told of by the server itself while it reads, and leave the log file within its limit by captures alone', async () => {
    house = await openFaultyHouse();
    await house.minutes(2);
    // Without a reader the file does not even come near: it is moved into the database as it goes.
    await write(WAL_LIMIT_BYTES);
    expect(await walBytes()).toBeLessThan(WAL_LIMIT_BYTES / 4);
    const reader = await otherProgram();
    await reader.query('BEGIN');
    const [read] = await reader.query<{ n: number }[]>('SELECT count(*) AS n FROM snapshot');
    await write(WAL_LIMIT_BYTES + 2 ** 20);
    expect(await walBytes()).toBeGreaterThan(WAL_LIMIT_BYTES);
    // The job looks once a minute of the clock, three seconds here. The reader is still at it.
    await until(
      'the word about the write-ahead log',
      () => house.logged('warn', 'write-ahead log', 'has grown to').length > 0,
    );
    expect(await reader.query('SELECT count(*) AS n FROM snapshot')).toEqual([read]);
    expect(house.logged('log', 'write-ahead log', 'is back to')).toEqual([]);
    await house.minutes(2);
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17']);
    await reader.query('COMMIT');
    // Nobody asks for a checkpoint: the first commits move all of it into the database, and cut the file.
    await house.minutes(4);
    expect(await walBytes()).toBeLessThanOrEqual(WAL_LIMIT_BYTES);
    await until(
      'the word that it is over',
      () => house.logged('log', 'write-ahead log', 'is back to').length > 0,
    );
    expect(house.logged('warn', 'write-ahead log', 'has grown to')).toHaveLength(1);
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17', '09:18', '09:19', '09:20']);
    expect(await house.integrity()).toBe('ok');
  });
});
