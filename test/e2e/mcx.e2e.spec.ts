import { jest } from '@jest/globals';
import { join } from 'node:path';
import { istAt, istDate } from '../../server/domain/slot.js';
import type { Table } from '../../server/protocol/index.js';
import { generatedMarket } from '../../server/simulator/index.js';
import { cleanUp, runCli, settings, startDemo, type House } from '../support/harness.js';
import {
  allWindowsFilled,
  inconsistencies,
  liveTables,
  nearestChain,
  slotsOverHttp,
} from '../support/harness-chains.js';
import { closeSockets, Visitor } from '../support/harness-client.js';
import { Watcher } from '../support/harness-watch.js';
import { MINUTE, readDay } from '../support/truth/index.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

/** The cells of a table that come from the broker as they are. */
const cellsOf = (table: Table): unknown[] => [
  table.spot,
  ...table.rows.flatMap(({ strike, call, put }) =>
    [call, put].map((leg) => [strike, leg?.oi, leg?.prevOi, leg?.ltp, leg?.volume]),
  ),
];

describe('crude oil in the demo', () => {
  let house: House;
  let visitor: Visitor;
  let watcher: Watcher;

  beforeAll(async () => {
    house = await startDemo();
    visitor = await Visitor.enter(house.url);
    watcher = await Watcher.open(await visitor.socket(), await nearestChain(visitor, 'CRUDEOIL'));
  });

  afterAll(async () => {
    closeSockets();
    await cleanUp();
  });

  /** The demo's market once more, as it stood at a moment: spot is the future that the options hang on. */
  const marketAt = (table: Table, at: number): unknown[] => {
    const market = generatedMarket({ seed: 1, date: istDate(table.slot) });
    const keys = table.rows.flatMap(({ call, put }) => [call?.instrumentKey, put?.instrumentKey]);
    const option = market.instruments().find((row) => row.instrument_key === keys[0]);
    const leg = (strike: number, key: string | null | undefined): unknown[] => {
      const quote = market.quote(key ?? '', at);
      return [strike, quote?.oi, quote?.previousOi, quote?.lastPrice, quote?.volume];
    };
    return [
      market.quote(String(option?.underlying_key), at)?.lastPrice,
      ...table.rows.flatMap(({ strike, call, put }) =>
        [call, put].map((cell) => leg(strike, cell?.instrumentKey)),
      ),
    ];
  };

  it('should show a first table with its spot and ATM', async () => {
    const table = await watcher.when('a first table', ({ rows }) => rows.length > 0);
    expect(watcher.chain.underlying).toBe('MCX_COM|294');
    expect(table).toMatchObject({ underlying: { symbol: 'CRUDEOIL', lotSize: 100 } });
    const nearest = table.rows
      .map(({ strike }) => strike)
      .sort((a, b) => Math.abs(a - table.spot!) - Math.abs(b - table.spot!))[0];
    expect(table.atmStrike).toBe(nearest);
  });

  it('should fill all five windows within two minutes, the past from candles', async () => {
    const table = await watcher.when('values in all windows around ATM', allWindowsFilled, 120_000);
    const marks = table.rows.flatMap(({ call, put }) => [...(call?.changes ?? []), ...(put?.changes ?? [])]);
    expect(marks.some((change) => change?.backfilled)).toBe(true);
    // Not by waiting for half an hour of the market: it was rebuilt.
    expect(liveTables(watcher).length).toBeLessThan(35);
  });

  it('should show what the market says, cell by cell', async () => {
    await watcher.slots(liveTables(watcher).length + 3, 60_000);
    const shown = liveTables(watcher);
    const off = shown.filter((table) => {
      const cells = JSON.stringify(cellsOf(table));
      // An answer that came after its minute had ended tells of the minute in which it was asked for.
      return ![0, MINUTE].some((late) => JSON.stringify(marketAt(table, table.slot - late)) === cells);
    });
    expect(off.map(({ slot }) => slot)).toEqual([]);
    expect(new Set(shown.map(({ totals }) => totals.callOi)).size).toBeGreaterThan(2);
  });

  it('should show windows that follow from its slots by the rules', async () => {
    const newest = watcher.table!.slot;
    const stored = await slotsOverHttp(visitor, watcher.chain, istAt(istDate(newest), '09:00'), newest);
    expect(stored.some(({ source }) => source === 'backfill')).toBe(true);
    expect(stored.every(({ spot }) => spot !== null)).toBe(true);
    const shown = watcher.tables.filter(({ slot }) => slot <= newest);
    expect(inconsistencies(stored, shown).slice(0, 20)).toEqual([]);
    expect(watcher.gaps).toBe(0);
  });

  it('should export its day', async () => {
    const shown = liveTables(watcher);
    const date = istDate(shown[0]!.slot);
    expect(await house.program.stop()).toBe(0);
    const out = join(house.folder, 'crude.csv.gz');
    const which = ['--underlying', 'CRUDEOIL', '--date', date, '--out', out];
    expect(await runCli(['days', 'export', ...which], settings(house.folder))).toMatchObject({ code: 0 });
    const chain = readDay(out).find(({ expiry }) => expiry === watcher.chain.expiry);
    const exported = new Map(chain!.answers.map((answer) => [answer.at - (answer.at % MINUTE), answer]));
    for (const table of shown.filter(({ slot }) => istDate(slot) === date)) {
      const answer = exported.get(table.slot);
      expect(answer?.spot).toBe(table.spot);
      const legs = table.rows.map(({ strike, call, put }) => [strike, call?.oi, put?.oi]);
      const cells = [...(answer?.strikes ?? [])].map(([strike, { call, put }]) => [
        strike,
        call?.oi,
        put?.oi,
      ]);
      expect(cells).toEqual(legs);
    }
  });
});
