import { MINUTE_MS } from '../../../server/domain/units.js';
import { CALLS_A_SLOT, ON_DEMAND_A_SLOT } from '../../../server/snapshot/slot-budget.js';
import { Watching } from '../../../server/snapshot/watching.js';
import { openGate } from '../../support/gate.js';
import { NIFTY, openHouse, share, slotAtTime, type House } from '../../support/house.js';

let house: House;
afterEach(() => house.close());

const pinnedSlots = (): number[] =>
  house.broker.chainCalls
    .filter(({ chain }) => chain.underlying === NIFTY.underlying)
    .map(({ slot }) => slot);

async function nextSlot(): Promise<void> {
  house.clock.advance(MINUTE_MS);
}

describe('F40, S15 the calls of pinned chains', () => {
  it('should be left for them by those who open one chain after the other between two ticks', async () => {
    house = await openHouse({ shares: 80 });
    await house.tick();
    for (let minute = 1; minute <= 3; minute++) {
      await nextSlot();
      const before = house.broker.calls();
      // Before the first tick of the slot.
      for (let i = 0; i < 80; i++) await house.collector.request(share(i));
      expect(house.broker.calls() - before).toBe(ON_DEMAND_A_SLOT);
      await house.tick();
    }
    expect(pinnedSlots()).toEqual(['10:00', '10:01', '10:02', '10:03'].map(slotAtTime));
  });

  it('should be left for them by those who read tables of many chains over HTTP', async () => {
    house = await openHouse({ shares: 80, listening: true });
    const cookie = await house.signIn();
    await house.tick();
    for (let minute = 1; minute <= 3; minute++) {
      await nextSlot();
      const reads = Array.from({ length: 80 }, (_, i) =>
        fetch(`${house.base()}/api/chains/SHARE${i}/${share(i).expiry}/table`, { headers: { cookie } }),
      );
      for (const answer of await Promise.all(reads)) expect([200, 404]).toContain(answer.status);
      for (let i = 0; i < 12; i++) await house.tick();
    }
    expect(pinnedSlots()).toEqual(['10:00', '10:01', '10:02', '10:03'].map(slotAtTime));
    expect(house.broker.calls()).toBeLessThanOrEqual(1 + 3 * CALLS_A_SLOT);
  });

  it('should not be spent by chains that were only looked at, nor those that newcomers may need', async () => {
    house = await openHouse({ shares: 90 });
    for (let i = 0; i < 80; i++) house.registry.glance(share(i));
    for (let i = 0; i < 12; i++) await house.tick();
    expect(pinnedSlots()).toEqual([slotAtTime('10:00')]);
    expect(house.broker.calls()).toBe(CALLS_A_SLOT - ON_DEMAND_A_SLOT);
    for (let i = 80; i < 90; i++) await house.get(Watching).prepare(share(i));
    for (let i = 80; i < 90; i++) expect(house.broker.calls(share(i))).toBe(1);
  });

  it('should not wait for a slow broker that is busy with what people watch', async () => {
    house = await openHouse({ shares: 20 });
    await house.tick();
    for (let i = 0; i < 20; i++) house.registry.enter(share(i));
    const gate = openGate();
    const script = house.broker.onChain;
    house.broker.onChain = async (call) => {
      if (call.chain.underlying !== NIFTY.underlying) await gate.passed();
      return script(call);
    };
    // All places are taken in one slot, and still are in the next.
    await nextSlot();
    const ticks = [house.collector.tick()];
    await gate.reached;
    await nextSlot();
    ticks.push(house.collector.tick());
    while (pinnedSlots().length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(pinnedSlots()).toEqual(['10:00', '10:01', '10:02'].map(slotAtTime));
    gate.open();
    await Promise.all(ticks);
  });

  it('should be the last that the broker lets out', async () => {
    house = await openHouse({ shares: 10 });
    for (let i = 0; i < 10; i++) house.registry.enter(share(i));
    let left = 3;
    const script = house.broker.onChain;
    house.broker.onChain = (call) => {
      left -= 1;
      return script(call);
    };
    house.broker.onBudget = () => left;
    for (let i = 0; i < 5; i++) await house.tick();
    expect(pinnedSlots()).toEqual([slotAtTime('10:00')]);
    expect(house.broker.calls()).toBeGreaterThanOrEqual(2);
  });

  it('should be kept for a further try when one fails', async () => {
    house = await openHouse({ shares: 80 });
    for (let i = 0; i < 80; i++) house.registry.enter(share(i));
    const script = house.broker.onChain;
    let failing = true;
    house.broker.onChain = (call) => {
      if (failing && call.chain.underlying === NIFTY.underlying) throw new Error('no');
      return script(call);
    };
    for (let i = 0; i < 12; i++) await house.tick();
    expect(house.broker.calls()).toBe(CALLS_A_SLOT - 1);
    failing = false;
    house.clock.advance(10_000);
    await house.tick();
    expect(house.published.map(({ chain }) => chain.underlying)).toContain(NIFTY.underlying);
    expect(house.broker.calls()).toBe(CALLS_A_SLOT);
  });
});
