import { Logger } from '@nestjs/common';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config.js';
import { Instruments1700000000001 } from './migrations/1700000000001-instruments.js';
import { Auth1700000000002 } from './migrations/1700000000002-auth.js';
import { Snapshots1700000000003 } from './migrations/1700000000003-snapshots.js';
import { Market1700000000010 } from './migrations/1700000000010-market.js';
import { TablesFollow1700000000030 } from './migrations/1700000000030-tables-follow.js';
import { Cluster1700000000040 } from './migrations/1700000000040-cluster.js';
import { SnapshotDays1700000000050 } from './migrations/1700000000050-snapshot-days.js';
import { WantedSince1700000000060 } from './migrations/1700000000060-wanted-since.js';

/** Connections of one process for reading. */
const READ_CONNECTIONS = 8;
/** And those that no reading takes: one for the transaction under way, one for the lease. */
const WRITE_CONNECTIONS = 2;
const CONNECT_TIMEOUT_MS = 5_000;
/** A process that was paused in a transaction must not hold its locks for longer: another one is waiting to collect. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** Beyond this the server has gone away without a word, and the statement is given up. */
const QUERY_TIMEOUT_MS = 120_000;

/** All migrations, oldest first. Listed by hand: a file lying about must not change a database. */
export const MIGRATIONS = [
  Instruments1700000000001,
  Auth1700000000002,
  Snapshots1700000000003,
  Market1700000000010,
  TablesFollow1700000000030,
  Cluster1700000000040,
  SnapshotDays1700000000050,
  WantedSince1700000000060,
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
  if (database.kind === 'postgres') return { ...shared, ...postgresOptions(database.url) };
  if (database.file !== ':memory:') mkdirSync(dirname(database.file), { recursive: true });
  return { ...shared, type: 'sqlite', database: database.file, enableWAL: true };
}

/** As `dataSourceOptions`, for the connections that are kept for writing and for the lease on PostgreSQL. */
export function writerOptions(url: string): DataSourceOptions {
  return { ...postgresOptions(url), poolSize: WRITE_CONNECTIONS, synchronize: false, logging: false };
}

function postgresOptions(url: string) {
  const log = new Logger('Database');
  return {
    type: 'postgres',
    url,
    applicationName: 'oi-tracker',
    poolSize: READ_CONNECTIONS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // A connection that dies while nobody uses it; the pool opens another when one is needed.
    poolErrorHandler: (error: Error) => log.warn(`a connection of the pool was lost: ${error.message}`),
    extra: {
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      query_timeout: QUERY_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    },
  } as const;
}
