import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The latest table of a chain is no longer stored: it follows from the snapshots up to its slot, and writing its 150 kB
 * was most of a capture. What remains is which one it is.
 */
export class TablesFollow1700000000030 implements MigrationInterface {
  name = 'TablesFollow1700000000030';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE chain_table DROP COLUMN json');
  }

  /** The version before reads back what it finds: without a table it computes one. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM chain_table');
    await runner.query(`ALTER TABLE chain_table ADD COLUMN json TEXT NOT NULL DEFAULT ''`);
  }
}
