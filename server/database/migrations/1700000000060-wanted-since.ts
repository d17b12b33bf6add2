import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dialectOf } from '../dialect.js';

/**
 * The slot from which a chain was to be collected in a session: what the quality report counts from. Without it a chain
 * of which nothing came, the broker being down at the open, would not be missing anything.
 */
export class WantedSince1700000000060 implements MigrationInterface {
  readonly name = 'WantedSince1700000000060';

  async up(runner: QueryRunner): Promise<void> {
    const { big, clustered } = dialectOf(runner);
    await runner.query(
      `CREATE TABLE wanted_since (
        chain_id INTEGER NOT NULL REFERENCES chain (id),
        slot ${big} NOT NULL,
        PRIMARY KEY (chain_id, slot)
      )${clustered}`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE wanted_since');
  }
}
