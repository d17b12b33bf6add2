import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dialectOf } from '../dialect.js';

/**
 * Whole-market minutes, the lists of legs that they are about, and the days that they are packed into. The per-chain
 * snapshots of watched chains stay where they are.
 */
export class Market1700000000010 implements MigrationInterface {
  name = 'Market1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    const { id, big, bytes } = dialectOf(runner);
    await runner.query(
      `CREATE TABLE universe (
        id ${id},
        valid_from ${big} NOT NULL,
        chains INTEGER NOT NULL,
        legs INTEGER NOT NULL,
        payload ${bytes} NOT NULL
      )`,
    );
    // One minute of the whole market is one row: a second sweep of a slot cannot be stored, whoever tries.
    await runner.query(
      `CREATE TABLE minute (
        slot ${big} PRIMARY KEY NOT NULL,
        universe_id INTEGER NOT NULL REFERENCES universe (id),
        kind SMALLINT NOT NULL,
        captured_at ${big} NOT NULL,
        payload ${bytes} NOT NULL
      )`,
    );
    await runner.query(
      `CREATE TABLE day_chunk (
        chain_id INTEGER NOT NULL REFERENCES chain (id),
        date TEXT NOT NULL,
        slots INTEGER NOT NULL,
        payload ${bytes} NOT NULL,
        PRIMARY KEY (chain_id, date)
      )`,
    );
    await runner.query(
      `CREATE TABLE day_packed (
        date TEXT PRIMARY KEY NOT NULL,
        verified_at ${big} NOT NULL,
        chunks INTEGER NOT NULL,
        minutes INTEGER NOT NULL
      )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['day_packed', 'day_chunk', 'minute', 'universe'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
