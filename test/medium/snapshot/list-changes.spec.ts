import { istAt } from '../../../server/domain/slot.js';
import type { Table } from '../../../server/domain/delta-table.js';
import { InstrumentsService, lotAt } from '../../../server/instruments/instruments.service.js';
import { DAY_MS } from '../../../server/domain/units.js';
import { Backfill } from '../../../server/snapshot/backfill.js';
import { at, FIRST_KEY, NIFTY, NIFTY_NEXT, openHouse, slotAtTime, type House } from '../../support/house.js';
import { marketCandles, marketQuote, STRIKES } from '../../support/market.js';
import {
  chainRows,
  masterFile,
  NIFTY_INDEX,
  streamOf,
  type Row,
} from '../../unit/instruments/master-rows.js';

let house: House;
afterEach(() => house.close());

const NEXT_DAY = '2026-08-19';
const WATCHED = NIFTY_NEXT;
const WATCHED_KEY = FIRST_KEY + 1_000;

/** Imports the list of the house with the watched chain as given. */
async function importList(asOf: number, chain: Row[]): Promise<void> {
  const rows = [NIFTY_INDEX, ...chainRows(NIFTY.expiry, STRIKES, FIRST_KEY), ...chain];
  await house.get(InstrumentsService).importFrom(streamOf(masterFile(rows)), { source: 'test', asOf });
}

const chainOf = (overrides: Row = {}, strikes = STRIKES, firstKey = WATCHED_KEY): Row[] =>
  chainRows(WATCHED.expiry, strikes, firstKey, overrides);

const keysOf = (table: Table | null): (string | null)[] =>
  table!.rows.flatMap(({ call, put }) => [call, put].map((leg) => leg?.instrumentKey ?? null));

const numbered = (first: number, legs: number): string[] =>
  Array.from({ length: legs }, (_, i) => `NSE_FO|${first + i}`);

describe('another lot size', () => {
  it('should be shown from the slot on at which it holds, and the old one before', async () => {
    house = await openHouse();
    house.registry.enter(WATCHED);
    await house.tick('10:00');
    house.clock.set(istAt(NEXT_DAY, '06:05'));
    await importList(house.clock.now(), chainOf({ lot_size: 75 }));
    await house.tick(istAt(NEXT_DAY, '10:00') + 2_000);
    const lotOf = async (time: number): Promise<number | null> =>
      (await house.chains.at(WATCHED, time))!.underlying.lotSize;
    expect((await house.chains.latest(WATCHED))!.underlying.lotSize).toBe(75);
    expect(await lotOf(istAt(NEXT_DAY, '10:00'))).toBe(75);
    expect(await lotOf(istAt(NEXT_DAY, '09:00'))).toBe(65);
    expect(await lotOf(at('10:00'))).toBe(65);
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: istAt(NEXT_DAY, '10:30') });
    expect([await lotOf(at('10:00')), await lotOf(istAt(NEXT_DAY, '10:00'))]).toEqual([65, 75]);
  });

  it('should be told apart within a day, from memory as from disk', async () => {
    house = await openHouse();
    house.registry.enter(WATCHED);
    await house.tick('10:00');
    house.clock.set(at('10:01'));
    await importList(house.clock.now(), chainOf({ lot_size: 75 }));
    await house.tick('10:02');
    const lots = async (): Promise<(number | null)[]> => {
      const tables = ['10:00', '10:02'].map((time) => house.chains.at(WATCHED, at(time)));
      return (await Promise.all(tables)).map((table) => table!.underlying.lotSize);
    };
    expect(await lots()).toEqual([65, 75]);
    // Screens get the whole table: a change is told in lots.
    const pushed = house.published.find(
      ({ chain, table }) => chain.expiry === WATCHED.expiry && table.slot === slotAtTime('10:02'),
    );
    expect(pushed!.frame.rows).toBe(0);
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: '10:30' });
    expect(await lots()).toEqual([65, 75]);
  });

  it('should be that of the first list for slots from before it, whatever strikes come later', async () => {
    house = await openHouse({ at: '05:00', listed: false });
    await importList(at('06:00'), chainOf());
    house.clock.set(istAt(NEXT_DAY, '06:05'));
    await importList(house.clock.now(), chainOf({ lot_size: 75 }, STRIKES + 1));
    const listing = await house.chains.listing(WATCHED);
    const times = [at('09:15') - DAY_MS, at('09:15'), istAt(NEXT_DAY, '00:00') - 1, istAt(NEXT_DAY, '00:00')];
    expect(times.map((time) => lotAt(listing, time))).toEqual([65, 65, 65, 75]);
  });
});

describe('a list that is imported in mid-session', () => {
  const open = async (): Promise<void> => {
    house = await openHouse();
    house.registry.enter(WATCHED);
    house.broker.onChain = ({ chain, slot }) => marketQuote(chain, slot, STRIKES + 1);
    await house.tick('10:00');
  };

  it('should give a new strike its keys at once', async () => {
    await open();
    expect(keysOf(await house.chains.latest(WATCHED))).toEqual([
      ...numbered(WATCHED_KEY, 2 * STRIKES),
      null,
      null,
    ]);
    house.clock.set(at('10:01'));
    await importList(house.clock.now(), chainOf({}, STRIKES + 1));
    await house.tick('10:02');
    expect(keysOf(await house.chains.latest(WATCHED))).toEqual(numbered(WATCHED_KEY, 2 * STRIKES + 2));
  });

  it('should give a contract its new key from then on, and its old one before', async () => {
    await open();
    house.clock.set(at('10:01'));
    await importList(house.clock.now(), chainOf({}, STRIKES + 1, 70_000));
    await house.tick('10:02');
    const legs = 2 * STRIKES;
    expect(keysOf(await house.chains.latest(WATCHED)).slice(0, legs)).toEqual(numbered(70_000, legs));
    const before = await house.chains.at(WATCHED, at('10:00'));
    expect(keysOf(before).slice(0, legs)).toEqual(numbered(WATCHED_KEY, legs));
  });

  it('should be used by the next back-fill', async () => {
    await open();
    house.clock.set(at('10:01'));
    await importList(house.clock.now(), chainOf({}, STRIKES + 1, 70_000));
    house.broker.onCandles = (key) => {
      const leg = Number(key.split('|')[1]) - 70_000;
      const minutes = Array.from({ length: 60 }, (_, minute) => minute);
      if (key === WATCHED.underlying) return marketCandles(WATCHED, 'spot', minutes);
      return leg >= 0 ? marketCandles(WATCHED, { row: leg >> 1, side: leg & 1 }, minutes) : [];
    };
    await house.tick('10:06');
    await settled();
    const rebuilt = (await house.chains.at(WATCHED, at('10:05')))!;
    expect(rebuilt).toMatchObject({ source: 'backfill', slot: slotAtTime('10:05') });
    const expected = marketQuote(WATCHED, slotAtTime('10:05'), STRIKES + 1);
    expect(rebuilt.rows.map(({ call }) => call!.oi)).toEqual(expected.strikes.map(({ call }) => call!.oi));
  });

  it('should leave a chain alone that it no longer has', async () => {
    await open();
    house.clock.set(at('10:01'));
    await importList(house.clock.now(), []);
    await house.tick('10:02');
    expect(keysOf(await house.chains.latest(WATCHED)).slice(0, 2)).toEqual(numbered(WATCHED_KEY, 2));
  });
});

async function settled(): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (house.get(Backfill).isRunning(WATCHED)) {
    if (performance.now() > deadline) throw new Error('the back-fill does not end');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
