import { istAt } from '../../../server/domain/slot.js';
import { DAY_MS, MINUTE_MS } from '../../../server/domain/units.js';
import { ChainEviction } from '../../../server/snapshot/chain-eviction.js';
import { Watching } from '../../../server/snapshot/watching.js';
import { NIFTY, NIFTY_NEXT, at, openHouse, share, slotAtTime, type House } from '../../support/house.js';

let house: House;
afterEach(() => house.close());

const NEXT_DAY = '2026-08-19';
const SHARES = 5;
const evict = (): Promise<void> => house.get(ChainEviction).run();

/** A day on which many chains were looked at for a while. NIFTY is pinned: its nearest expiry is of that day. */
async function busyDay(): Promise<void> {
  house = await openHouse({ shares: SHARES });
  for (let i = 0; i < SHARES; i++) {
    house.registry.enter(share(i));
    await house.get(Watching).prepare(share(i));
  }
  await house.run(3);
  for (let i = 0; i < SHARES; i++) house.registry.leave(share(i));
}

it('should keep in memory what is of today, though nobody wants it any more', async () => {
  await busyDay();
  await house.tick('12:00');
  await evict();
  expect(house.registry.wanted()).toEqual({ watched: [], lingering: [] });
  expect(house.chains.memorySize).toEqual({ states: SHARES + 1, shown: 0, turns: 0 });
});

it('should drop what is of a past day, but for what is watched, just left, or pinned', async () => {
  await busyDay();
  house.registry.enter(share(0));
  house.clock.set(istAt(NEXT_DAY, '09:00'));
  house.registry.enter(share(1));
  house.registry.leave(share(1));
  await evict();
  expect(house.chains.inMemory()).toEqual([share(0), share(1)]);
  // The newly pinned expiry is brought in by its first capture.
  await house.tick(istAt(NEXT_DAY, '09:15') + 2_000);
  await evict();
  expect(house.chains.inMemory()).toEqual(expect.arrayContaining([share(0), share(1), NIFTY_NEXT]));
  expect(house.chains.memorySize).toEqual({ states: 3, shown: 0, turns: 0 });
});

it('should not grow from day to day', async () => {
  await busyDay();
  const sizes: number[] = [];
  for (let day = 1; day <= 3; day++) {
    house.clock.set(at('10:00') + day * DAY_MS);
    await house.get(Watching).prepare(share(day));
    await house.tick();
    await evict();
    sizes.push(house.chains.memorySize.states);
  }
  // Of each day the pinned chain and the one that was opened, whatever was open the day before.
  expect(sizes).toEqual([2, 2, 2]);
});

it('should keep the screen of an expired chain right', async () => {
  await busyDay();
  house.registry.enter(NIFTY);
  house.clock.set(istAt(NEXT_DAY, '10:00'));
  await evict();
  expect(house.chains.inMemory()).toEqual([NIFTY]);
  expect(house.status.current(NIFTY)).toMatchObject({ lastSlot: slotAtTime('10:02') });
});

it('should read a chain back from disk as it was, and go on numbering', async () => {
  await busyDay();
  const before = (await house.chains.latest(share(2)))!;
  house.clock.set(istAt(NEXT_DAY, '08:30'));
  await evict();
  expect(house.chains.stateInMemory(share(2))).toBeNull();
  expect(await house.chains.latest(share(2))).toEqual(before);
  expect(await house.chains.at(share(2), at('10:01'))).toMatchObject({ slot: slotAtTime('10:01') });
  house.registry.enter(share(2));
  await house.tick(istAt(NEXT_DAY, '10:00') + 2_000);
  expect(await house.chains.latest(share(2))).toMatchObject({ seq: before.seq + 1 });
  await evict();
  expect(house.chains.stateInMemory(share(2))!.history.slots()).toContain(slotAtTime('10:00') + DAY_MS);
});

it('should drop what was shown of a chain whose last commit failed', async () => {
  await busyDay();
  const state = house.chains.stateInMemory(share(3))!;
  const compute = state.compute.bind(state);
  state.compute = (...args) => {
    if (args[0] === slotAtTime('10:03')) throw new Error('no memory');
    return compute(...args);
  };
  house.registry.enter(share(3));
  await house.tick(house.clock.now() + MINUTE_MS);
  expect(house.chains.memorySize).toMatchObject({ states: SHARES, shown: 1 });
  house.registry.leave(share(3));
  house.clock.set(istAt(NEXT_DAY, '08:30'));
  await evict();
  expect(house.chains.memorySize).toEqual({ states: 0, shown: 0, turns: 0 });
});
