import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { applyChange } from '../../../client/lib/merge.js';
import { Instruments1700000000001 } from '../../../server/database/migrations/1700000000001-instruments.js';
import { Snapshots1700000000003 } from '../../../server/database/migrations/1700000000003-snapshots.js';
import { openDatabase } from '../../../server/database/open.js';
import { WriteQueue } from '../../../server/database/write-queue.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import { NIFTY, openHouse, slotAtTime, type House } from '../../support/house.js';

describe('the latest table, which is not stored', () => {
  let house: House;
  afterEach(() => house.close());

  it('should be the one that was published, number by number, after a restart', async () => {
    house = await openHouse();
    await house.run(40);
    const published = house.published.at(-1)!.table;
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: '10:39' });
    expect(await house.chains.latest(NIFTY)).toEqual(published);
    await house.chains.open(NIFTY, house.clock.now());
    expect(house.chains.latestInMemory(NIFTY)).toEqual(published);
  });

  it('should be shown on the next morning, until the first capture, which counts on', async () => {
    house = await openHouse({ at: '15:20' });
    await house.run(5);
    const published = house.published.at(-1)!.table;
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: slotAtTime('09:00') + 24 * 3_600_000 });
    await house.chains.open(NIFTY, house.clock.now());
    expect(house.chains.latestInMemory(NIFTY)).toEqual(published);
    expect(published.seq).toBe(5);
  });

  it('F21 should stay the one that screens have, and be what the next change applies to, after a restart by a clock that was ahead', async () => {
    house = await openHouse({ at: '10:00' });
    await house.run(2);
    await house.tick('10:06');
    const published = house.published.at(-1)!.table;
    expect(published.slot).toBe(slotAtTime('10:06'));
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: '10:02' });
    await house.chains.open(NIFTY, house.clock.now());
    expect(house.chains.latestInMemory(NIFTY)).toEqual(published);
    await house.tick('10:02');
    const { table, frame } = house.published[0]!;
    expect(table.slot).toBe(slotAtTime('10:02'));
    expect(applyChange(published, frame)).toEqual(table);
  });
});

it('should keep the number of a table that an older version stored whole', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'oi-tracker-test-'));
  const file = join(dir, 'tracker.db');
  const migrations = [Instruments1700000000001, Snapshots1700000000003];
  const old = await new DataSource({ type: 'sqlite', database: file, migrations }).initialize();
  await old.runMigrations();
  await old.query('INSERT INTO chain (id, underlying_key, expiry) VALUES (7, $1, $2)', [
    NIFTY.underlying,
    NIFTY.expiry,
  ]);
  await old.query(`INSERT INTO chain_table (chain_id, slot, seq, json) VALUES (7, 60000, 12, '{"seq":12}')`);
  await old.destroy();
  const db = await openDatabase({ kind: 'sqlite', file });
  expect(await new SnapshotStore(db, new WriteQueue(db)).lastPublished(7)).toEqual({ slot: 60_000, seq: 12 });
  await db.destroy();
  await rm(dir, { recursive: true });
});
