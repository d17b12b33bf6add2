import { existsSync } from 'node:fs';
import { chmod, copyFile, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataSource, QueryFailedError } from 'typeorm';
import { DatabaseRefused } from './open.js';
import { MIGRATIONS } from './options.js';

/** SQLite's SQLITE_OPEN_READONLY, https://www.sqlite.org/c3ref/c_open_autoproxy.html */
const OPEN_READONLY = 0x1;

export interface BackupReport {
  readonly file: string;
  readonly bytes: number;
}

/**
 * Writes a copy of a SQLite database as it stands at this moment, also while a server writes to it (`VACUUM INTO`), and
 * checks it. The copy appears under its name only when it is complete.
 * @throws DatabaseRefused when there is no database, the target exists, or the copy is not intact.
 */
export async function backupSqlite(source: string, target: string): Promise<BackupReport> {
  if (!existsSync(source)) throw new DatabaseRefused(`There is no database at ${source}.`);
  await reserve(target);
  const partial = `${target}.partial-${process.pid}`;
  try {
    await withSqlite(source, (db) => db.query('VACUUM INTO $1', [partial]));
    await inspectBackup(partial);
    await settle(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    await rm(target, { force: true });
    throw error;
  }
  return { file: target, bytes: (await stat(target)).size };
}

/**
 * Puts a backup in the place of the database, which is kept beside it under another name.
 * @param stamp for that name, such as `2026-08-18-2130`.
 * @returns where the former database is; null where there was none.
 * @throws DatabaseRefused when the backup is damaged or of a newer version, or a server uses the database.
 */
export async function restoreSqlite(backup: string, target: string, stamp: string): Promise<string | null> {
  if (!existsSync(backup)) throw new DatabaseRefused(`There is no file ${backup}.`);
  await inspectBackup(backup);
  const incoming = `${target}.restoring-${process.pid}`;
  try {
    await copyFile(backup, incoming);
    const aside = await moveAside(target, `${target}.before-restore-${stamp}`);
    await reserve(target);
    await settle(incoming, target);
    return aside;
  } finally {
    await rm(incoming, { force: true });
  }
}

/** @throws DatabaseRefused unless the file is an intact database of this version or an older one. */
export async function inspectBackup(file: string): Promise<void> {
  const check = async (db: DataSource): Promise<string[]> => {
    const answer: { integrity_check: string }[] = await db.query('PRAGMA integrity_check');
    if (answer[0]?.integrity_check !== 'ok')
      throw new DatabaseRefused(`${file} is damaged: ${answer[0]?.integrity_check ?? 'no answer'}.`);
    const done: { name: string }[] = await db.query('SELECT name FROM migrations');
    return done.map((row) => row.name);
  };
  const done = await withSqlite(file, check, OPEN_READONLY).catch((error: unknown) => {
    if (error instanceof DatabaseRefused) throw error;
    throw new DatabaseRefused(`${file} is not a database of OI Tracker: ${(error as Error).message}.`, {
      cause: error,
    });
  });
  const unknown = done.filter((name) => !MIGRATIONS.some((migration) => migration.name === name));
  if (unknown.length > 0)
    throw new DatabaseRefused(
      `${file} was written by a newer version of OI Tracker (it has ${unknown.join(', ')}).`,
    );
}

/** Takes a name that nobody has: the empty file is replaced later. */
async function reserve(file: string): Promise<void> {
  try {
    await (await open(file, 'wx', 0o600)).close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new DatabaseRefused(`${file} exists already; nothing was overwritten.`);
    throw new DatabaseRefused(`Cannot write ${file}: ${(error as Error).message}.`, { cause: error });
  }
}

/** Moves a complete file to a reserved name so that a power cut leaves either of the two, closed to other users. */
async function settle(from: string, to: string): Promise<void> {
  await chmod(from, 0o600);
  await sync(from);
  await rename(from, to);
  await sync(dirname(to));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A write-ahead log that was left alone goes along: beside another database it would be taken for its own. */
async function moveAside(file: string, aside: string): Promise<string | null> {
  const present = ['', '-wal', '-shm'].filter((suffix) => existsSync(file + suffix));
  if (present.length === 0) return null;
  if (existsSync(aside)) throw new DatabaseRefused(`${aside} exists already; nothing was overwritten.`);
  if (present.includes('')) await takeAlone(file);
  for (const suffix of present) if (existsSync(file + suffix)) await rename(file + suffix, aside + suffix);
  return aside;
}

/**
 * Leaving WAL mode needs the database for oneself, so it tells whether anybody has it open, and it brings everything
 * into the one file. A database that is too damaged for that is open nowhere.
 */
async function takeAlone(file: string): Promise<void> {
  try {
    await withSqlite(file, (db) => db.query('PRAGMA journal_mode = DELETE'));
  } catch (error) {
    const code =
      error instanceof QueryFailedError ? (error.driverError as { code?: string }).code : undefined;
    if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED')
      throw new DatabaseRefused(`${file} is in use. Stop the tracker and its commands first, then restore.`);
    if (code !== 'SQLITE_CORRUPT' && code !== 'SQLITE_NOTADB') throw error;
  }
}

async function withSqlite<T>(file: string, work: (db: DataSource) => Promise<T>, flags?: number): Promise<T> {
  const db = new DataSource({ type: 'sqlite', database: file, ...(flags === undefined ? {} : { flags }) });
  await db.initialize();
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
