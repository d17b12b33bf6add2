import type { Table } from '../../../server/domain/delta-table.js';
import { slotOf } from '../../../server/domain/slot.js';
import { Backfill } from '../../../server/snapshot/backfill.js';
import { DayExport } from '../../../server/snapshot/days/day-export.js';
import { DAY, slotAtTime } from '../../support/house.js';
import { marketQuote } from '../../support/market.js';
import {
  CRUDE,
  crudeCandles,
  crudeKey,
  crudeQuotes,
  FUTURE,
  openMcxHouse,
  type McxHouse,
} from '../../support/mcx.js';

let house: McxHouse;
afterEach(() => house.close());

const MINUTES = Array.from({ length: 60 }, (_, minute) => minute);

async function rebuilt(): Promise<Table> {
  const backfill = house.get(Backfill);
  const deadline = performance.now() + 30_000;
  while (backfill.isRunning(CRUDE)) {
    if (performance.now() > deadline) throw new Error('the back-fill does not end');
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await house.chains.latest(CRUDE))!;
}

describe('a chain of MCX', () => {
  it('should take its spot from the future and its legs from quotes', async () => {
    house = await openMcxHouse();
    await house.tick();
    const market = marketQuote(CRUDE, slotAtTime('10:00'));
    const table = (await house.chains.latest(CRUDE))!;
    expect(house.asked).toHaveLength(1);
    expect(house.asked[0]).toHaveLength(13);
    expect(house.broker.calls()).toBe(0);
    expect(table).toMatchObject({ spot: market.spot, underlying: { symbol: 'CRUDEOIL', lotSize: 100 } });
    // The market's spot is 24,000 + 120 + 45 minutes × 7 mod 90.
    expect(table.atmStrike).toBe(24_150);
    expect(table.rows.map(({ strike, call, put }) => [strike, call?.oi, put?.oi])).toEqual(
      market.strikes.map(({ strike, call, put }) => [strike, call?.oi, put?.oi]),
    );
    expect(table.rows[2]!.call).toMatchObject({
      instrumentKey: crudeKey(2, 0),
      ltp: market.strikes[2]!.call!.ltp,
      prevOi: market.strikes[2]!.call!.prevOi,
    });
  });

  it('should be captured in its own hours, when NSE has closed', async () => {
    house = await openMcxHouse({ at: '09:01' });
    await house.tick();
    await house.tick('23:29');
    await house.tick('23:30');
    expect(house.published.map(({ table }) => table.slot)).toEqual([
      slotAtTime('09:01'),
      slotAtTime('23:29'),
    ]);
  });

  it('should be asked for in two calls where it has more than 500 keys', async () => {
    house = await openMcxHouse({ strikes: 260 });
    await house.tick();
    expect(house.asked.map(({ length }) => length)).toEqual([500, 21]);
    expect(new Set(house.asked.flat()).size).toBe(521);
    const table = (await house.chains.latest(CRUDE))!;
    expect(table.rows).toHaveLength(260);
    expect(table.rows.at(-1)!.put!.oi).toBe(
      marketQuote(CRUDE, slotAtTime('10:00'), 260).strikes[259]!.put!.oi,
    );
  });

  it('should show a contract without a quote as unknown, never as 0', async () => {
    house = await openMcxHouse();
    house.broker.onQuotes = (keys) => {
      const quotes = crudeQuotes(keys, slotOf(house.clock.now()));
      quotes.delete(crudeKey(1, 0));
      return quotes;
    };
    await house.tick();
    house.broker.onQuotes = (keys) => crudeQuotes(keys, slotOf(house.clock.now()));
    await house.tick('10:03');
    const [then, now] = house.published.map(({ table }) => table);
    expect(then!.rows[1]!.call?.oi ?? null).toBeNull();
    expect(then!.rows[1]!.put!.oi).not.toBeNull();
    // Without a base there is no change, and what is known is not held against 0.
    expect(now!.rows[1]!.call!.oi).toBeGreaterThan(0);
    expect(now!.rows[1]!.call!.changes[0]).toBeNull();
    expect(now!.rows[1]!.put!.changes[0]).not.toBeNull();
  });

  it('should have no spot and no ATM while the future has no quote', async () => {
    house = await openMcxHouse();
    house.broker.onQuotes = (keys) => {
      const quotes = crudeQuotes(keys, slotOf(house.clock.now()));
      quotes.delete(FUTURE);
      return quotes;
    };
    await house.tick();
    expect(await house.chains.latest(CRUDE)).toMatchObject({ spot: null, atmStrike: null });
  });

  it("should be paid for from the budget of quotes, not of the option chain's", async () => {
    house = await openMcxHouse();
    const apis: string[] = [];
    house.broker.onBudget = (_token, api) => {
      apis.push(api);
      return api === 'quotes' ? 5 : 0;
    };
    await house.tick();
    expect(new Set(apis)).toEqual(new Set(['quotes']));
    expect(house.metrics.captures.captured).toBe(1);
    house.broker.onBudget = (_token, api) => (api === 'quotes' ? 0 : 1_000);
    await house.tick('10:01');
    expect(house.metrics.captures.captured).toBe(1);
    expect(house.asked).toHaveLength(1);
  });

  it('should be rebuilt from the candles of its legs and of its future', async () => {
    house = await openMcxHouse();
    house.broker.onCandles = (key) => crudeCandles(key, MINUTES);
    await house.tick();
    const table = await rebuilt();
    expect(house.broker.candleCalls).toHaveLength(13);
    expect(house.broker.candleCalls).toContain(FUTURE);
    expect(house.metrics.backfilledSlots).toBe(35);
    const [now, then] = ['10:00', '09:57'].map((time) => marketQuote(CRUDE, slotAtTime(time)));
    expect(table.rows[2]!.call!.changes[0]).toMatchObject({
      abs: now!.strikes[2]!.call!.oi! - then!.strikes[2]!.call!.oi!,
      baseSlot: slotAtTime('09:57'),
      backfilled: true,
    });
    expect(await house.chains.at(CRUDE, slotAtTime('09:57'))).toMatchObject({
      source: 'backfill',
      spot: then!.spot,
    });
    expect(house.lines.filter((line) => line.includes('back-fill') && line.includes('refuse'))).toEqual([]);
  });

  it('should be rebuilt without a spot where the broker refuses the future', async () => {
    house = await openMcxHouse();
    house.broker.onCandles = (key) => crudeCandles(key === FUTURE ? CRUDE.underlying : key, MINUTES);
    await house.tick();
    const table = await rebuilt();
    expect(house.metrics.backfilledSlots).toBe(35);
    expect(table.rows[2]!.call!.changes[0]).toMatchObject({ baseSlot: slotAtTime('09:57') });
    expect(await house.chains.at(CRUDE, slotAtTime('09:57'))).toMatchObject({ spot: null, atmStrike: null });
  });

  it('should be exported under its symbol', async () => {
    house = await openMcxHouse();
    await house.run(2);
    const report = { rows: 0, snapshots: 0, backfilledLeftOut: 0 };
    const lines: string[] = [];
    for await (const line of house.get(DayExport).lines('CRUDEOIL', DAY, report)) lines.push(line);
    expect(report).toMatchObject({ rows: 12, snapshots: 2 });
    const { spot, strikes } = marketQuote(CRUDE, slotAtTime('10:00'));
    const cells = [strikes[0]!.call, strikes[0]!.put].flatMap((leg) => [leg!.oi, leg!.ltp, leg!.volume]);
    expect(lines[1]!.split(',').slice(1)).toEqual(
      ['CRUDEOIL', spot, CRUDE.expiry, 24_000, ...cells].map((cell) => String(cell ?? '')),
    );
  });
});
