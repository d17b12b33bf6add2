import { randomUUID } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dialectOf } from '../dialect.js';

/** What processes that share a database tell each other through it: who collects, who watches what, the market page. */
export class Cluster1700000000040 implements MigrationInterface {
  readonly name = 'Cluster1700000000040';

  async up(runner: QueryRunner): Promise<void> {
    const { big } = dialectOf(runner);
    // `fence` grows at each take-over; a capture is only committed under the number it was begun with.
    await runner.query(
      `CREATE TABLE lease (
        name TEXT PRIMARY KEY NOT NULL,
        holder TEXT NOT NULL,
        fence ${big} NOT NULL,
        expires_at ${big} NOT NULL
      )`,
    );
    await runner.query("INSERT INTO lease (name, holder, fence, expires_at) VALUES ('collector', '', 0, 0)");
    await runner.query(
      `CREATE TABLE gateway (
        id TEXT PRIMARY KEY NOT NULL,
        seen_at ${big} NOT NULL,
        watching TEXT NOT NULL
      )`,
    );
    await runner.query(
      `CREATE TABLE market_latest (
        id INTEGER PRIMARY KEY NOT NULL,
        version ${big} NOT NULL,
        json TEXT NOT NULL
      )`,
    );
    // Names this installation where several share a Redis server.
    await runner.query('CREATE TABLE installation (id TEXT PRIMARY KEY NOT NULL)');
    await runner.query(`INSERT INTO installation (id) VALUES ('${randomUUID()}')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['installation', 'market_latest', 'gateway', 'lease'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
