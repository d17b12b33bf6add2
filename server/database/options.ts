import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config.js';
import { Instruments1700000000001 } from './migrations/1700000000001-instruments.js';
import { Auth1700000000002 } from './migrations/1700000000002-auth.js';
import { Snapshots1700000000003 } from './migrations/1700000000003-snapshots.js';
import { Market1700000000010 } from './migrations/1700000000010-market.js';

/** All migrations, oldest first. Listed by hand: a file lying about must not change a database. */
export const MIGRATIONS = [
  Instruments1700000000001,
  Auth1700000000002,
  Snapshots1700000000003,
  Market1700000000010,
];

/**
 * TypeORM options for the configured database, for the server, the CLI and the tests alike.
 * Never synchronizes; migrations are run by `openDatabase`, after it has looked at the version.
 */
export function dataSourceOptions(database: Config['database']): DataSourceOptions {
  const shared = {
    migrations: MIGRATIONS,
    migrationsRun: false,
    synchronize: false,
    logging: false,
  } as const;
  if (database.kind === 'postgres') return { ...shared, type: 'postgres', url: database.url };
  if (database.file !== ':memory:') mkdirSync(dirname(database.file), { recursive: true });
  return { ...shared, type: 'sqlite', database: database.file, enableWAL: true };
}
