import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { backupSqlite, restoreSqlite } from '../../../server/database/backup.js';
import { openDatabase } from '../../../server/database/open.js';
import { WriteQueue } from '../../../server/database/write-queue.js';

const STAMP = '2026-08-18-21-30-00';
const ROWS_A_COMMIT = 5;

let dir: string;
const file = (name: string): string => join(dir, name);
const databases: DataSource[] = [];

async function open(name = 'tracker.db'): Promise<DataSource> {
  const db = await openDatabase({ kind: 'sqlite', file: file(name) });
  databases.push(db);
  return db;
}

async function closeAll(): Promise<void> {
  for (const db of databases.splice(0)) if (db.isInitialized) await db.destroy();
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'oi-tracker-backup-'));
});
afterEach(async () => {
  await closeAll();
  await rm(dir, { recursive: true, force: true });
});

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One commit of several rows that carry its number. */
async function commit(writes: WriteQueue, n: number): Promise<void> {
  await writes.write(async (tx) => {
    for (let row = 0; row < ROWS_A_COMMIT; row += 1)
      await tx.query(
        `INSERT INTO snapshot (chain_id, slot, captured_at, source, spot, legs, unknown_legs, phantom_legs, payload)
         VALUES (1, $1, $2, 0, NULL, 1, 0, 0, $3)`,
        [n * 1000 + row, n, createHash('sha512').update(`${n} ${row}`).digest()],
      );
  });
}

async function withChain(): Promise<{ db: DataSource; writes: WriteQueue }> {
  const db = await open();
  const writes = new WriteQueue(db);
  await writes.write((tx) =>
    tx.query(`INSERT INTO chain (underlying_key, expiry) VALUES ('NSE_INDEX|Nifty 50', '2026-08-18')`),
  );
  return { db, writes };
}

/** Digest of every row up to a commit. */
async function digest(db: DataSource, upTo = Number.MAX_SAFE_INTEGER): Promise<string> {
  const rows: { payload: Buffer }[] = await db.query(
    'SELECT * FROM snapshot WHERE captured_at <= $1 ORDER BY chain_id, slot',
    [upTo],
  );
  const hash = createHash('sha256');
  for (const { payload, ...rest } of rows) hash.update(JSON.stringify(rest)).update(payload);
  return hash.digest('hex');
}

describe('a backup', () => {
  it('should, taken while the server writes, hold whole commits only, and be restored equal to the source (F34)', async () => {
    const { db, writes } = await withChain();
    let writing = true;
    let written = 0;
    const writer = (async () => {
      while (writing) await commit(writes, (written += 1));
    })();
    const names = ['a.db', 'b.db', 'c.db'];
    for (const name of names) {
      const seen = written;
      while (written < seen + 3) await writes.idle().then(nextTurn);
      await backupSqlite(file('tracker.db'), file(name));
    }
    writing = false;
    await writer;
    for (const name of names) {
      expect(await restoreSqlite(file(name), file(`restored-${name}`), STAMP)).toBeNull();
      const restored = await open(`restored-${name}`);
      const [{ last, rows }] = (await restored.query(
        'SELECT max(captured_at) AS last, count(*) AS rows FROM snapshot',
      )) as [{ last: number; rows: number }];
      expect(last).toBeGreaterThan(0);
      expect(rows).toBe(last * ROWS_A_COMMIT);
      expect(await digest(restored)).toBe(await digest(db, last));
    }
  });

  it('should never overwrite a file', async () => {
    await open();
    await writeFile(file('mine.txt'), 'mine');
    await expect(backupSqlite(file('tracker.db'), file('mine.txt'))).rejects.toThrow(/exists already/);
    expect(await readFile(file('mine.txt'), 'utf8')).toBe('mine');
  });

  it('should leave nothing behind when it fails', async () => {
    const db = await open();
    await db.destroy();
    await writeFile(
      file('tracker.db'),
      'this is no database at all, but long enough to be looked at'.repeat(50),
    );
    await expect(backupSqlite(file('tracker.db'), file('copy.db'))).rejects.toThrow();
    expect((await readdir(dir)).filter((name) => name.startsWith('copy'))).toEqual([]);
  });

  it('should be refused where there is no database, and make none', async () => {
    await expect(backupSqlite(file('none.db'), file('copy.db'))).rejects.toThrow(/There is no database/);
    expect(await readdir(dir)).toEqual([]);
  });

  it('S32 should be closed to other users of the machine', async () => {
    await open();
    await backupSqlite(file('tracker.db'), file('copy.db'));
    expect((await stat(file('copy.db'))).mode & 0o777).toBe(0o600);
  });
});

describe('a restore', () => {
  it('should put the backup in place and keep the former database aside', async () => {
    const { db, writes } = await withChain();
    await commit(writes, 1);
    await backupSqlite(file('tracker.db'), file('copy.db'));
    const [then, later] = [await digest(db), await commit(writes, 2).then(() => digest(db))];
    await closeAll();
    const aside = await restoreSqlite(file('copy.db'), file('tracker.db'), STAMP);
    expect(aside).toBe(file(`tracker.db.before-restore-${STAMP}`));
    expect(await digest(await open())).toBe(then);
    expect(await digest(await open(`tracker.db.before-restore-${STAMP}`))).toBe(later);
  });

  it('should be refused while a server has the database open, and change nothing', async () => {
    const { db, writes } = await withChain();
    await commit(writes, 1);
    await backupSqlite(file('tracker.db'), file('copy.db'));
    await commit(writes, 2);
    const before = await digest(db);
    await expect(restoreSqlite(file('copy.db'), file('tracker.db'), STAMP)).rejects.toThrow(/in use. Stop/);
    await commit(writes, 3);
    expect(await digest(db, 2)).toBe(before);
    expect((await readdir(dir)).filter((name) => /before|restoring/.test(name))).toEqual([]);
  });

  it('should put a backup in the place of a database that is damaged beyond opening', async () => {
    await withChain();
    await backupSqlite(file('tracker.db'), file('copy.db'));
    await closeAll();
    await writeFile(file('tracker.db'), Buffer.alloc(8192, 7));
    await restoreSqlite(file('copy.db'), file('tracker.db'), STAMP);
    expect(await (await open()).query('SELECT count(*) AS n FROM chain')).toEqual([{ n: 1 }]);
  });

  it('should not let a left-over log of another database into the restored one', async () => {
    await withChain();
    await backupSqlite(file('tracker.db'), file('copy.db'));
    await closeAll();
    await rm(file('tracker.db'));
    await writeFile(file('tracker.db-wal'), 'left over');
    await restoreSqlite(file('copy.db'), file('tracker.db'), STAMP);
    expect(await readdir(dir)).toContain(`tracker.db.before-restore-${STAMP}-wal`);
    expect(await readdir(dir)).not.toContain('tracker.db-wal');
  });

  it.each([
    ['a newer version', /written by a newer version of OI Tracker \(it has Future9/, newer],
    ['a torn file', /is damaged|is not a database/, torn],
    ['a file of another kind', /is not a database of OI Tracker/, other],
  ])('should refuse %s and leave the database as it is', async (_what, message, damage) => {
    const { db } = await withChain();
    await backupSqlite(file('tracker.db'), file('copy.db'));
    await damage(file('copy.db'));
    await db.destroy();
    const before = await readFile(file('tracker.db'));
    await expect(restoreSqlite(file('copy.db'), file('tracker.db'), STAMP)).rejects.toThrow(message);
    expect((await readFile(file('tracker.db'))).equals(before)).toBe(true);
  });
});

async function newer(path: string): Promise<void> {
  const db = await openDatabase({ kind: 'sqlite', file: path });
  await db.query(`INSERT INTO migrations (timestamp, name) VALUES (9000000000000, 'Future9000000000000')`);
  await db.destroy();
}

async function torn(path: string): Promise<void> {
  await truncate(path, Math.floor((await stat(path)).size / 2));
}

function other(path: string): Promise<void> {
  return writeFile(path, 'date,open,high,low,close\n'.repeat(500));
}
