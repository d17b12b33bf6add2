import { jest } from '@jest/globals';
import { istAt, istDate } from '../../server/domain/slot.js';
import type { SessionInfo } from '../../server/protocol/index.js';
import { cleanUp, startDemo, type House } from '../support/harness.js';
import {
  allWindowsFilled,
  inconsistencies,
  liveTables,
  nearestChain,
  slotsOverHttp,
} from '../support/harness-chains.js';
import { closeSockets, request, Visitor } from '../support/harness-client.js';
import { Watcher } from '../support/harness-watch.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

describe('the demo without a file', () => {
  let house: House;
  let visitor: Visitor;
  let watcher: Watcher;

  beforeAll(async () => {
    house = await startDemo();
    visitor = await Visitor.enter(house.url);
    const chain = await nearestChain(visitor, 'NIFTY');
    watcher = await Watcher.open(await visitor.socket(), chain);
  });

  afterAll(async () => {
    closeSockets();
    await cleanUp();
  });

  it('should show a first table within ten seconds of its start', async () => {
    const table = await watcher.when('a first table', ({ rows }) => rows.length > 0, 10_000);
    expect(table).toMatchObject({ underlying: { symbol: 'NIFTY' }, intervals: [3, 5, 10, 15, 30] });
    expect(table.atmStrike).not.toBeNull();
    expect(table.totals.callOi).toBeGreaterThan(1e7);
  });

  it('should say that its market is simulated', async () => {
    const session = await visitor.get<SessionInfo>('/api/auth/session');
    expect(session).toMatchObject({ signedIn: true, method: 'demo', simulated: true });
    expect(watcher.statuses.at(-1)?.simulated).toBe(true);
  });

  it('should fill all five windows within two minutes, and mark what was rebuilt', async () => {
    const table = await watcher.when('values in all windows around ATM', allWindowsFilled, 120_000);
    const changes = table.rows.flatMap(({ call, put }) => [
      ...(call?.changes ?? []),
      ...(put?.changes ?? []),
    ]);
    const stored = await slotsOverHttp(
      visitor,
      watcher.chain,
      istAt(istDate(table.slot), '09:15'),
      table.slot,
    );
    const rebuilt = new Set(stored.filter(({ source }) => source === 'backfill').map(({ slot }) => slot));
    expect(rebuilt.size).toBeGreaterThan(0);
    for (const change of changes)
      if (change) expect(change.backfilled ?? false).toBe(rebuilt.has(change.baseSlot));
  });

  it('should go on by changes that fit each other', async () => {
    const first = liveTables(watcher).length;
    await watcher.slots(first + 5, 60_000);
    const slots = liveTables(watcher).map(({ slot }) => slot);
    const stored = await slotsOverHttp(
      visitor,
      watcher.chain,
      istAt(istDate(slots[0] ?? 0), '09:15'),
      slots.at(-1) ?? 0,
    );
    // The market goes on while the past is asked for: what was pushed since is not in it.
    const shown = watcher.tables.filter(({ slot }) => slot <= (slots.at(-1) ?? 0));
    expect(inconsistencies(stored, shown).slice(0, 20)).toEqual([]);
    expect(watcher.gaps).toBe(0);
    const moved = liveTables(watcher)
      .slice(1)
      .filter((table, i) => {
        const before = liveTables(watcher)[i];
        return table.totals.callOi !== before?.totals.callOi;
      });
    expect(moved.length).toBeGreaterThan(2);
  });

  it('should hold nothing against its own fast clock', () => {
    expect(house.program.output).not.toMatch(/the broker's\. Set the clock|not known: it is not stored/);
  });

  it('should serve the screens', async () => {
    const page = await request<string>(house.url, '/');
    expect(page.status).toBe(200);
    expect(page.body).toContain('<!doctype html>');
  });

  it('should end cleanly when it is told to', async () => {
    expect(await house.program.stop()).toBe(0);
  });
});
