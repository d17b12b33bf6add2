import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { WriteQueue } from '../database/write-queue.js';
import type { EpochMs } from '../domain/units.js';
import { SESSION_IDLE_MS, type SignIn, type SignInMethod } from './sign-in.js';

interface SignInRow {
  id_hash: string;
  broker_user: string;
  method: SignInMethod;
  name: string;
  token_id: string;
  /** Text where the database is PostgreSQL. */
  created_at: number | string;
  seen_at: number | string;
  expires_at: number | string;
}

/** The table `sign_in`. Placeholders `$1, $2, …` in their order are understood by SQLite and PostgreSQL alike. */
@Injectable()
export class SignInStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly writes: WriteQueue,
  ) {}

  /** Adds a sign-in and removes the one that it replaces, in one transaction. */
  async insert(signIn: SignIn, replaces: string | null): Promise<void> {
    await this.writes.write(async (manager) => {
      if (replaces !== null) await manager.query('DELETE FROM sign_in WHERE id_hash = $1', [replaces]);
      await manager.query(
        `INSERT INTO sign_in (id_hash, broker_user, method, name, token_id, created_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          signIn.idHash,
          signIn.brokerUser,
          signIn.method,
          signIn.name,
          signIn.tokenId,
          signIn.createdAt,
          signIn.seenAt,
          signIn.expiresAt,
        ],
      );
    });
  }

  async find(idHash: string): Promise<SignIn | null> {
    const rows = await this.dataSource.query<SignInRow[]>('SELECT * FROM sign_in WHERE id_hash = $1', [
      idHash,
    ]);
    return rows[0] ? toSignIn(rows[0]) : null;
  }

  /** Those of the given hashes that have a sign-in, in one query. @param idHashes 30,000 at most */
  async existing(idHashes: readonly string[]): Promise<Set<string>> {
    if (idHashes.length === 0) return new Set();
    const places = idHashes.map((_, i) => `$${i + 1}`).join(', ');
    const rows = await this.dataSource.query<{ id_hash: string }[]>(
      `SELECT id_hash FROM sign_in WHERE id_hash IN (${places})`,
      [...idHashes],
    );
    return new Set(rows.map((row) => row.id_hash));
  }

  async touch(idHash: string, now: EpochMs): Promise<void> {
    await this.writes.write((manager) =>
      manager.query('UPDATE sign_in SET seen_at = $1 WHERE id_hash = $2', [now, idHash]),
    );
  }

  async remove(idHash: string): Promise<void> {
    await this.writes.write((manager) => manager.query('DELETE FROM sign_in WHERE id_hash = $1', [idHash]));
  }

  /** Hashes of the sign-ins that have expired at `now`. */
  async expired(now: EpochMs): Promise<string[]> {
    const rows = await this.dataSource.query<{ id_hash: string }[]>(
      'SELECT id_hash FROM sign_in WHERE expires_at <= $1 OR seen_at <= $2',
      [now, now - SESSION_IDLE_MS],
    );
    return rows.map((row) => row.id_hash);
  }

  /** Sign-ins that came with this broker token and still live. */
  async countLiving(tokenId: string, now: EpochMs): Promise<number> {
    const rows = await this.dataSource.query<{ n: number | string }[]>(
      'SELECT COUNT(*) AS n FROM sign_in WHERE token_id = $1 AND expires_at > $2 AND seen_at > $3',
      [tokenId, now, now - SESSION_IDLE_MS],
    );
    return Number(rows[0]?.n ?? 0);
  }
}

function toSignIn(row: SignInRow): SignIn {
  return {
    idHash: row.id_hash,
    brokerUser: row.broker_user,
    method: row.method,
    name: row.name,
    tokenId: row.token_id,
    createdAt: Number(row.created_at),
    seenAt: Number(row.seen_at),
    expiresAt: Number(row.expires_at),
  };
}
