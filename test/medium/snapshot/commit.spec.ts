import { jest } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { WriteQueue } from '../../../server/database/write-queue.js';
import { chainKey } from '../../../server/domain/contract.js';
import { Feed } from '../../../server/snapshot/feed.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import { NIFTY, openHouse, slotAtTime, type House } from '../../support/house.js';
import { marketQuote } from '../../support/market.js';

let house: House;
afterEach(() => house.close());

const storedSlots = async (): Promise<number[]> => {
  const rows: { slot: number }[] = await house
    .get(DataSource)
    .query(
      'SELECT slot FROM snapshot s JOIN chain c ON c.id = s.chain_id WHERE c.expiry = $1 ORDER BY slot',
      [NIFTY.expiry],
    );
  return rows.map(({ slot }) => slot);
};

it('should publish what is committed: a reader of its own sees the slot when the change comes', async () => {
  house = await openHouse();
  const reader = await new DataSource({
    type: 'sqlite',
    database: `${house.dir}/tracker.db`,
    flags: 1,
  }).initialize();
  const seen: Promise<{ slot: number; seq: number }[]>[] = [];
  house.get(Feed).onTable(({ table }) => {
    seen.push(reader.query('SELECT slot, seq FROM chain_table WHERE slot = $1', [table.slot]));
  });
  await house.run(4);
  const rows = await Promise.all(seen);
  await reader.destroy();
  expect(rows.map((found) => found[0]?.seq)).toEqual([1, 2, 3, 4]);
});

describe.each(['before it begins', 'at its commit'])('a transaction that fails %s', (when) => {
  /** The next write fails: disk full, lock, or a crash of the statement. */
  function failOnce(): void {
    const queue = house.get(WriteQueue);
    const database = house.get(DataSource);
    const fail = (): Promise<never> => Promise.reject(new Error('disk full'));
    if (when === 'before it begins') jest.spyOn(queue, 'write').mockImplementationOnce(fail);
    else {
      const begin = database.transaction.bind(database) as (
        work: (manager: EntityManager) => Promise<unknown>,
      ) => Promise<unknown>;
      const failing = (work: (manager: EntityManager) => Promise<unknown>): Promise<unknown> =>
        begin(async (manager) => {
          await work(manager);
          return fail();
        });
      jest.spyOn(database, 'transaction').mockImplementationOnce(failing as never);
    }
  }

  it('should publish nothing, and leave the next capture right', async () => {
    house = await openHouse();
    await house.run(4);
    const before = await house.chains.latest(NIFTY);
    failOnce();
    await house.tick('10:04');
    expect(house.published).toHaveLength(4);
    expect(await house.chains.latest(NIFTY)).toEqual(before);
    expect(house.metrics.captures).toMatchObject({ captured: 4, failed: 1 });
    await house.tick('10:05');
    expect(house.published).toHaveLength(5);
    const table = house.published[4]!.table;
    expect(table).toMatchObject({ slot: slotAtTime('10:05'), seq: 5 });
    expect(await storedSlots()).toEqual(['10:00', '10:01', '10:02', '10:03', '10:05'].map(slotAtTime));
    // 3 minutes before 10:05 is 10:02: known. Of the failed 10:04 nothing is left in memory.
    expect(table.rows[1]!.call!.changes[0]!.baseSlot).toBe(slotAtTime('10:02'));
    expect(house.chains.stateInMemory(NIFTY)!.history.at(slotAtTime('10:04'))).toBeNull();
  });

  it('should be repaired within the slot when there is time', async () => {
    house = await openHouse();
    await house.tick();
    failOnce();
    await house.tick('10:01');
    await house.tick(house.clock.now() + 6_000);
    expect(house.published.map(({ table }) => table.slot)).toEqual(['10:00', '10:01'].map(slotAtTime));
  });
});

it('should skip a slot that another process stored, and take up what that one knows', async () => {
  house = await openHouse();
  await house.run(3);
  const other = await openHouse({ dir: house.dir, at: '10:03' });
  await other.run(2);
  expect(other.published.map(({ table }) => table.seq)).toEqual([4, 5]);
  await house.tick('10:04');
  expect(house.metrics.captures.skipped).toBe(1);
  expect(house.published).toHaveLength(3);
  expect(await house.chains.latest(NIFTY)).toEqual(await other.chains.latest(NIFTY));
  await house.tick('10:05');
  const last = house.published.at(-1)!.table;
  expect(last).toMatchObject({ slot: slotAtTime('10:05'), seq: 6 });
  // Back to 10:02: it holds the slots of both.
  const slots = [...house.chains.stateInMemory(NIFTY)!.history.slots()];
  expect(slots).toEqual(['10:00', '10:01', '10:02', '10:03', '10:04', '10:05'].map(slotAtTime));
  await other.close();
});

it('should change nothing when the same slot is recorded again', async () => {
  house = await openHouse();
  await house.run(2);
  const table = await house.chains.latest(NIFTY);
  const slot = slotAtTime('10:01');
  const again = await house.chains.record(NIFTY, marketQuote(NIFTY, slotAtTime('11:00')), slot + 40_000);
  expect(again.outcome).toBe('skipped');
  expect(await house.chains.latest(NIFTY)).toEqual(table);
  expect(house.published).toHaveLength(2);
});

it('should store a slot once when two answers for it come at the same time', async () => {
  house = await openHouse();
  const slot = slotAtTime('10:00');
  const outcomes = await Promise.all(
    Array.from({ length: 5 }, (_, i) => house.chains.record(NIFTY, marketQuote(NIFTY, slot), slot + i)),
  );
  expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([
    'captured',
    'skipped',
    'skipped',
    'skipped',
    'skipped',
  ]);
  expect(house.published).toHaveLength(1);
});

it('should leave a snapshot out that was corrupted on disk, and read the rest', async () => {
  house = await openHouse();
  await house.run(6);
  const id = await house.get(SnapshotStore).findChain(NIFTY);
  await house
    .get(WriteQueue)
    .write((tx) =>
      tx.query('UPDATE snapshot SET payload = $1 WHERE chain_id = $2 AND slot = $3', [
        Buffer.from('damaged'),
        id,
        slotAtTime('10:02'),
      ]),
    );
  await house.close(true);
  house = await openHouse({ dir: house.dir, at: '10:06' });
  await house.tick();
  const history = house.chains.stateInMemory(NIFTY)!.history;
  expect([...history.slots()]).not.toContain(slotAtTime('10:02'));
  expect(history.size).toBe(6);
  expect(house.lines.some((line) => line.includes('left out'))).toBe(true);
  expect(chainKey(house.published[0]!.chain)).toBe(chainKey(NIFTY));
});
