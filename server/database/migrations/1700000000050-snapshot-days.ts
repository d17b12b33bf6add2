import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dialectOf } from '../dialect.js';

/** Past days of captured chains, each packed as one block. What is in `snapshot` stays readable, packed or not. */
export class SnapshotDays1700000000050 implements MigrationInterface {
  name = 'SnapshotDays1700000000050';

  async up(runner: QueryRunner): Promise<void> {
    const { big, bytes } = dialectOf(runner);
    await runner.query(
      `CREATE TABLE snapshot_day (
        chain_id INTEGER NOT NULL REFERENCES chain (id),
        date TEXT NOT NULL,
        first_slot ${big} NOT NULL,
        last_slot ${big} NOT NULL,
        snapshots INTEGER NOT NULL,
        payload ${bytes} NOT NULL,
        PRIMARY KEY (chain_id, date)
      )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE snapshot_day');
  }
}
