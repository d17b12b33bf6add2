import { chmodSync } from 'node:fs';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { MIGRATIONS, dataSourceOptions, writerOptions } from './options.js';

/** The database cannot be used, in words that say what to do. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused';
}

/** An import of the whole list touches more pages than the default 2 MiB hold, and would write each several times. */
const CACHE_KIB = 32 * 1024;
/** How long a statement waits for another process (the CLI beside the server) that is writing, ms. */
const BUSY_TIMEOUT_MS = 5_000;

/** The write-ahead log is cut back to this once it has been moved into the database; beyond it something is wrong. */
export const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

const ADVICE = {
  sqlite: 'Check the path, its owner and the free space.',
  postgres: 'Check that the server runs, and the host, user, password and database in DATABASE_URL.',
};

/** Any number, the same in every process of this program. */
const MIGRATION_LOCK = 1_700_000_000;

/**
 * Opens the database, refuses one that a newer version has written, and brings an older one up to date.
 * SQLite runs in WAL mode with `synchronous = FULL`: what was acknowledged survives a power cut.
 * @throws DatabaseRefused when it cannot be opened or comes from a newer version.
 */
export async function openDatabase(database: Config['database']): Promise<DataSource> {
  const dataSource = new DataSource(dataSourceOptions(database));
  const where = database.kind === 'sqlite' ? database.file : 'the PostgreSQL server of DATABASE_URL';
  try {
    await dataSource.initialize();
  } catch (error) {
    throw new DatabaseRefused(
      `Cannot open the database (${where}): ${reasonOf(error)}. ${ADVICE[database.kind]}`,
      { cause: error },
    );
  }
  try {
    if (database.kind === 'sqlite') await prepareSqlite(dataSource, database.file);
    await oneAtATime(dataSource, async () => {
      await refuseNewer(dataSource, where);
      await dataSource.runMigrations({ transaction: 'each' });
    });
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

/**
 * What the process writes with, and renews its lease. On PostgreSQL connections of their own: reads that take long, or wait
 * for a lock, must not cost it a capture or the collection. SQLite has one connection.
 * @param reader the opened database
 */
export async function openWriter(database: Config['database'], reader: DataSource): Promise<DataSource> {
  if (database.kind === 'sqlite') return reader;
  return new DataSource(writerOptions(database.url)).initialize();
}

/** Servers that start together on an empty PostgreSQL database must not both create the tables. */
async function oneAtATime(dataSource: DataSource, work: () => Promise<void>): Promise<void> {
  if (dataSource.options.type !== 'postgres') return work();
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await work();
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await runner.release();
  }
}

/** A refused connection to a name with several addresses has its reason in the parts. */
function reasonOf(error: unknown): string {
  const parts = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return parts[0]?.message ?? (error as Error).message;
}

async function prepareSqlite(dataSource: DataSource, file: string): Promise<void> {
  await dataSource.query(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  await dataSource.query('PRAGMA synchronous = FULL');
  await dataSource.query(`PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`);
  await dataSource.query(`PRAGMA cache_size = -${CACHE_KIB}`);
  // The database holds a person's market history and encrypted tokens: nobody else on the machine reads it.
  if (file !== ':memory:') chmodSync(file, 0o600);
}

async function refuseNewer(dataSource: DataSource, where: string): Promise<void> {
  const runner = dataSource.createQueryRunner();
  const fresh = !(await runner.hasTable('migrations'));
  await runner.release();
  if (fresh) return;
  const done: { name: string }[] = await dataSource.query('SELECT name FROM migrations');
  const known = new Set(MIGRATIONS.map((migration) => migration.name));
  const unknown = done.map((row) => row.name).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new DatabaseRefused(
      `The database (${where}) was written by a newer version of OI Tracker (it has ${unknown.join(', ')}). ` +
        'Start that version, or use a copy made before the upgrade.',
    );
}
