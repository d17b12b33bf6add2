import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { WriteQueue } from '../database/write-queue.js';
import type { EpochMs } from '../domain/units.js';
import type { TokenMethod } from './sign-in.js';
import { TokenVault, VaultError } from './token-vault.js';

/** A broker token in the clear: held in memory only. */
export interface PooledToken {
  readonly id: string;
  readonly userId: string;
  readonly method: TokenMethod;
  readonly accessToken: string;
  /** null: not known; good until the broker answers 401. */
  readonly expiresAt: EpochMs | null;
}

/** What may be told of a stored token. */
export interface StoredToken {
  readonly id: string;
  readonly userId: string;
  readonly method: TokenMethod;
  readonly createdAt: EpochMs;
  readonly expiresAt: EpochMs | null;
  /** Why it is out of use; null while it is not. */
  readonly deadReason: string | null;
}

interface TokenRow {
  id: string;
  user_id: string;
  method: TokenMethod;
  cipher: Buffer;
  nonce: Buffer;
  /** Text where the database is PostgreSQL. */
  expires_at: number | string | null;
}

type ListedRow = Omit<TokenRow, 'cipher' | 'nonce'> & {
  created_at: number | string;
  dead_reason: string | null;
};

/** The table `broker_token`. What it stores of a token can be opened with the vault's key and for its own row only. */
@Injectable()
export class BrokerTokenStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly writes: WriteQueue,
    private readonly vault: TokenVault,
  ) {}

  async insert(token: PooledToken, now: EpochMs): Promise<void> {
    const { cipher, nonce } = this.vault.seal(token.accessToken, rowIdentity(token.id, token.userId));
    await this.writes.write((manager) =>
      manager.query(
        `INSERT INTO broker_token (id, user_id, method, cipher, nonce, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [token.id, token.userId, token.method, cipher, nonce, now, token.expiresAt],
      ),
    );
  }

  /** Tokens that are not known to be dead, oldest first, and how many of the stored ones cannot be opened. */
  async living(): Promise<{ tokens: PooledToken[]; unreadable: number }> {
    const rows = await this.dataSource.query<TokenRow[]>(
      `SELECT id, user_id, method, cipher, nonce, expires_at FROM broker_token
       WHERE dead_at IS NULL ORDER BY created_at, id`,
    );
    const opened = rows.map((row) => this.open(row));
    const tokens = opened.filter((token) => token !== null);
    return { tokens, unreadable: rows.length - tokens.length };
  }

  /** Notes a death and drops the sealed token: nobody needs it any more. */
  async markDead(id: string, now: EpochMs, reason: string): Promise<void> {
    const nothing = Buffer.alloc(0);
    await this.writes.write((manager) =>
      manager.query(
        'UPDATE broker_token SET dead_at = $1, dead_reason = $2, cipher = $3, nonce = $4 WHERE id = $5',
        [now, reason, nothing, nothing, id],
      ),
    );
  }

  async remove(id: string): Promise<void> {
    await this.writes.write((manager) => manager.query('DELETE FROM broker_token WHERE id = $1', [id]));
  }

  /** From now on the token belongs to the server, whoever brought it. */
  async giveToServer(id: string): Promise<void> {
    await this.writes.write((manager) =>
      manager.query('UPDATE broker_token SET method = $1 WHERE id = $2', ['cli' satisfies TokenMethod, id]),
    );
  }

  /** All stored tokens, dead ones included, oldest first. */
  async list(): Promise<StoredToken[]> {
    const rows = await this.dataSource.query<ListedRow[]>(
      `SELECT id, user_id, method, created_at, expires_at, dead_reason FROM broker_token ORDER BY created_at, id`,
    );
    return rows.map((row) => ({
      id: row.id,
      userId: row.user_id,
      method: row.method,
      createdAt: Number(row.created_at),
      expiresAt: row.expires_at === null ? null : Number(row.expires_at),
      deadReason: row.dead_reason,
    }));
  }

  /** A row of another key stays as it is: with the right key the token is usable again. */
  private open(row: TokenRow): PooledToken | null {
    const expiresAt = row.expires_at === null ? null : Number(row.expires_at);
    try {
      const accessToken = this.vault.open(row, rowIdentity(row.id, row.user_id));
      return { id: row.id, userId: row.user_id, method: row.method, accessToken, expiresAt };
    } catch (error) {
      if (error instanceof VaultError) return null;
      throw error;
    }
  }
}

function rowIdentity(id: string, userId: string): string {
  return `broker_token:${id}:${userId}`;
}
