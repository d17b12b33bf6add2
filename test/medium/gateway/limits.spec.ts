import { slotOf } from '../../../server/domain/slot.js';
import { MINUTE_MS } from '../../../server/domain/units.js';
import { BURST_A_SCREEN, CHAINS_A_SESSION, EVENT_BURST } from '../../../server/gateway/session-share.js';
import { NIFTY, openHouse, share, slotAtTime, type House } from '../../support/house.js';
import { ask, closeSockets, connect, unwatch, watch, type ScreenSocket } from '../../support/sockets.js';

const CHAINS_A_SCREEN = 12;

let house: House;
afterEach(async () => {
  closeSockets();
  await house.close();
});

const screen = (cookie: string): Promise<ScreenSocket> =>
  connect(house.base(), { cookie, origin: house.base() });

const screens = (cookie: string, count: number): Promise<ScreenSocket[]> =>
  Promise.all(Array.from({ length: count }, () => screen(cookie)));

/** Opens the chains of shares `from` to `to`, a dozen on each screen. @returns the answers, in their order. */
async function openAll(on: readonly ScreenSocket[], from: number, to: number) {
  const answers = [];
  for (let i = from; i < to; i++)
    answers.push(await watch(on[Math.floor((i - from) / CHAINS_A_SCREEN)]!, share(i)));
  return answers;
}

/** Lets `minutes` slots go by, several ticks in each. @returns the captured slots of a chain. */
async function slotsOf(minutes: number, chain: typeof NIFTY): Promise<number[]> {
  const from = house.broker.chainCalls.length;
  for (let minute = 0; minute < minutes; minute++) {
    if (minute > 0) house.clock.advance(MINUTE_MS);
    for (let i = 0; i < 12; i++) await house.tick();
  }
  return house.broker.chainCalls
    .slice(from)
    .filter((call) => call.chain.underlying === chain.underlying)
    .map(({ at }) => slotOf(at));
}

const slotsFrom = (time: string, count: number): number[] =>
  Array.from({ length: count }, (_, i) => slotAtTime(time) + i * MINUTE_MS);

describe('F40, S20, S21 limits of a sign-in, over all its screens', () => {
  it('should refuse more chains than it may watch in plain words, and let them in when others are closed', async () => {
    house = await openHouse({ listening: true, shares: 60 });
    const five = await screens(await house.signIn(), 5);
    const answers = await openAll(five, 0, 60);
    expect(answers.map(({ ok }) => ok)).toEqual(Array.from({ length: 60 }, (_, i) => i < CHAINS_A_SESSION));
    expect(answers.at(-1)).toEqual({
      ok: false,
      error: {
        code: 'too-many-requests',
        message: expect.stringMatching(/40 chains .* over all its screens/),
      },
    });
    expect(house.registry.total()).toBe(CHAINS_A_SESSION);
    // One that is watched already costs nothing more, on whichever screen.
    expect(await watch(five[4]!, share(0))).toMatchObject({ ok: true });
    await unwatch(five[1]!, share(15));
    expect(await watch(five[4]!, share(59))).toMatchObject({ ok: true });
    five[0]!.close();
    const [fresh] = await screens(await house.signIn(), 1);
    expect(await watch(fresh!, share(58))).toMatchObject({ ok: true });
    expect(await watch(five[4]!, share(57))).toMatchObject({ ok: true });
  });

  it('should keep pinned chains and those of other sign-ins at one capture a minute', async () => {
    house = await openHouse({ listening: true, shares: 70 });
    const greedy = await screens(await house.signIn(), 5);
    await openAll(greedy, 0, 60);
    const other = await screen(await house.signIn());
    expect(await watch(other, share(65))).toMatchObject({ ok: true });
    house.clock.set(slotAtTime('10:01') + 1_000);
    const pinned = await slotsOf(5, NIFTY);
    expect(pinned).toEqual(slotsFrom('10:01', 5));
    expect(await slotsOf(1, share(65))).toEqual([]);
    house.clock.set(slotAtTime('10:06') + 1_000);
    expect(await slotsOf(5, share(65))).toEqual(slotsFrom('10:06', 5));
  });

  it('should keep pinned chains at one capture a minute when many sign-ins watch all they may', async () => {
    house = await openHouse({ listening: true, shares: 80 });
    for (const from of [0, CHAINS_A_SESSION]) {
      const four = await screens(await house.signIn(), 4);
      const answers = await openAll(four, from, from + CHAINS_A_SESSION);
      expect(answers.every(({ ok }) => ok)).toBe(true);
    }
    house.clock.set(slotAtTime('10:01') + 1_000);
    expect(await slotsOf(6, NIFTY)).toEqual(slotsFrom('10:01', 6));
    // The budget is short now: each of the others has its turn at least every second minute.
    house.clock.set(slotAtTime('10:07') + 1_000);
    const before = house.broker.chainCalls.length;
    await slotsOf(2, NIFTY);
    const served = new Set(house.broker.chainCalls.slice(before).map(({ chain }) => chain.underlying));
    for (let i = 0; i < 80; i++) expect(served).toContain(share(i).underlying);
  });

  it('should take any number of its screens on one chain, for one call of the broker', async () => {
    house = await openHouse({ listening: true });
    const all = await screens(await house.signIn(), 200);
    const answers = await Promise.all(all.map((one) => watch(one, NIFTY)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(house.broker.calls(NIFTY)).toBe(1);
  });

  it('should let all of them ask anew at once, as they do when rows have changed', async () => {
    house = await openHouse({ listening: true });
    const all = await screens(await house.signIn(), 60);
    for (let turn = 0; turn < 3; turn++) {
      const answers = await Promise.all(all.map((one) => watch(one, NIFTY)));
      expect(answers.every(({ ok }) => ok)).toBe(true);
    }
  });

  it('should hold back a flood that is spread over many screens, and no other sign-in', async () => {
    house = await openHouse({ listening: true });
    const [bad, good] = [await screens(await house.signIn(), 20), await screen(await house.signIn())];
    const began = performance.now();
    const floods = bad.flatMap((one) =>
      Array.from({ length: 25 }, () => ask(one, 'chain:unwatch', NIFTY) as Promise<{ ok: boolean }>),
    );
    expect(await watch(good, NIFTY)).toMatchObject({ ok: true });
    const answers = await Promise.all(floods);
    const seconds = (performance.now() - began) / 1000;
    const taken = answers.filter(({ ok }) => ok).length;
    expect(taken).toBeGreaterThanOrEqual(EVENT_BURST);
    expect(taken).toBeLessThanOrEqual(EVENT_BURST + 20 * BURST_A_SCREEN + Math.ceil(24 * seconds) + 1);
    expect(answers).toContainEqual({
      ok: false,
      error: { code: 'too-many-requests', message: expect.any(String) },
    });
    expect(await watch(good, NIFTY)).toMatchObject({ ok: true });
  });

  it('should give no new allowance to who leaves and comes back', async () => {
    house = await openHouse({ listening: true });
    const cookie = await house.signIn();
    let taken = 0;
    const began = performance.now();
    for (let turn = 0; turn < 12; turn++) {
      const one = await screen(cookie);
      const asked = Array.from({ length: 25 }, () => ask(one, 'chain:unwatch', NIFTY));
      taken += (await Promise.all(asked)).filter((answer) => (answer as { ok: boolean }).ok).length;
      one.close();
    }
    const seconds = (performance.now() - began) / 1000;
    expect(taken).toBeLessThanOrEqual(EVENT_BURST + 12 * BURST_A_SCREEN + Math.ceil(21 * seconds) + 1);
  });

  it('should be of the browser: each sign-in has its own, with the same token too', async () => {
    house = await openHouse({ listening: true, shares: 45 });
    const [one, other] = [await house.signIn(), await house.signIn()];
    expect(one).not.toBe(other);
    await openAll(await screens(one, 4), 0, CHAINS_A_SESSION);
    expect(await watch(await screen(one), share(44))).toMatchObject({ ok: false });
    expect(await watch(await screen(other), share(44))).toMatchObject({ ok: true });
  });
});
