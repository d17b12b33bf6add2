import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { WriteQueue } from '../database/write-queue.js';
import { MINUTE_MS } from '../domain/units.js';
import { hashOf, newSecretId } from './random-id.js';
import { TokenVault, VaultError } from './token-vault.js';

/** Key and secret of the broker's app that the person registered. */
export interface ApiCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

interface StateRow {
  browser_hash: string;
  cipher: Buffer;
  nonce: Buffer;
  created_at: number | string;
}

/** A person has this long at the broker's page. */
export const OAUTH_STATE_LIFE_MS = 10 * MINUTE_MS;

/** Sign-ins with the broker that are under way: each `state` is good for one return, of the browser that began it. */
@Injectable()
export class OAuthStateStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly writes: WriteQueue,
    private readonly vault: TokenVault,
    private readonly clock: Clock,
  ) {}

  /** @returns the `state` parameter: 256 random bits. Old ones are cleared away on the way. */
  async begin(credentials: ApiCredentials, browserId: string): Promise<string> {
    const state = newSecretId();
    const stateHash = hashOf(state);
    const { cipher, nonce } = this.vault.seal(JSON.stringify(credentials), rowIdentity(stateHash));
    const now = this.clock.now();
    await this.writes.write(async (manager) => {
      await manager.query('DELETE FROM oauth_state WHERE created_at <= $1', [now - OAUTH_STATE_LIFE_MS]);
      await manager.query(
        'INSERT INTO oauth_state (state_hash, browser_hash, cipher, nonce, created_at) VALUES ($1, $2, $3, $4, $5)',
        [stateHash, hashOf(browserId), cipher, nonce, now],
      );
    });
    return state;
  }

  /**
   * Deletes the sign-ins that nobody came back from in time, and with them the secrets that were typed in. Those that lie
   * ahead of a clock that was set back go as well. Writes nothing where there is none.
   * @returns how many.
   */
  async sweep(): Promise<number> {
    const now = this.clock.now();
    const over = [now - OAUTH_STATE_LIFE_MS, now + OAUTH_STATE_LIFE_MS];
    const rows = await this.dataSource.query<{ n: number | string }[]>(
      'SELECT COUNT(*) AS n FROM oauth_state WHERE created_at <= $1 OR created_at > $2',
      over,
    );
    const count = Number(rows[0]?.n ?? 0);
    if (count > 0)
      await this.writes.write((manager) =>
        manager.query('DELETE FROM oauth_state WHERE created_at <= $1 OR created_at > $2', over),
      );
    return count;
  }

  /** Uses a state up that comes to nothing: the broker or the person refused. */
  async abandon(state: string): Promise<void> {
    await this.writes.write((manager) =>
      manager.query('DELETE FROM oauth_state WHERE state_hash = $1', [hashOf(state)]),
    );
  }

  /**
   * Uses a state up, whatever comes of it.
   * @returns the credentials, or null where the state is unknown, used, too old, or another browser's.
   */
  async consume(state: string, browserId: string | null): Promise<ApiCredentials | null> {
    const stateHash = hashOf(state);
    const row = await this.writes.write(async (manager) => {
      const rows = await manager.query<StateRow[]>(
        'SELECT browser_hash, cipher, nonce, created_at FROM oauth_state WHERE state_hash = $1',
        [stateHash],
      );
      await manager.query('DELETE FROM oauth_state WHERE state_hash = $1', [stateHash]);
      return rows[0];
    });
    if (!row || browserId === null || row.browser_hash !== hashOf(browserId)) return null;
    if (this.clock.now() >= Number(row.created_at) + OAUTH_STATE_LIFE_MS) return null;
    return this.open(row, stateHash);
  }

  private open(row: StateRow, stateHash: string): ApiCredentials | null {
    try {
      return JSON.parse(this.vault.open(row, rowIdentity(stateHash))) as ApiCredentials;
    } catch (error) {
      // The key changed between the two steps: the person begins again.
      if (error instanceof VaultError) return null;
      throw error;
    }
  }
}

function rowIdentity(stateHash: string): string {
  return `oauth_state:${stateHash}`;
}
