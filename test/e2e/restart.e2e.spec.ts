import { jest } from '@jest/globals';
import { istAt, istDate, istTime } from '../../server/domain/slot.js';
import type { Table } from '../../server/protocol/index.js';
import { cleanUp, startDemo, tempFolder, type House } from '../support/harness.js';
import { inconsistencies, liveTables, nearestChain, slotsOverHttp } from '../support/harness-chains.js';
import { closeSockets, Visitor } from '../support/harness-client.js';
import { Watcher } from '../support/harness-watch.js';
import { MINUTE } from '../support/truth/index.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

const RATE = '20';
/** Minutes that pass unseen while the server is dead. */
const DEAD_MINUTES = 4;

describe('a server that is killed and started again on the same data', () => {
  const folder = tempFolder();
  let house: House;
  let before: Watcher;
  let lastTable: Table;
  let visitor: Visitor;
  let after: Watcher;

  beforeAll(async () => {
    house = await startDemo(['--start', '10:30', '--rate', RATE], folder, { PINNED: ',' });
    const earlier = await Visitor.enter(house.url);
    before = await Watcher.open(await earlier.socket(), await nearestChain(earlier, 'NIFTY'));
    await before.slots(8, 120_000);
    await house.program.kill();
    if (!before.table) throw new Error('nothing was shown before the kill');
    lastTable = before.table;
    const start = istTime(lastTable.slot + DEAD_MINUTES * MINUTE).slice(0, 5);
    house = await startDemo(['--start', start, '--rate', RATE], folder, { PINNED: ',' });
    visitor = await Visitor.enter(house.url);
    after = await Watcher.open(await visitor.socket(), before.chain);
  });

  afterAll(async () => {
    closeSockets();
    await cleanUp();
  });

  it('should answer the first watcher at once with the table it had, or a newer one', () => {
    const [first] = after.tables;
    expect(first).toBeDefined();
    expect(first?.slot).toBeGreaterThanOrEqual(lastTable.slot);
    expect(first?.seq).toBeGreaterThanOrEqual(lastTable.seq);
    if (first?.slot === lastTable.slot) expect(first).toEqual({ ...lastTable, seq: first.seq });
  });

  it('should have lost nothing that it had shown', async () => {
    for (const table of liveTables(before)) {
      const stored = await visitor.table(before.chain.underlying, before.chain.expiry, table.slot);
      expect(stored.slot).toBe(table.slot);
      expect(stored.rows.map(({ call, put }) => [call?.oi, put?.oi])).toEqual(
        table.rows.map(({ call, put }) => [call?.oi, put?.oi]),
      );
    }
  });

  it('should go on counting upwards', async () => {
    await after.slots(4, 60_000);
    const numbers = after.tables.map(({ seq }) => seq);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.at(-1)).toBeGreaterThan(lastTable.seq);
  });

  it('should measure over the gap by the rules and by nothing invented', async () => {
    const newest = await after.when('a capture after the gap', ({ slot }) => slot > lastTable.slot + MINUTE);
    const stored = await slotsOverHttp(
      visitor,
      after.chain,
      istAt(istDate(newest.slot), '09:15'),
      newest.slot,
    );
    const shown = [...before.tables, ...after.tables].filter(({ slot }) => slot <= newest.slot);
    expect(inconsistencies(stored, shown).slice(0, 20)).toEqual([]);
  });
});

describe('a server that is killed and started again when the market is closed', () => {
  afterAll(async () => {
    closeSockets();
    await cleanUp();
  });

  it('should answer the first watcher with the very table that it had', async () => {
    const folder = tempFolder();
    const house = await startDemo(['--start', '15:20', '--rate', RATE], folder, { PINNED: ',' });
    const earlier = await Visitor.enter(house.url);
    const before = await Watcher.open(await earlier.socket(), await nearestChain(earlier, 'NIFTY'));
    await before.slots(3, 120_000);
    await house.program.kill();
    const lastTable = before.table!;
    // Minutes after the close, in real time: nothing is collected any more.
    const again = await startDemo(['--start', '15:42', '--rate', '1'], folder, { PINNED: ',' });
    const visitor = await Visitor.enter(again.url);
    const after = await Watcher.open(await visitor.socket(), before.chain);
    const [first] = after.tables;
    expect(first).toEqual({ ...lastTable, seq: first?.seq });
    expect(first?.seq).toBeGreaterThanOrEqual(lastTable.seq);
    expect(after.statuses.at(-1)?.state).toBe('closed');
  });
});
