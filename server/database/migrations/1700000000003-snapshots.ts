import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dialectOf } from '../dialect.js';

/** Captured chains, what was refused, the latest tables, and the calendar. */
export class Snapshots1700000000003 implements MigrationInterface {
  name = 'Snapshots1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    const { id, big, real, bytes } = dialectOf(runner);
    await runner.query(
      `CREATE TABLE chain (id ${id}, underlying_key TEXT NOT NULL, expiry TEXT NOT NULL, UNIQUE (underlying_key, expiry))`,
    );
    // Natural key (chain, slot): a second capture of a slot cannot be stored, whoever tries.
    await runner.query(
      `CREATE TABLE snapshot (
        chain_id INTEGER NOT NULL REFERENCES chain (id),
        slot ${big} NOT NULL,
        captured_at ${big} NOT NULL,
        source SMALLINT NOT NULL,
        spot ${real},
        legs INTEGER NOT NULL,
        unknown_legs INTEGER NOT NULL,
        phantom_legs INTEGER NOT NULL,
        payload ${bytes} NOT NULL,
        PRIMARY KEY (chain_id, slot)
      )`,
    );
    await runner.query(
      `CREATE TABLE refusal (
        chain_id INTEGER NOT NULL REFERENCES chain (id),
        slot ${big} NOT NULL,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (chain_id, slot)
      )`,
    );
    await runner.query(
      `CREATE TABLE chain_table (
        chain_id INTEGER PRIMARY KEY REFERENCES chain (id),
        slot ${big} NOT NULL,
        seq ${big} NOT NULL,
        json TEXT NOT NULL
      )`,
    );
    await runner.query(
      `CREATE TABLE trading_day (
        exchange TEXT NOT NULL,
        date TEXT NOT NULL,
        sessions TEXT NOT NULL,
        note TEXT,
        fetched_at ${big} NOT NULL,
        PRIMARY KEY (exchange, date)
      )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['trading_day', 'chain_table', 'refusal', 'snapshot', 'chain'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
