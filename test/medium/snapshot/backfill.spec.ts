import type { BrokerCandle } from '../../../server/upstox/broker.js';
import type { Table } from '../../../server/domain/delta-table.js';
import { Backfill } from '../../../server/snapshot/backfill.js';
import { openGate } from '../../support/gate.js';
import { FIRST_KEY, NIFTY, openHouse, slotAtTime, type House } from '../../support/house.js';
import { marketCandles, marketQuote } from '../../support/market.js';
import { brokerError } from '../../support/scripted-broker.js';

let house: House;
afterEach(() => house.close());

const minutes = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Candles of the market for these minutes of the session. */
const candlesOf =
  (of: readonly number[]) =>
  (key: string): BrokerCandle[] => {
    if (key === NIFTY.underlying) return marketCandles(NIFTY, 'spot', of);
    const leg = Number(key.split('|')[1]) - FIRST_KEY;
    return marketCandles(NIFTY, { row: Math.floor(leg / 2), side: leg % 2 }, of);
  };

/** Lets captures and back-fills under way end, without stopping the collector. */
async function settled(): Promise<Table> {
  const backfill = house.get(Backfill);
  const deadline = performance.now() + 30_000;
  while (backfill.isRunning(NIFTY)) {
    if (performance.now() > deadline) throw new Error('the back-fill does not end');
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await house.chains.latest(NIFTY))!;
}

const sources = (): Record<string, number> => {
  const history = house.chains.stateInMemory(NIFTY)!.history;
  const counts: Record<string, number> = {};
  for (const slot of history.slots()) {
    const { source } = history.at(slot)!;
    counts[source] = (counts[source] ?? 0) + 1;
  }
  return counts;
};

it('should rebuild the last 35 minutes when a chain is first seen in mid-session', async () => {
  house = await openHouse();
  house.broker.onCandles = candlesOf(minutes(0, 45));
  await house.tick();
  const table = await settled();
  expect(sources()).toEqual({ live: 1, backfill: 35 });
  expect(house.chains.stateInMemory(NIFTY)!.history.firstSlot).toBe(slotAtTime('09:25'));
  expect(house.metrics.backfilledSlots).toBe(35);
  // Two publications: the capture, and the same slot with its history.
  expect(house.published.map(({ table: { seq, slot } }) => [seq, slot])).toEqual([
    [1, slotAtTime('10:00')],
    [2, slotAtTime('10:00')],
  ]);
  const [now, then] = ['10:00', '09:57'].map(
    (time) => marketQuote(NIFTY, slotAtTime(time)).strikes[2]!.call!.oi!,
  );
  expect(table.rows[2]!.call!.changes[0]).toMatchObject({
    abs: now! - then!,
    baseSlot: slotAtTime('09:57'),
    backfilled: true,
  });
  const known = table.rows.flatMap((row) => [row.call!, row.put!]).filter((leg) => leg.oi !== null);
  for (const leg of known)
    expect(leg.changes.map((change) => change?.backfilled)).toEqual(Array(5).fill(true));
});

it('should carry the OI of the last minute with a trade forward, and nothing from before the session', async () => {
  house = await openHouse();
  const yesterday = { time: slotAtTime('09:15') - 60_000, close: 1, volume: 1, oi: 999_999 };
  house.broker.onCandles = (key) => [yesterday, ...candlesOf([12, 20, 33])(key)];
  await house.tick();
  await settled();
  const history = house.chains.stateInMemory(NIFTY)!.history;
  // The first trade was at 09:27: what was before is not known.
  expect(history.firstSlot).toBe(slotAtTime('09:27'));
  const oi = (time: string): number => {
    const snapshot = history.at(slotAtTime(time))!;
    return snapshot.oi[history.legIndex(snapshot, 24_100, 'call')]!;
  };
  const traded = (minute: number): number => marketCandles(NIFTY, { row: 2, side: 0 }, [minute])[0]!.oi;
  expect([oi('09:34'), oi('09:35'), oi('09:47'), oi('09:48'), oi('09:59')]).toEqual([
    ...[traded(12), traded(20), traded(20), traded(33), traded(33)],
  ]);
});

it('should come to the same whatever the order in which the answers come', async () => {
  const tables: Table[] = [];
  for (const reversed of [false, true]) {
    house = await openHouse();
    const answer = candlesOf(minutes(0, 45));
    const waiting: (() => void)[] = [];
    house.broker.onCandles = async (key) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        // Six calls at once: the last to be asked is the first to be answered.
        if (!reversed || waiting.length >= 6 || house.broker.candleCalls.length >= 13)
          for (const go of waiting.splice(0).reverse()) go();
      });
      return answer(key);
    };
    await house.tick();
    tables.push(await settled());
    if (!reversed) await house.close();
  }
  expect(tables[1]).toEqual(tables[0]);
});

it('should rebuild neither captured nor refused slots', async () => {
  house = await openHouse();
  house.broker.onCandles = candlesOf(minutes(0, 60));
  await house.tick();
  await settled();
  const script = house.broker.onChain;
  house.broker.onChain = ({ chain }) => marketQuote(chain, slotAtTime('09:20'));
  await house.tick('10:01');
  house.broker.onChain = script;
  await house.tick('10:03');
  await settled();
  const history = house.chains.stateInMemory(NIFTY)!.history;
  expect(
    ['10:00', '10:01', '10:02', '10:03'].map((time) => history.at(slotAtTime(time))?.source ?? null),
  ).toEqual([...['live', null, 'backfill', 'live']]);
  expect(house.status.current(NIFTY).quality).toMatchObject({ captured: 2, refused: 1, backfilled: 36 });
});

it('should leave a slot alone that was captured while the candles came', async () => {
  house = await openHouse();
  const gate = openGate();
  const answer = candlesOf(minutes(0, 60));
  house.broker.onCandles = async (key) => {
    await gate.passed();
    return answer(key);
  };
  await house.tick();
  await gate.reached;
  await house.tick('10:01');
  expect(house.status.current(NIFTY).state).toBe('back-filling');
  gate.open();
  await settled();
  expect(sources()).toEqual({ live: 2, backfill: 34 + 1 });
  expect(house.status.current(NIFTY).state).toBe('live');
  expect(house.published.map(({ table }) => table.seq)).toEqual([1, 2, 3]);
});

it('should not disturb captures when it fails, and be tried again after three minutes', async () => {
  house = await openHouse();
  house.broker.onCandles = () => {
    throw brokerError('unreachable');
  };
  await house.tick();
  await settled();
  const calls = house.broker.candleCalls.length;
  expect(house.lines.some((line) => line.includes('back-fill') && line.includes('failed'))).toBe(true);
  for (const time of ['10:01', '10:02']) {
    await house.tick(time);
    await settled();
  }
  expect(house.broker.candleCalls).toHaveLength(calls);
  expect(house.metrics.captures.captured).toBe(3);
  house.broker.onCandles = candlesOf(minutes(0, 60));
  await house.tick('10:03');
  await settled();
  expect(sources()).toEqual({ live: 4, backfill: 35 - 3 });
});

it('should leave a leg unknown that the broker refuses, say so once, and not ask for it again', async () => {
  house = await openHouse();
  const refused = `NSE_FO|${FIRST_KEY + 4}`;
  let until = 45;
  house.broker.onCandles = (key) => {
    if (key === refused) throw brokerError('refused');
    return candlesOf(minutes(0, until))(key);
  };
  await house.tick();
  const table = await settled();
  expect(sources()).toEqual({ live: 1, backfill: 35 });
  expect(table.rows[2]!.call!.oi).not.toBeNull();
  expect(table.rows[2]!.call!.changes).toEqual(Array(5).fill(null));
  expect(table.rows[2]!.put!.changes[0]).toMatchObject({ baseSlot: slotAtTime('09:57'), backfilled: true });
  // Minutes that were missed later are rebuilt as well.
  until = 60;
  await house.tick('10:06');
  await settled();
  expect(sources()).toEqual({ live: 2, backfill: 40 });
  expect(house.broker.candleCalls.filter((key) => key === refused)).toHaveLength(1);
  expect(house.lines.filter((line) => line.includes(refused))).toHaveLength(1);
});

it('should ask for nothing more once the broker fails, and end when the calls under way have', async () => {
  house = await openHouse();
  const gate = openGate();
  house.broker.onCandles = async (key) => {
    if (key === NIFTY.underlying) throw brokerError('unreachable');
    await gate.passed();
    return [];
  };
  await house.tick();
  await gate.reached;
  // The failure has had every chance to be noticed.
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(house.get(Backfill).isRunning(NIFTY)).toBe(true);
  gate.open();
  await settled();
  expect(house.broker.candleCalls).toHaveLength(6);
  expect(house.lines.some((line) => line.includes('back-fill') && line.includes('failed'))).toBe(true);
});

it('should take it for a failure when every key is refused, and try again after three minutes', async () => {
  house = await openHouse();
  house.broker.onCandles = () => {
    throw brokerError('refused');
  };
  await house.tick();
  await settled();
  expect(house.broker.candleCalls.length).toBeLessThan(13);
  expect(house.lines.some((line) => line.includes('back-fill') && line.includes('failed'))).toBe(true);
  house.broker.onCandles = candlesOf(minutes(0, 60));
  await house.tick('10:03');
  await settled();
  expect(sources()).toEqual({ live: 2, backfill: 34 });
});

it('should not ask while there is nothing to rebuild', async () => {
  house = await openHouse({ at: '09:15' });
  await house.run(6);
  expect(house.broker.candleCalls).toEqual([]);
});

it('should not ask again and again for minutes in which nothing had traded', async () => {
  house = await openHouse();
  await house.tick();
  await settled();
  const calls = house.broker.candleCalls.length;
  for (let i = 0; i < 12; i++) {
    await house.tick(house.clock.now() + 60_000);
    await settled();
  }
  expect(house.broker.candleCalls).toHaveLength(calls);
});

it('should be remembered as rebuilt after a restart', async () => {
  house = await openHouse();
  house.broker.onCandles = candlesOf(minutes(0, 45));
  await house.tick();
  const before = await settled();
  await house.close(true);
  house = await openHouse({ dir: house.dir, at: '10:00' });
  expect(await house.chains.latest(NIFTY)).toEqual(before);
  await house.tick('10:01');
  const table = await settled();
  expect(table.rows[2]!.call!.changes[0]).toMatchObject({ baseSlot: slotAtTime('09:58'), backfilled: true });
  expect(house.broker.candleCalls).toEqual([]);
});
