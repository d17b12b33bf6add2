import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dialectOf } from '../dialect.js';

/**
 * The instrument list. A contract is its identity; the broker's key, the lot and the listing are attributes of it with
 * a validity in time, `[from, to)` in epoch ms, `to` null while valid. Contract ids are given by the importer: one
 * number for the contract, its key and its lot without reading anything back.
 */
export class Instruments1700000000001 implements MigrationInterface {
  readonly name = 'Instruments1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of tables(runner)) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['instrument_import', 'lot_history', 'contract_key', 'contract', 'underlying'])
      await runner.query(`DROP TABLE "${table}"`);
  }
}

function tables(runner: QueryRunner): string[] {
  const { id, big, real, clustered } = dialectOf(runner);
  return [
    `CREATE TABLE "underlying" (
      "id" INTEGER PRIMARY KEY NOT NULL,
      "key" TEXT NOT NULL UNIQUE,
      "symbol" TEXT NOT NULL,
      "name" TEXT NOT NULL,
      "exchange" TEXT NOT NULL,
      "kind" TEXT NOT NULL CHECK ("kind" IN ('INDEX', 'EQUITY', 'COMMODITY')))`,
    `CREATE INDEX "underlying_symbol" ON "underlying" ("symbol")`,
    `CREATE TABLE "contract" (
      "id" INTEGER PRIMARY KEY NOT NULL,
      "underlying_id" INTEGER NOT NULL REFERENCES "underlying" ("id"),
      "expiry" TEXT NOT NULL,
      "strike" ${real} NOT NULL,
      "type" TEXT NOT NULL CHECK ("type" IN ('CE', 'PE', 'FUT')),
      "lot_size" INTEGER,
      "weekly" INTEGER,
      "trading_symbol" TEXT,
      "future_key" TEXT,
      "listed_from" ${big} NOT NULL,
      "listed_to" ${big},
      UNIQUE ("underlying_id", "expiry", "strike", "type"))`,
    `CREATE TABLE "contract_key" (
      "contract_id" INTEGER NOT NULL REFERENCES "contract" ("id"),
      "valid_from" ${big} NOT NULL,
      "valid_to" ${big},
      "instrument_key" TEXT NOT NULL,
      PRIMARY KEY ("contract_id", "valid_from"))${clustered}`,
    `CREATE INDEX "contract_key_instrument_key" ON "contract_key" ("instrument_key")`,
    `CREATE TABLE "lot_history" (
      "contract_id" INTEGER NOT NULL REFERENCES "contract" ("id"),
      "valid_from" ${big} NOT NULL,
      "lot_size" INTEGER NOT NULL,
      PRIMARY KEY ("contract_id", "valid_from"))${clustered}`,
    `CREATE TABLE "instrument_import" (
      "id" ${id},
      "source" TEXT NOT NULL,
      "exchanges" TEXT NOT NULL,
      "as_of" ${big} NOT NULL,
      "imported_at" ${big} NOT NULL,
      "row_count" INTEGER NOT NULL,
      "contract_count" INTEGER NOT NULL,
      "sha256" TEXT)`,
  ];
}
