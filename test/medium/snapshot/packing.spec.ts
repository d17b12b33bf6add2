import { DataSource } from 'typeorm';
import { slotOf } from '../../../server/domain/slot.js';
import { DAY_MS, SECOND_MS } from '../../../server/domain/units.js';
import { DayExport } from '../../../server/snapshot/days/day-export.js';
import { SnapshotDays } from '../../../server/snapshot/snapshot-days.js';
import { SnapshotPacker } from '../../../server/snapshot/snapshot-packer.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import { at, DAY, NIFTY, openHouse, slotAtTime, type House } from '../../support/house.js';

const ALL = [0, Number.MAX_SAFE_INTEGER] as const;

let house: House;
let store: SnapshotStore;
let id: number;

/** A chain that was captured for so many minutes from 10:00 on. */
beforeEach(async () => {
  house = await openHouse();
  house.registry.enter(NIFTY);
  await house.run(40);
  store = house.get(SnapshotStore);
  id = (await store.findChain(NIFTY))!;
});
afterEach(() => house.close());

/** The night after, at 01:00. */
async function pack() {
  house.clock.set(at('01:00') + DAY_MS);
  return house.get(SnapshotPacker).run();
}

const rows = async (): Promise<number> => {
  const [{ n }] = await house.get(DataSource).query('SELECT count(*) AS n FROM snapshot');
  return Number(n);
};

async function exported(): Promise<string[]> {
  const lines: string[] = [];
  const report = { rows: 0, snapshots: 0, backfilledLeftOut: 0 };
  for await (const line of house.get(DayExport).lines('NIFTY', DAY, report)) lines.push(line);
  for await (const line of house.get(DayExport).prevOiLines('NIFTY', DAY)) lines.push(line);
  return lines;
}

/** Everything that is answered about the day. */
async function answers() {
  return {
    snapshots: await store.load(id, ...ALL),
    some: await store.load(id, at('10:05'), at('10:09')),
    slots: await store.slots(id, ...ALL),
    chains: await store.chainsBetween(at('10:00'), at('10:10')),
    newest: await Promise.all(
      ['09:00', '10:00', '10:07', '16:00'].map((time) => store.newestSlot(id, at(time))),
    ),
    table: await house.chains.at(NIFTY, at('10:38')),
    exported: await exported(),
  };
}

describe('packing the snapshots of a past day', () => {
  it('should answer everything as before, and free the rows', async () => {
    const before = await answers();
    expect(before.snapshots).toHaveLength(40);
    expect(await pack()).toEqual({ days: 1, snapshots: 40, left: 0 });
    expect(await rows()).toBe(0);
    expect(await answers()).toEqual(before);
    expect(await pack()).toEqual({ days: 0, snapshots: 0, left: 0 });
  });

  it('should leave today alone', async () => {
    expect(await house.get(SnapshotPacker).run()).toEqual({ days: 0, snapshots: 0, left: 0 });
    expect(await rows()).toBe(40);
  });

  it('should change nothing when a packed slot is captured or imported again', async () => {
    const before = await answers();
    const [first] = before.snapshots;
    await pack();
    const again = { snapshot: { ...first!, oi: first!.oi.map(() => 1) }, unknownLegs: 0, phantomLegs: 0 };
    expect(await store.commit(id, [again], null)).toEqual([]);
    expect(await store.commitMany([{ ...again, chainId: id }])).toBe(0);
    expect(await answers()).toEqual(before);
  });

  it('should take in what comes late for a packed day, at once and packed the night after', async () => {
    const [first] = await store.load(id, ...ALL);
    await pack();
    const late = { ...first!, slot: slotAtTime('10:50'), source: 'backfill' as const };
    expect(await store.commit(id, [{ snapshot: late, unknownLegs: 2, phantomLegs: 0 }], null)).toHaveLength(
      1,
    );
    const both = await answers();
    expect(both.snapshots).toHaveLength(41);
    expect(both.slots.at(-1)).toEqual({ slot: late.slot, source: 'backfill', unknownLegs: 2 });
    expect(await pack()).toEqual({ days: 1, snapshots: 1, left: 0 });
    expect(await rows()).toBe(0);
    expect(await answers()).toEqual(both);
  });

  it('should leave a snapshot where it is that cannot be read, and say so', async () => {
    await house
      .get(DataSource)
      .query('UPDATE snapshot SET payload = $1 WHERE slot = $2', [Buffer.alloc(90, 7), at('10:20')]);
    expect(await pack()).toEqual({ days: 1, snapshots: 39, left: 1 });
    expect(await rows()).toBe(1);
    expect(await store.load(id, ...ALL)).toHaveLength(39);
    expect(house.lines.join('\n')).toMatch(/39 snapshots packed into 1 days of chains, 1 cannot be packed/);
  });

  it('should delete nothing when what comes back is not what was captured', async () => {
    const before = await answers();
    const days = house.get(SnapshotDays);
    const put = days.put.bind(days);
    days.put = () => Promise.reject(new Error('The packed day is not what was captured.'));
    await expect(pack()).rejects.toThrow(/is not what was captured/);
    days.put = put;
    expect(await rows()).toBe(40);
    expect(await answers()).toEqual(before);
    await pack();
    expect(await answers()).toEqual(before);
  });

  it('F29 should report a packed day that is corrupted, read the others, and take its minutes again', async () => {
    const [first] = await store.load(id, ...ALL);
    house.clock.set(at('10:00') + DAY_MS + 2 * SECOND_MS);
    const slot = slotOf(at('10:00') + DAY_MS);
    const next = { ...first!, slot, capturedAt: first!.capturedAt + DAY_MS };
    await store.commit(id, [{ snapshot: next, unknownLegs: 0, phantomLegs: 0 }], null);
    house.clock.set(at('01:00') + 2 * DAY_MS);
    expect(await house.get(SnapshotPacker).run()).toMatchObject({ days: 2, snapshots: 41 });
    await house
      .get(DataSource)
      .query('UPDATE snapshot_day SET payload = substr(payload, 1, 40) WHERE date = $1', [DAY]);
    expect((await store.load(id, ...ALL)).map(({ slot }) => slot)).toEqual([slot]);
    expect(house.lines.join('\n')).toMatch(/Chain \d+, day 2026-08-18: .*checksum. It is left out/);
    expect(await store.commit(id, [{ snapshot: first!, unknownLegs: 0, phantomLegs: 0 }], null)).toHaveLength(
      1,
    );
    expect(await store.load(id, ...ALL)).toHaveLength(2);
    // What is readable is not put into a block that is not.
    expect(await house.get(SnapshotPacker).run()).toMatchObject({ days: 0, left: 1 });
    expect(await store.load(id, ...ALL)).toHaveLength(2);
  });
});
