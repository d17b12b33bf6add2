import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dialectOf } from '../dialect.js';

/** People's sign-ins, the broker tokens behind them (encrypted), and sign-ins with the broker that are under way. */
export class Auth1700000000002 implements MigrationInterface {
  readonly name = 'Auth1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    const d = dialectOf(runner);
    await runner.query(`CREATE TABLE broker_token (
      id TEXT PRIMARY KEY NOT NULL,
      user_id TEXT NOT NULL,
      method TEXT NOT NULL,
      cipher ${d.bytes} NOT NULL,
      nonce ${d.bytes} NOT NULL,
      created_at ${d.big} NOT NULL,
      expires_at ${d.big},
      dead_at ${d.big},
      dead_reason TEXT
    )`);
    await runner.query(`CREATE TABLE sign_in (
      id_hash TEXT PRIMARY KEY NOT NULL,
      broker_user TEXT NOT NULL,
      method TEXT NOT NULL,
      name TEXT NOT NULL,
      token_id TEXT NOT NULL,
      created_at ${d.big} NOT NULL,
      seen_at ${d.big} NOT NULL,
      expires_at ${d.big} NOT NULL
    )`);
    await runner.query('CREATE INDEX sign_in_token ON sign_in (token_id)');
    await runner.query(`CREATE TABLE oauth_state (
      state_hash TEXT PRIMARY KEY NOT NULL,
      browser_hash TEXT NOT NULL,
      cipher ${d.bytes} NOT NULL,
      nonce ${d.bytes} NOT NULL,
      created_at ${d.big} NOT NULL
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE oauth_state');
    await runner.query('DROP TABLE sign_in');
    await runner.query('DROP TABLE broker_token');
  }
}
