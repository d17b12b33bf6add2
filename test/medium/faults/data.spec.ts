import { gzipSync } from 'node:zlib';
import { chainRows, NIFTY_INDEX, streamOf } from '../../unit/instruments/master-rows.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import type { Leg, QualityReport, Table } from '../../../server/protocol/index.js';
import type { StrikeAnswer } from '../../../server/simulator/index.js';
import {
  at,
  DAY,
  NIFTY,
  openFaultyHouse,
  until,
  withCell,
  type FaultyHouse,
} from '../../support/faulty-house.js';
import { metric, Visitor } from '../../support/harness-client.js';
import { STRIKES } from '../../support/market.js';
import { closeSockets } from '../../support/sockets.js';

/** A broker that answers, and answers wrong: no number may be invented out of it. */

let house: FaultyHouse;
const enter = async (options: Parameters<typeof openFaultyHouse>[0] = {}): Promise<void> => {
  house = await openFaultyHouse(options);
};
afterEach(async () => {
  closeSockets();
  await house.close();
});

const legs = (table: Table): Leg[] =>
  table.rows.flatMap(({ call, put }) => [call, put].filter((leg) => leg !== null));
const shownTable = async (): Promise<Table> => {
  const screen = await house.screen();
  if (!screen.table) throw new Error('the screen has no table');
  expect(screen.table).toEqual(await house.chains.latest(NIFTY));
  return screen.table;
};
/** The report of the day, of the one chain that is collected. */
const qualityOfDay = async (): Promise<QualityReport['chains']> => {
  const cookie = await house.signIn();
  const answer = await fetch(`${house.base}/api/quality?date=${DAY}`, { headers: { cookie } });
  return ((await answer.json()) as QualityReport).chains;
};
/** A change of −100 % or more in a window or over the day: what missing data would look like if they were taken for 0. */
const wiped = (table: Table): Leg[] =>
  legs(table).filter((leg) =>
    [...leg.changes, leg.dayChange].some((change) => change !== null && (change.pct ?? 0) <= -99),
  );

describe('F08 a fifth of the instruments missing', () => {
  it('should be unknown and blank, never −100 %, and come back with the gap named', async () => {
    await enter();
    await house.minutes(5);
    house.faults.inject('option-chain', { type: 'partial-chain', percent: 20 }, 1);
    await house.at('09:20');
    const table = await shownTable();
    const missing = table.rows.filter(({ call, put }) => call?.oi == null && put?.oi == null);
    expect(missing).toHaveLength(1);
    for (const leg of legs({ ...table, rows: missing })) {
      expect(leg.changes).toEqual([null, null, null, null, null]);
      expect(leg.reasons[0]).toBe('oi-unknown');
      expect(leg.dayChange).toBeNull();
    }
    expect(wiped(table)).toEqual([]);
    expect(table.totals.unknownLegs).toBeGreaterThanOrEqual(2);
    expect(house.logged('log', 'slot=09:20', 'outcome=captured', 'unknown=2')).toHaveLength(1);
    expect((await house.screen()).status.quality?.unknownLegs).toBeGreaterThanOrEqual(2);
    for (let i = 1; i <= 3; i++) await house.at(`09:2${i}`);
    const later = await shownTable();
    const back = later.rows.find(({ strike }) => strike === missing[0]!.strike)!;
    expect(back.call?.oi).not.toBeNull();
    // Three minutes back lies the hole: the base is the minute before it, within the tolerance, or there is none.
    expect([at('09:19'), undefined]).toContain(back.call?.changes[0]?.baseSlot);
    expect(wiped(later)).toEqual([]);
  });
});

describe('F09 numbers that are none', () => {
  const bad: [string, unknown][] = [
    ['negative', -65],
    ['infinite in size', 1e308],
    ['a string', '52000'],
    ['a list', [1]],
    ['NaN as text', 'NaN'],
    ['not whole', 6_500.5],
  ];

  /** Refused cells, as a monitor reads them. */
  const refusedCells = async (): Promise<number> =>
    metric(new Visitor(house.base, await house.signIn()), 'oi_refused_cells_total');

  it.each(bad)('should be unknown for its leg alone, and counted: OI %s', async (_name, value) => {
    await enter();
    await house.minutes(4);
    expect(await refusedCells()).toBe(0);
    house.market.spoil = (rows) => withCell(rows, { row: 2, side: 'call', field: 'oi' }, value);
    await house.at('09:19');
    const table = await shownTable();
    const row = table.rows[2]!;
    expect(row.call?.oi).toBeNull();
    expect(row.call?.changes).toEqual([null, null, null, null, null]);
    expect(row.put?.oi).not.toBeNull();
    const known = table.rows.reduce((sum, { call }) => sum + (call?.oi ?? 0), 0);
    expect(table.totals.callOi).toBe(known);
    expect(table.totals.unknownLegs).toBeGreaterThanOrEqual(1);
    expect(await house.stored()).toContain('09:19');
    expect(house.logged('log', 'slot=09:19', 'outcome=captured').join()).toMatch(/unknown=[12]/);
    expect(await refusedCells()).toBe(1);
    expect(wiped(table)).toEqual([]);
  });

  // An adjusted contract, or a lot that has changed, is no reason to doubt the broker: OI is what it answered, in units.
  it('should keep OI that is no multiple of the lot as it was answered, and count with it', async () => {
    await enter();
    await house.minutes(4);
    const odd = 52_001;
    house.market.spoil = (rows) => withCell(rows, { row: 2, side: 'call', field: 'oi' }, odd);
    await house.at('09:19');
    const table = await shownTable();
    expect(odd % table.underlying.lotSize!).not.toBe(0);
    const leg = table.rows[2]!.call!;
    const before = (await house.chains.at(NIFTY, at('09:16')))!.rows[2]!.call!;
    expect(leg.oi).toBe(odd);
    expect(leg.changes[0]).toMatchObject({ abs: odd - before.oi!, baseSlot: at('09:16') });
    expect(leg.dayChange?.abs).toBe(odd - leg.prevOi!);
    expect(table.totals.callOi).toBe(table.rows.reduce((sum, { call }) => sum + call!.oi!, 0));
    expect(table.totals.unknownLegs).toBe(0);
    expect(house.logged('log', 'slot=09:19', 'outcome=captured', 'unknown=0')).toHaveLength(1);
  });

  it('should refuse an answer whose volume ran backwards, whatever else it says', async () => {
    await enter();
    await house.minutes(3);
    house.market.spoil = (rows) =>
      rows.reduce((all, _row, row) => withCell(all, { row, side: 'call', field: 'volume' }, 1), rows);
    await house.at('09:18');
    expect(await house.refusals()).toEqual(['09:18 stale-volume']);
    expect(house.logged('warn', 'slot=09:18', 'outcome=refused')).toHaveLength(1);
    expect((await shownTable()).slot).toBe(at('09:17'));
  });

  it('should leave the spot and the ATM blank, not at 0, where the spot is none', async () => {
    await enter();
    house.market.spoil = (rows) => rows.map((row) => ({ ...row, underlying_spot_price: -1 }));
    await house.at('09:16');
    const table = await shownTable();
    expect([table.spot, table.atmStrike, table.totals.straddle]).toEqual([null, null, null]);
    expect(table.rows).toHaveLength(STRIKES);
  });
});

describe('F09 zeros that are none', () => {
  /** A call, third row: it never has an OI of 0 in this market. */
  const ROW = 2;
  const KEY = `NSE_FO|${50_000 + 2 * ROW}`;

  it('should blank a leg whose OI fell to 0 without a trade, count it, and measure nothing from it', async () => {
    await enter();
    await house.minutes(5);
    const screen = await house.screen();
    const told = screen.frames.length;
    // Its volume stays as it was a minute before: nothing was traded, so nothing was closed.
    const held = screen.table!.rows[ROW]!.call!.volume!;
    house.market.spoil = (rows, _chain, t) =>
      t < at('09:20') || t >= at('09:21')
        ? rows
        : withCell(rows, { row: ROW, side: 'call', field: 'volume' }, held);
    house.faults.inject('option-chain', { type: 'phantom-zero', keys: [KEY] }, 1);
    await house.at('09:20');
    await until('the change', () => screen.frames.length > told);
    const leg = screen.table!.rows[ROW]!.call!;
    expect(leg.instrumentKey).toBe(KEY);
    expect([screen.table!.slot, leg.oi, leg.dayChange]).toEqual([at('09:20'), null, null]);
    expect(leg.changes).toEqual([null, null, null, null, null]);
    expect(leg.reasons[0]).toBe('oi-unknown');
    expect(wiped(screen.table!)).toEqual([]);
    const known = screen.table!.rows.reduce((sum, { call }) => sum + (call?.oi ?? 0), 0);
    expect(screen.table!.totals).toMatchObject({ callOi: known, unknownLegs: 1 });
    expect(house.logged('log', 'slot=09:20', 'outcome=captured', 'unknown=1')).toHaveLength(1);
    expect(house.metrics.phantomLegs).toBe(1);
    expect(await house.refusals()).toEqual([]);
    expect((await screen.look()).quality).toMatchObject({ refused: 0, unknownLegs: expect.any(Number) });
    expect(screen.status.quality!.unknownLegs).toBeGreaterThanOrEqual(1);
    const [report] = await qualityOfDay();
    expect(report).toMatchObject({
      refused: 0,
      refusals: [],
      unknownLegs: screen.status.quality!.unknownLegs,
    });
    // As it was stored, so after a restart: unknown, not 0.
    expect((await house.chains.at(NIFTY, at('09:20')))!.rows[ROW]!.call!.oi).toBeNull();
    // A minute later it is back; no window takes the unknown minute for its base.
    for (let i = 1; i <= 4; i++) await house.at(`09:2${i}`);
    const later = await shownTable();
    expect(later.rows[ROW]!.call!.oi).toBeGreaterThan(0);
    for (const change of later.rows[ROW]!.call!.changes)
      if (change) expect(change.baseSlot).not.toBe(at('09:20'));
    expect(wiped(later)).toEqual([]);
  });

  it('should believe a 0 after trades', async () => {
    await enter();
    await house.minutes(5);
    house.faults.inject('option-chain', { type: 'phantom-zero', keys: [KEY] }, 1);
    await house.at('09:20');
    const leg = (await shownTable()).rows[ROW]!.call!;
    expect(leg.oi).toBe(0);
    expect(leg.changes[0]).toMatchObject({ pct: -100 });
  });

  it('should refuse answers in which every OI is 0, keep the table, and believe the fourth', async () => {
    await enter();
    await house.minutes(4);
    const screen = await house.screen();
    const shown = screen.table;
    house.faults.inject('option-chain', { type: 'all-zero' }, 4);
    for (const minute of ['09:19', '09:20', '09:21']) {
      await house.at(minute);
      expect(house.logged('warn', `slot=${minute}`, 'outcome=refused')).toHaveLength(1);
    }
    expect(await house.refusals()).toEqual(['09:19 all-zero', '09:20 all-zero', '09:21 all-zero']);
    await screen.look();
    expect(screen.table).toEqual(shown);
    expect(screen.status).toMatchObject({ state: 'stale', quality: { refused: 3 } });
    expect((await qualityOfDay())[0]).toMatchObject({ refused: 3 });
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17', '09:18']);
    // Three in a row may be a fault; the fourth is what the market says.
    await house.at('09:22');
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17', '09:18', '09:22']);
    const believed = await shownTable();
    expect(believed.slot).toBe(at('09:22'));
    expect(believed.totals).toMatchObject({ callOi: 0, putOi: 0, pcr: null });
    expect(await house.refusals()).toHaveLength(3);
    // And from there on as ever.
    await house.at('09:23');
    expect((await shownTable()).totals.callOi).toBeGreaterThan(0);
  });
});

describe('F10 a break in what is compared', () => {
  it('should say "new" for OI that grew from 0 at the open, with no percentage', async () => {
    await enter();
    house.market.spoil = (rows, _chain, t) => {
      const atOpen = t < at('09:16');
      const quiet = withCell(rows, { row: 1, side: 'put', field: 'oi' }, atOpen ? 0 : 650);
      return withCell(quiet, { row: 1, side: 'put', field: 'volume' }, atOpen ? 0 : 650);
    };
    await house.minutes(5);
    // A 0 that was never anything else is an OI like any other.
    expect(house.logged('log', 'slot=09:15', 'unknown=0', 'outcome=captured')).toHaveLength(1);
    expect(house.metrics.phantomLegs).toBe(0);
    const leg = (await shownTable()).rows[1]!.put!;
    expect(leg.changes[0]).toMatchObject({ abs: 0 });
    house.clock.set(at('09:18'));
    const early = await house.chains.at(NIFTY, at('09:18'));
    expect(early?.rows[1]?.put?.changes[0]).toMatchObject({ abs: 650, pct: null, baseSlot: at('09:15') });
  });

  it('should show no change for a strike that was not listed then, and say so', async () => {
    await enter();
    const isNew = (row: StrikeAnswer, t: number): boolean => row.strike_price === 24_250 && t < at('09:18');
    house.market.spoil = (rows, _chain, t) => rows.filter((row) => !isNew(row, t));
    await house.minutes(6);
    const row = (await shownTable()).rows.find(({ strike }) => strike === 24_250)!;
    expect(row.call?.oi).toBeGreaterThan(0);
    // The log tells of the legs that came.
    expect(house.logged('log', 'slot=09:17', 'legs=10', 'outcome=captured')).toHaveLength(1);
    expect(house.logged('log', 'slot=09:18', 'legs=12', 'outcome=captured')).toHaveLength(1);
    // Its place in the master is older than its first answer: it has a reason, never a number.
    expect(row.call?.changes[1]).toBeNull();
    expect(row.call?.reasons[1]).toMatch(/not-listed|base-unknown|no-history/);
    expect(wiped(await shownTable())).toEqual([]);
  });

  it('should compare units, not lots, over a change of the lot size, and give screens the whole table again', async () => {
    await enter();
    await house.minutes(4);
    const screen = await house.screen();
    const rows = [NIFTY_INDEX, ...chainRows(NIFTY.expiry, STRIKES, 50_000, { lot_size: 75 })];
    await house.get(InstrumentsService).importFrom(streamOf(gzipSync(JSON.stringify(rows))), {
      source: 'test',
      asOf: house.clock.now(),
      force: true,
    });
    await house.at('09:19');
    await until('the frame that asks for the whole table', () => screen.asked === 1);
    await screen.look();
    expect(screen.table?.underlying.lotSize).toBe(75);
    expect(house.logged('log', 'slot=09:19', 'legs=12', 'outcome=captured')).toHaveLength(1);
    expect(house.logged('outcome=refused')).toEqual([]);
    expect(await house.untruths()).toEqual([]);
    expect(wiped(await shownTable())).toEqual([]);
  });
});

describe('F11 an older answer after a newer one', () => {
  it('should be refused for its slot, three in a row at most, and never move a figure back', async () => {
    await enter();
    await house.minutes(6);
    const before = await shownTable();
    house.faults.inject('option-chain', { type: 'stale', minutes: 3 }, 2);
    await house.at('09:21');
    await house.at('09:22');
    expect(await house.refusals()).toEqual(['09:21 stale-volume', '09:22 stale-volume']);
    for (const slot of ['09:21', '09:22'])
      expect(house.logged('warn', `slot=${slot}`, 'outcome=refused', 'volume')).toHaveLength(1);
    expect(await shownTable()).toEqual(before);
    expect((await house.screen()).status.quality).toMatchObject({ refused: 2 });
    await house.at('09:23');
    expect(await house.stored()).toContain('09:23');
    expect(await house.untruths()).toEqual([]);
  });

  it('should store a duplicate once', async () => {
    await enter();
    await house.minutes(2);
    const table = await shownTable();
    const quoteAgain = await Promise.all([1, 2, 3].map(() => house.collector.request(NIFTY)));
    expect(quoteAgain).toHaveLength(3);
    await house.live(5);
    expect(house.logged('slot=09:16', 'outcome=captured')).toHaveLength(1);
    expect(await house.stored()).toEqual(['09:15', '09:16']);
    expect(await shownTable()).toEqual(table);
  });
});
