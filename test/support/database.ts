import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { WriteQueue } from '../../server/database/write-queue.js';

type Classes<T> = Extract<T, readonly unknown[]>;

export interface TestDatabase {
  dataSource: DataSource;
  writeQueue: WriteQueue;
  /** Temporary folder of the database; removed by `close`. */
  dir: string;
  /** The SQLite file. */
  file: string;
  /** Waits for queued writes, closes the database and removes its folder. */
  close(): Promise<void>;
}

export interface TestDatabaseOptions {
  entities?: Classes<DataSourceOptions['entities']>;
  /** Opens the database in this folder, and `close` leaves it there: for tests of a restart. */
  dir?: string;
}

/**
 * A real SQLite database (WAL, as in production) in a temporary folder, with `migrations` run.
 * @param migrations migration classes, in any order: TypeORM sorts by the number at the end of their names.
 */
export async function testDatabase(
  migrations: Classes<DataSourceOptions['migrations']>,
  options: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'oi-tracker-test-')));
  const file = join(dir, 'tracker.db');
  const dataSource = new DataSource({
    type: 'sqlite',
    database: file,
    enableWAL: true,
    migrations,
    entities: options.entities ?? [],
  });
  await dataSource.initialize();
  await dataSource.query('PRAGMA synchronous = NORMAL');
  await dataSource.runMigrations({ transaction: 'each' });
  const writeQueue = new WriteQueue(dataSource);
  return {
    dataSource,
    writeQueue,
    dir,
    file,
    close: () => close(dataSource, writeQueue, options.dir ? null : dir),
  };
}

async function close(dataSource: DataSource, writeQueue: WriteQueue, remove: string | null): Promise<void> {
  await writeQueue.idle();
  if (dataSource.isInitialized) await dataSource.destroy();
  if (remove !== null) await rm(remove, { recursive: true, force: true });
}
