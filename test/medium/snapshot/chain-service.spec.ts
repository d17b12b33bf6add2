import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Table } from '../../../server/domain/delta-table.js';
import { istAt } from '../../../server/domain/slot.js';
import { DAY_MS, MINUTE_MS } from '../../../server/domain/units.js';
import { DayExport } from '../../../server/snapshot/days/day-export.js';
import { DayImport } from '../../../server/snapshot/days/day-import.js';
import { DAY, NIFTY, NIFTY_NEXT, at, openHouse, slotAtTime, type House } from '../../support/house.js';

let house: House;
afterEach(() => house.close());

const withoutSeq = (table: Table | null): unknown => table && { ...table, seq: 0 };

/** A session with slots left out, by chance; every table that was live in it, by slot. */
async function liveSession(skips: readonly number[]): Promise<Map<number, Table>> {
  for (const skip of skips) {
    await house.tick();
    house.clock.advance((1 + skip) * MINUTE_MS);
  }
  const tables = house.published.filter(({ chain }) => chain.expiry === NIFTY.expiry);
  return new Map(tables.map(({ table }) => [table.slot, table]));
}

const chance = fc.constantFrom(0, 0, 0, 0, 0, 1, 2, 4);
const [skips = []] = fc.sample(fc.array(chance, { minLength: 90, maxLength: 90 }), {
  numRuns: 1,
  seed: 20_260_818,
});

async function exportDay(file: string): Promise<void> {
  const report = { rows: 0, snapshots: 0, backfilledLeftOut: 0 };
  const lines: string[] = [];
  for await (const line of house.get(DayExport).lines('NIFTY', DAY, report)) lines.push(line);
  expect(report.rows).toBe(lines.length - 1);
  writeFileSync(file, gzipSync(`${lines.join('\n')}\n`));
}

describe('a look into the past', () => {
  it('should give every table of a session as it was live then: from memory, and from disk', async () => {
    house = await openHouse({ at: '09:15' });
    const live = await liveSession(skips);
    expect(live.size).toBe(90);
    for (const [slot, table] of live)
      expect(withoutSeq(await house.chains.at(NIFTY, slot))).toEqual(withoutSeq(table));
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: istAt('2026-08-20', '11:00') });
    for (const [slot, table] of live)
      expect(withoutSeq(await house.chains.at(NIFTY, slot))).toEqual(withoutSeq(table));
    expect(house.broker.calls()).toBe(0);
  });

  it('should give the newest slot at or before the moment, and nothing before the first', async () => {
    house = await openHouse();
    await house.tick();
    await house.tick('10:04');
    const slotAt = async (time: number): Promise<number | null> =>
      (await house.chains.at(NIFTY, time))?.slot ?? null;
    expect(await slotAt(at('10:00') - 1)).toBeNull();
    expect(await slotAt(at('10:00'))).toBe(slotAtTime('10:00'));
    expect(await slotAt(at('10:04') - 1)).toBe(slotAtTime('10:00'));
    expect(await slotAt(at('10:04'))).toBe(slotAtTime('10:04'));
    expect(await slotAt(at('10:00') + 30 * DAY_MS)).toBe(slotAtTime('10:04'));
    expect(await house.chains.at(NIFTY_NEXT, at('10:04'))).toBeNull();
  });

  it('should give the tables of a day that was exported here and imported elsewhere', async () => {
    house = await openHouse({ at: '09:15' });
    house.registry.enter(NIFTY_NEXT);
    const live = await liveSession(skips.slice(0, 40));
    const file = join(house.dir, 'day.csv.gz');
    await exportDay(file);
    const other = await openHouse({ at: istAt('2026-08-19', '11:00') });
    const report = await other.get(DayImport).run(file);
    expect(report).toMatchObject({ stored: 80, present: 0, refused: [] });
    for (const [slot, table] of live) {
      const imported = (await other.chains.at(NIFTY, slot))!;
      expect(imported.source).toBe('import');
      expect(imported.rows.map((row) => row.call!.changes)).toEqual(
        table.rows.map((row) => row.call!.changes),
      );
      expect(imported.rows.map((row) => row.put!.reasons)).toEqual(table.rows.map((row) => row.put!.reasons));
      expect(imported).toMatchObject({ slot, spot: table.spot, atmStrike: table.atmStrike });
      expect(imported.totals).toMatchObject({ callOi: table.totals.callOi, maxPain: table.totals.maxPain });
    }
    // Doing it again changes nothing.
    expect(await other.get(DayImport).run(file)).toMatchObject({ stored: 0, present: 80, refused: [] });
    await other.close();
  });
});

describe('a restart', () => {
  it('should answer at once with the same table, before the broker was asked', async () => {
    house = await openHouse();
    await house.run(20);
    const before = JSON.stringify(await house.chains.latest(NIFTY));
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: '10:20', signedIn: false });
    expect(JSON.stringify(await house.chains.latest(NIFTY))).toBe(before);
    await house.chains.open(NIFTY, house.clock.now());
    expect(JSON.stringify(house.chains.latestInMemory(NIFTY))).toBe(before);
    expect(house.broker.calls()).toBe(0);
  });

  it('should go on counting upward, with the windows of before', async () => {
    house = await openHouse();
    await house.run(20);
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: '10:20' });
    await house.tick();
    const { table } = house.published[0]!;
    expect(table.seq).toBe(21);
    expect(table.rows[1]!.call!.changes.map((change) => change?.baseSlot ?? null)).toEqual([
      ...['10:17', '10:15', '10:10', '10:05'].map(slotAtTime),
      null,
    ]);
  });

  it('should not capture a slot again that is on disk', async () => {
    house = await openHouse();
    await house.run(2);
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: '10:01' });
    await house.tick();
    await house.tick();
    expect(house.published).toEqual([]);
    expect(house.metrics.captures.captured).toBe(0);
  });
});

describe('a closed market', () => {
  it.each([
    ['the same evening', at('20:00')],
    ['the next morning before the market', istAt('2026-08-19', '08:00')],
    ['on Saturday', istAt('2026-08-22', '12:00')],
  ])('should show the last table, with its time: %s', async (_when, now) => {
    house = await openHouse({ at: '15:35' });
    house.registry.enter(NIFTY_NEXT);
    await house.run(5);
    const last = await house.chains.latest(NIFTY_NEXT);
    expect(last?.slot).toBe(slotAtTime('15:39'));
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: now });
    await house.chains.open(NIFTY_NEXT, now);
    expect(await house.chains.latest(NIFTY_NEXT)).toEqual(last);
    expect(house.status.current(NIFTY_NEXT)).toMatchObject({
      state: 'closed',
      lastSlot: slotAtTime('15:39'),
      market: { open: false },
    });
  });
});
