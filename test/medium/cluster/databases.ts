import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';

/** The servers that tests use: the machine's own, unless the environment names others. */
export const POSTGRES_SERVER = process.env['TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432';
export const REDIS_SERVER = process.env['TEST_REDIS'] ?? 'redis://127.0.0.1:6379';

export type Kind = 'sqlite' | 'postgres';

/** A database of a test's own, and its end. */
export interface OwnDatabase {
  url: string;
  remove(): Promise<void>;
}

async function listens(server: string): Promise<boolean> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => resolve(false)).setTimeout(2_000, () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
}

/** Why a server cannot be used; `null` where it can. */
export const REASONS: Readonly<Record<'postgres' | 'redis', string | null>> = {
  postgres: (await listens(POSTGRES_SERVER)) ? null : `no PostgreSQL answers at ${POSTGRES_SERVER}`,
  redis: (await listens(REDIS_SERVER)) ? null : `no Redis answers at ${REDIS_SERVER}`,
};

/** `describe` where the servers run; else the suite is skipped and the reason printed. */
export function describeWith(servers: readonly ('postgres' | 'redis')[]): typeof describe {
  return describeUnless(servers.map((server) => REASONS[server]).find((one) => one !== null) ?? null);
}

/** `describe`, or with a reason against it the same, skipped, and the reason printed. */
export function describeUnless(reason: string | null): typeof describe {
  if (reason === null) return describe;
  console.info(`skipped: ${reason}`);
  return describe.skip as typeof describe;
}

/** The databases that can be tested here: SQLite always, PostgreSQL where one runs. */
export function kindsHere(): Kind[] {
  if (REASONS.postgres === null) return ['sqlite', 'postgres'];
  console.info(`skipped on PostgreSQL: ${REASONS.postgres}`);
  return ['sqlite'];
}

/** Runs one statement on the server's own database. */
export async function onServer(sql: string): Promise<unknown> {
  const db = new DataSource({ type: 'postgres', url: `${POSTGRES_SERVER}/postgres` });
  await db.initialize();
  try {
    return await db.query(sql);
  } finally {
    await db.destroy();
  }
}

/** An empty database of its own. */
export async function ownDatabase(kind: Kind): Promise<OwnDatabase> {
  if (kind === 'sqlite') {
    const dir = await mkdtemp(join(tmpdir(), 'oi-tracker-test-'));
    return {
      url: `sqlite:${join(dir, 'tracker.db')}`,
      remove: () => rm(dir, { recursive: true, force: true }),
    };
  }
  const name = `oi_test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name}`);
  return {
    url: `${POSTGRES_SERVER}/${name}`,
    remove: async () => void (await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}
