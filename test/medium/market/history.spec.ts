import { rm } from 'node:fs/promises';
import { slotAdd } from '../../../server/domain/slot.js';
import type { ChainSnapshot } from '../../../server/domain/snapshot.js';
import { DAY_MS, SECOND_MS, type Slot } from '../../../server/domain/units.js';
import { MarketHistory } from '../../../server/market/market-history.js';
import { ChunkStore } from '../../../server/market/minutes/chunk-store.js';
import { DayPacker } from '../../../server/market/minutes/day-packer.js';
import { DataSource } from 'typeorm';
import { DayExport } from '../../../server/snapshot/days/day-export.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import { at, DAY, openHouse, share, slotAtTime, type House } from '../../support/house.js';
import { openMarketHouse, type MarketHouse } from './market-house.js';

let house: House | MarketHouse;
let dirs: string[] = [];
afterEach(async () => {
  await house.close();
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
  dirs = [];
});

/** A house that has swept so many minutes from 10:00 on. */
async function swept(minutes: number, shares = 2): Promise<MarketHouse> {
  const opened = await openMarketHouse({ shares });
  house = opened;
  await opened.sweep(minutes);
  return opened;
}

const windowsOf = (rows: readonly { call: { changes: unknown[] } | null }[]): number[] =>
  rows.map(({ call }) => call!.changes.filter((change) => change !== null).length);

describe('a chain that is opened after it was swept', () => {
  it('should have all its windows at its first capture', async () => {
    const { registry, tick, chains } = await swept(34);
    registry.enter(share(1));
    await tick('10:34');
    const table = await chains.latest(share(1));
    expect(table).toMatchObject({ slot: slotAtTime('10:34'), source: 'live' });
    expect(windowsOf(table!.rows)).toEqual(new Array(6).fill(5));
    expect(table!.rows[2]!.call!.changes[4]).toMatchObject({ baseSlot: slotAtTime('10:04') });
    expect(table!.rows[2]!.call!.changes[4]).not.toHaveProperty('backfilled');
  });

  it('should have the table that it would have if it had been watched all the time', async () => {
    const watched = await openHouse({ shares: 2 });
    house = watched;
    watched.registry.enter(share(1));
    await watched.run(35);
    const expected = (await watched.chains.latest(share(1)))!;
    await watched.close();
    const { registry, tick, chains } = await swept(34);
    registry.enter(share(1));
    await tick('10:34');
    const table = (await chains.latest(share(1)))!;
    expect({ ...table, seq: 0 }).toEqual({ ...expected, seq: 0 });
  });

  it('should not ask for candles of minutes that were swept', async () => {
    const { registry, tick, broker, collector } = await swept(36);
    registry.enter(share(1));
    await tick('10:36');
    await collector.stop();
    expect(broker.candleCalls).toEqual([]);
  });

  it('should be given what was swept while nobody watched it', async () => {
    const house = await swept(1);
    house.registry.enter(share(0));
    await house.tick('10:01');
    await house.sweep(1);
    house.registry.leave(share(0));
    house.clock.set(at('10:40') + 2 * SECOND_MS);
    await house.sweep(5);
    house.registry.enter(share(0));
    await house.tick('10:45');
    const table = (await house.chains.latest(share(0)))!;
    expect(table.slot).toBe(slotAtTime('10:45'));
    expect(table.rows[3]!.call!.changes[1]).toMatchObject({ baseSlot: slotAtTime('10:40') });
  });

  it('should keep its own captures where it has them, and its refusals', async () => {
    const opened = await swept(2);
    opened.registry.enter(share(0));
    await opened.tick('10:02');
    await opened.sweep(1);
    const own = await opened.get(SnapshotStore).load((await idOf(0))!, at('10:00'), at('10:10'));
    expect(own.map(({ slot }) => slot)).toEqual([slotAtTime('10:02')]);
    const state = await opened.chains.open(share(0), opened.clock.now());
    expect(state.history.slots()).toEqual(['10:00', '10:01', '10:02'].map(slotAtTime));
  });

  it('should answer for the past from what was swept, today and when the day is packed', async () => {
    const opened = await swept(40);
    const today = await opened.chains.at(share(0), at('10:38'));
    expect(today).toMatchObject({ slot: slotAtTime('10:38') });
    expect(windowsOf(today!.rows)).toEqual(new Array(6).fill(5));
    opened.clock.set(at('10:00') + DAY_MS);
    await opened.get(DayPacker).run();
    expect(await opened.chains.at(share(0), at('10:38'))).toEqual(today);
    expect(await opened.chains.at(share(0), at('09:59'))).toBeNull();
    expect((await opened.chains.latest(share(0)))?.slot).toBe(slotAtTime('10:39'));
  });

  it('should be exported with the day, watched or swept', async () => {
    const opened = await swept(3);
    opened.registry.enter(share(0));
    await opened.tick('10:03');
    await opened.sweep(1);
    const report = { rows: 0, snapshots: 0, backfilledLeftOut: 0 };
    const lines: string[] = [];
    for await (const line of opened.get(DayExport).lines('SHARE0', DAY, report)) lines.push(line);
    expect(report).toEqual({ rows: 24, snapshots: 4, backfilledLeftOut: 0 });
    expect(lines).toHaveLength(25);
    const prev: string[] = [];
    for await (const line of opened.get(DayExport).prevOiLines('SHARE0', DAY)) prev.push(line);
    expect(prev).toHaveLength(7);
  });
});

const idOf = (i: number): Promise<number | null> => house.get(SnapshotStore).findChain(share(i));

const loadDay = (i: number): Promise<ChainSnapshot[]> =>
  house.get(MarketHistory).load(share(i), at('09:00'), at('16:00'));

describe('packing a day', () => {
  it('should keep every minute of every chain, and free the minutes', async () => {
    const opened = await swept(33, 4);
    const before = await Promise.all([0, 1, 2, 3].map(loadDay));
    expect(before[0]).toHaveLength(33);
    opened.clock.set(at('01:00') + DAY_MS);
    const [packed] = await opened.get(DayPacker).run();
    expect(packed).toEqual({ date: DAY, minutes: 33, chunks: 5, unreadable: 0 });
    expect(await opened.minutes.slots(0, Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect(await Promise.all([0, 1, 2, 3].map(loadDay))).toEqual(before);
    expect(await opened.get(DayPacker).run()).toEqual([]);
  });

  it('should leave today alone', async () => {
    const opened = await swept(3);
    expect(await opened.get(DayPacker).run()).toEqual([]);
    expect(await opened.minutes.slots(0, Number.MAX_SAFE_INTEGER)).toHaveLength(3);
  });

  it('should read one contract without the others', async () => {
    const opened = await swept(33);
    opened.clock.set(at('01:00') + DAY_MS);
    await opened.get(DayPacker).run();
    const whole = (await opened.get(ChunkStore).get((await idOf(0))!, DAY))!;
    const leg = whole.legs[5]!;
    const one = await opened.get(MarketHistory).contractDay(share(0), DAY, leg.contractId);
    expect(one).toMatchObject({ slots: whole.slots, legs: [leg], values: [whole.values[5]] });
  });

  it('should merge a minute that comes for a packed day', async () => {
    const opened = await swept(3);
    const stored = await firstMinute(opened);
    opened.clock.set(at('01:00') + DAY_MS);
    await opened.get(DayPacker).run();
    const late = { ...stored.frame, slot: slotAdd(slotAtTime('10:02'), 5) };
    expect(await opened.minutes.append(stored.universe, late, opened.clock.now())).toBe('stored');
    const both = await loadDay(0);
    expect(both.map(({ slot }) => slot)).toEqual(['10:00', '10:01', '10:02', '10:07'].map(slotAtTime));
    await opened.get(DayPacker).run();
    expect(await loadDay(0)).toEqual(both);
    expect(await opened.minutes.slots(0, Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('should keep minutes that it cannot read, and say how many', async () => {
    const opened = await swept(43);
    await spoil(slotAtTime('10:30'));
    opened.clock.set(at('01:00') + DAY_MS);
    const [packed] = await opened.get(DayPacker).run();
    expect(packed).toMatchObject({ minutes: 33, unreadable: 10 });
    expect(await opened.minutes.slots(0, Number.MAX_SAFE_INTEGER)).toHaveLength(10);
    expect(await loadDay(0)).toHaveLength(33);
  });

  it('should delete nothing when what it reads back is not what was captured', async () => {
    const opened = await swept(3);
    opened.clock.set(at('01:00') + DAY_MS);
    const chunks = opened.get(ChunkStore);
    const get = chunks.get.bind(chunks);
    chunks.get = async (...args) => {
      const day = await get(...args);
      if (day) day.values[0]!.oi[1] = 1;
      return day;
    };
    await expect(opened.get(DayPacker).run()).rejects.toThrow(/is not what was captured/);
    chunks.get = get;
    expect(await opened.minutes.slots(0, Number.MAX_SAFE_INTEGER)).toHaveLength(3);
    await opened.get(DayPacker).run();
    expect(await loadDay(0)).toHaveLength(3);
  });

  it('should report a packed day that is corrupted, and read the others', async () => {
    const opened = await swept(3);
    opened.clock.set(at('01:00') + DAY_MS);
    await opened.get(DayPacker).run();
    await opened
      .get(DataSource)
      .query('UPDATE day_chunk SET payload = substr(payload, 1, 40) WHERE chain_id = $1', [await idOf(0)]);
    expect(await loadDay(0)).toEqual([]);
    expect(await loadDay(1)).toHaveLength(3);
    expect(opened.lines.join('\n')).toMatch(/The day 2026-08-18 of chain \d+ does not match its checksum/);
  });
});

async function firstMinute({ minutes }: MarketHouse) {
  for await (const stored of minutes.frames(0, at('16:00'))) return structuredClone(stored);
  throw new Error('nothing was swept');
}

async function spoil(slot: Slot): Promise<void> {
  const db = house.get(DataSource);
  const rows: { payload: Buffer }[] = await db.query('SELECT payload FROM minute WHERE slot = $1', [slot]);
  const payload = Buffer.from(rows[0]!.payload);
  payload[payload.length - 3]! ^= 0x10;
  await db.query('UPDATE minute SET payload = $1 WHERE slot = $2', [payload, slot]);
}
