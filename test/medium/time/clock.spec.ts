import { MINUTE_MS, SECOND_MS } from '../../../server/domain/units.js';
import { at, NIFTY, openFaultyHouse, type FaultyHouse } from '../../support/faulty-house.js';
import { closeSockets } from '../../support/sockets.js';

/** F21 and F23 within one process: a clock that is set, and one that has slept. */

let house: FaultyHouse;
afterEach(async () => {
  closeSockets();
  await house.close();
});

interface Ready {
  chains: { lagSeconds: number | null }[];
}

describe('F21 a clock that steps five minutes', () => {
  it('should store one row a minute, whichever way it steps, and show no age below zero', async () => {
    house = await openFaultyHouse({ at: '10:00' });
    await house.minutes(3);
    for (const step of [-5, 5, 5, -5, 5]) {
      house.clock.advance(step * MINUTE_MS);
      await house.live(3);
      const screen = await house.screen();
      expect(screen.status.state).toMatch(/live|back-filling/);
      const ready = (await (await fetch(`${house.base}/health/ready`)).json()) as Ready;
      for (const { lagSeconds } of ready.chains) expect(lagSeconds).toBeGreaterThanOrEqual(0);
      const metrics = await (await fetch(`${house.base}/metrics`)).text();
      const ages = metrics.split('\n').filter((line) => line.startsWith('oi_last_capture_age_seconds{'));
      for (const line of ages) expect(Number(line.split(' ').at(-1))).toBeGreaterThanOrEqual(0);
      await house.rebuilt();
    }
    const minutes = (await house.stored()).map((slot) => slot.slice(0, 5));
    expect(minutes).toEqual([...new Set(minutes)].sort());
    expect(await house.integrity()).toBe('ok');
  });

  it('should never measure a window from a slot of the future', async () => {
    house = await openFaultyHouse({ at: '10:00' });
    await house.minutes(6);
    house.clock.set(at('09:58') + 2_000);
    await house.tick();
    await house.rebuilt();
    const table = await house.chains.at(NIFTY, at('09:58'));
    expect(table?.slot).toBe(at('09:58'));
    for (const { call, put } of table?.rows ?? [])
      for (const change of [...(call?.changes ?? []), ...(put?.changes ?? [])])
        if (change) expect(change.baseSlot).toBeLessThan(at('09:58'));
  });
});

describe('F23 a loop that is blocked for ten seconds', () => {
  it('should catch up with one call, however many ticks fall due at once, and not burst', async () => {
    house = await openFaultyHouse();
    await house.minutes(3);
    const screen = await house.screen();
    house.clock.set(at('09:17') + 55_000);
    await house.tick();
    const before = house.simulator.calls.count('option-chain');
    // Over the edge of a minute; then all the ticks that were due come in one go.
    house.clock.advance(10 * SECOND_MS);
    await Promise.all(Array.from({ length: 10 }, () => house.tick()));
    await house.live(54);
    const calls = house.simulator.calls.list('option-chain').slice(before);
    expect(calls.map((call) => call.at)).toEqual([at('09:18') + 5 * SECOND_MS]);
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17', '09:18']);
    await house.live(2);
    expect(house.simulator.calls.list('option-chain').slice(before + 1)).toHaveLength(1);
    expect(await screen.look()).toMatchObject({ state: 'live', quality: { missed: 0 } });
  });
});

describe('F23 a laptop that sleeps for two hours', () => {
  it('should catch up with one capture, rebuild what candles give, and count the rest as missed', async () => {
    house = await openFaultyHouse();
    await house.minutes(3);
    const screen = await house.screen();
    const before = house.simulator.calls.count('option-chain');
    house.clock.set(at('11:17') + 2_000);
    await house.live(20);
    await house.rebuilt();
    expect(house.simulator.calls.count('option-chain')).toBe(before + 1);
    const status = await screen.look();
    expect(status.state).toBe('live');
    // 09:18 to 10:41: older than the candles that are fetched.
    expect(status.quality).toMatchObject({ captured: 4, backfilled: 35, missed: 84 });
    expect(screen.table?.slot).toBe(at('11:17'));
    const first = screen.table?.rows[2]?.call?.changes[0];
    expect(first).toMatchObject({ backfilled: true, baseSlot: at('11:14') });
  });
});
