import { chainKey } from '../../../server/domain/contract.js';
import { istAt } from '../../../server/domain/slot.js';
import { MINUTE_MS } from '../../../server/domain/units.js';
import { Backfill } from '../../../server/snapshot/backfill.js';
import { CalendarService } from '../../../server/snapshot/calendar-service.js';
import { CALLS_A_SLOT } from '../../../server/snapshot/slot-budget.js';
import { openGate } from '../../support/gate.js';
import { until } from '../../support/harness-program.js';
import { NIFTY, NIFTY_NEXT, at, openHouse, share, slotAtTime, type House } from '../../support/house.js';

let house: House;
afterEach(() => house.close());

const slots = (): number[] => house.published.map(({ table }) => table.slot);

describe('one capture per chain and slot', () => {
  it('should ask the broker once however often it ticks, one after the other', async () => {
    house = await openHouse();
    for (let i = 0; i < 20; i++) await house.tick();
    expect(house.broker.calls(NIFTY)).toBe(1);
    expect(slots()).toEqual([slotAtTime('10:00')]);
  });

  it('should ask the broker once however many ticks are under way at once', async () => {
    house = await openHouse();
    await Promise.all(Array.from({ length: 10 }, () => house.collector.tick()));
    expect(house.broker.calls(NIFTY)).toBe(1);
  });

  it('should ask the broker once when ticks and newcomers come together', async () => {
    house = await openHouse();
    house.registry.enter(NIFTY_NEXT);
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        i % 2 ? house.collector.tick() : house.collector.request(NIFTY_NEXT),
      ),
    );
    expect(house.broker.calls(NIFTY_NEXT)).toBe(1);
  });

  it('should go on with the next slot', async () => {
    house = await openHouse();
    await house.run(5);
    expect(house.broker.calls()).toBe(5);
    expect(slots()).toEqual(['10:00', '10:01', '10:02', '10:03', '10:04'].map(slotAtTime));
    expect(house.published.map(({ table }) => table.seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it('should settle a slot that the answer was late for in the slot it came in, once', async () => {
    house = await openHouse();
    const answer = house.broker.onChain;
    house.broker.onChain = (call) => {
      house.clock.advance(MINUTE_MS);
      house.broker.onChain = answer;
      return answer(call);
    };
    await house.tick();
    await house.tick();
    expect(house.broker.calls()).toBe(1);
    expect(slots()).toEqual([slotAtTime('10:01')]);
  });
});

describe('the order of importance', () => {
  it('should capture watched chains first, then pinned ones, then those just left', async () => {
    house = await openHouse({ shares: 3 });
    house.registry.enter(share(0));
    house.registry.leave(share(0));
    house.registry.enter(share(1));
    house.registry.enter(share(2));
    house.registry.enter(share(2));
    await house.tick();
    const backfill = house.get(Backfill);
    const rebuilt = (): boolean =>
      ![share(0), share(1), share(2), NIFTY].some((one) => backfill.isRunning(one));
    await until('the end of the back-fills', rebuilt);
    // By now all are in memory and at rest, so that calls leave in the order in which captures start.
    await house.tick('10:01');
    const order = house.broker.chainCalls.slice(4).map(({ chain }) => chainKey(chain));
    expect(order).toEqual([share(2), share(1), NIFTY, share(0)].map(chainKey));
  });

  it('should stop collecting a chain half an hour after its last watcher left', async () => {
    house = await openHouse({ shares: 1 });
    house.registry.enter(share(0));
    house.registry.leave(share(0));
    await house.tick('10:30');
    expect(house.broker.calls(share(0))).toBe(1);
    await house.tick('10:31');
    expect(house.broker.calls(share(0))).toBe(1);
  });

  it('should never collect a chain whose expiry has passed', async () => {
    house = await openHouse({ at: istAt('2026-08-19', '10:00') });
    house.registry.enter(NIFTY);
    await house.tick();
    expect(house.broker.chainCalls.map(({ chain }) => chain.expiry)).toEqual([NIFTY_NEXT.expiry]);
  });

  it('should not let a chain that is no longer listed hold up the others', async () => {
    house = await openHouse();
    house.registry.enter({ underlying: 'NSE_EQ|GONE', expiry: '2026-08-25' });
    await house.tick();
    expect(house.broker.calls(NIFTY)).toBe(1);
  });
});

describe('when the market is closed', () => {
  const closed: [string, number][] = [
    ['before 09:15', at('09:14') + 59_999],
    ['from 15:40 on', at('15:40')],
    ['in the evening', at('20:00')],
    ['on a Saturday', istAt('2026-08-22', '11:00')],
    ['on a Sunday', istAt('2026-08-23', '11:00')],
    ['from 15:30 on before 3 August 2026', istAt('2026-07-31', '15:30')],
  ];
  it.each(closed)('should ask nothing %s', async (_when, now) => {
    house = await openHouse({ at: now });
    await house.tick();
    await house.collector.request(NIFTY_NEXT);
    expect(house.broker.calls()).toBe(0);
    expect(house.status.current(NIFTY_NEXT).state).toBe('closed');
  });

  const open: [string, number][] = [
    ['at 09:15 sharp', at('09:15')],
    ['in the last second before 15:40', at('15:40') - 1],
    ['in the last second before 15:30 in July 2026', istAt('2026-07-31', '15:30') - 1],
  ];
  it.each(open)('should collect %s', async (_when, now) => {
    house = await openHouse({ at: now });
    await house.tick();
    expect(house.broker.calls()).toBe(1);
  });

  it('should ask nothing on a holiday of the broker, also after a restart', async () => {
    house = await openHouse();
    house.broker.onHolidays = () => [
      {
        date: '2026-08-19',
        description: 'Some festival',
        type: 'TRADING_HOLIDAY',
        closedExchanges: ['NSE', 'NFO', 'BSE', 'BFO'],
        openExchanges: [],
      },
    ];
    house.broker.onTimings = () => [{ exchange: 'NFO', start: at('09:15'), end: at('15:40') }];
    await house.get(CalendarService).refresh(house.tokens.current()!);
    house.clock.set(istAt('2026-08-19', '11:00'));
    await house.tick();
    expect(house.broker.calls()).toBe(0);
    expect(house.status.current(NIFTY_NEXT).market).toMatchObject({ open: false, note: 'Some festival' });
    await house.close(true);
    house = await openHouse({ dir: house.dir, at: istAt('2026-08-19', '11:00') });
    await house.tick();
    expect(house.broker.calls()).toBe(0);
    house.clock.set(istAt('2026-08-20', '11:00'));
    await house.tick();
    expect(house.broker.calls()).toBe(1);
  });
});

describe('a clock that jumps', () => {
  it('should catch up after 90 minutes with one capture, and show the gap', async () => {
    house = await openHouse();
    await house.run(40);
    const before = house.broker.calls();
    await house.tick('12:10');
    await house.tick();
    expect(house.broker.calls()).toBe(before + 1);
    await house.collector.stop();
    const table = await house.chains.latest(NIFTY);
    expect(table?.slot).toBe(slotAtTime('12:10'));
    const legs = table!.rows.flatMap((row) => [row.call, row.put]);
    const known = legs.filter((leg) => leg?.oi != null);
    for (const leg of known) expect(leg!.reasons).toEqual(['gap', 'gap', 'gap', 'gap', 'gap']);
    expect(house.status.current(NIFTY).quality).toMatchObject({ captured: 41, missed: 90 });
  });

  it('should not store a slot twice, nor stop, when the clock steps back five minutes', async () => {
    house = await openHouse();
    await house.run(10);
    house.clock.set(at('10:04') + 30_000);
    await house.run(6);
    expect(house.broker.calls()).toBe(10);
    expect(new Set(slots()).size).toBe(slots().length);
    await house.tick('10:10');
    expect(slots().at(-1)).toBe(slotAtTime('10:10'));
    const seqs = house.published.map(({ table }) => table.seq);
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
  });

  it('should go on collecting at once when a clock that was a day ahead is set right', async () => {
    house = await openHouse({ at: istAt('2026-08-19', '10:00') });
    house.registry.enter(NIFTY_NEXT);
    await house.tick();
    await house.tick('10:00');
    expect(house.broker.chainCalls.filter(({ slot }) => slot === slotAtTime('10:00'))).not.toEqual([]);
  });

  it('should not measure a window over the night', async () => {
    house = await openHouse({ at: '15:30' });
    house.registry.enter(NIFTY_NEXT);
    await house.run(10);
    await house.tick(istAt('2026-08-19', '09:15'));
    await house.run(3);
    const table = await house.chains.latest(NIFTY_NEXT);
    expect(table?.slot).toBe(istAt('2026-08-19', '09:17'));
    const reasons = new Set(table!.rows.flatMap((row) => row.call!.reasons));
    expect(reasons).toEqual(new Set(['no-history']));
  });
});

describe('a short budget', () => {
  it('should make no more than its share of calls a slot, and thin out all chains alike', async () => {
    house = await openHouse({ shares: 80, env: { PINNED: 'SHARE0' } });
    for (let i = 1; i < 80; i++) house.registry.enter(share(i));
    const inSlot = async (): Promise<Set<string>> => {
      const before = house.broker.chainCalls.length;
      for (let i = 0; i < 12; i++) await house.tick();
      const made = house.broker.chainCalls.slice(before);
      expect(made.length).toBe(CALLS_A_SLOT);
      return new Set(made.map(({ chain }) => chainKey(chain)));
    };
    const first = await inSlot();
    house.clock.advance(MINUTE_MS);
    const second = await inSlot();
    // The pinned chain has its call in every slot.
    for (const slot of [first, second]) expect(slot.has(chainKey(share(0)))).toBe(true);
    // Those that were left out in the first slot are served in the second.
    for (let i = 1; i < 80; i++)
      expect(first.has(chainKey(share(i))) || second.has(chainKey(share(i)))).toBe(true);
    expect(house.broker.mostAtOnce).toBeLessThanOrEqual(8);
  });

  it('should start nothing while the broker has no call left for the token', async () => {
    house = await openHouse();
    house.broker.onBudget = () => 0;
    await house.tick();
    expect(house.broker.calls()).toBe(0);
    house.broker.onBudget = () => 1;
    await house.tick();
    expect(house.broker.calls()).toBe(1);
  });

  it('should use the token that has calls left', async () => {
    house = await openHouse();
    await house.tokens.add({ userId: 'B', method: 'token', accessToken: 'second-token', expiresAt: null });
    house.broker.onBudget = ({ accessToken }) => (accessToken === 'second-token' ? 5 : 0);
    await house.tick();
    await house.tick();
    expect(house.broker.chainCalls.map(({ token }) => token)).toEqual(['second-token']);
  });
});

describe('stopping', () => {
  it('should wait for the capture under way and take no more work', async () => {
    house = await openHouse();
    const gate = openGate();
    const script = house.broker.onChain;
    house.broker.onChain = async (call) => {
      await gate.passed();
      return script(call);
    };
    const ticking = house.tick();
    await gate.reached;
    let stopped = false;
    const stopping = house.collector.stop().then(() => (stopped = true));
    await house.tick('10:01');
    expect(stopped).toBe(false);
    gate.open();
    await stopping;
    await ticking;
    expect(slots()).toEqual([slotAtTime('10:01')]);
    expect(house.broker.candleCalls).toEqual([]);
    await house.tick('10:02');
    expect(house.broker.calls()).toBe(1);
  });

  it('should start no capture that was only being thought about when it was told to stop', async () => {
    house = await openHouse();
    const ticking = house.tick();
    await house.collector.stop();
    await ticking;
    expect(house.broker.calls()).toBe(0);
  });

  it('should wait for a back-fill under way', async () => {
    house = await openHouse();
    const gate = openGate();
    house.broker.onCandles = async () => {
      await gate.passed();
      return [];
    };
    await house.tick();
    await gate.reached;
    const order: string[] = [];
    const stopping = house.collector.stop().then(() => order.push('stopped'));
    order.push('answered');
    gate.open();
    await stopping;
    expect(order).toEqual(['answered', 'stopped']);
    expect(house.get(Backfill).isRunning(NIFTY)).toBe(false);
  });
});
