import { slotOf } from '../../../server/domain/slot.js';
import { MINUTE_MS, SECOND_MS } from '../../../server/domain/units.js';
import type { Readiness } from '../../../server/health/health.service.js';
import { ClockSkew } from '../../../server/upstox/clock-skew.js';
import { at, NIFTY, openFaultyHouse, until, type FaultyHouse } from '../../support/faulty-house.js';
import { marketQuote } from '../../support/market.js';
import { closeSockets } from '../../support/sockets.js';

/** F21, a clock that is not the broker's: no minute may be stored under a name that the broker has for another. */

let house: FaultyHouse;
afterEach(async () => {
  closeSockets();
  await house.close();
});

async function ready(): Promise<{ status: number; body: Readiness }> {
  const answer = await fetch(`${house.base}/health/ready`);
  return { status: answer.status, body: (await answer.json()) as Readiness };
}

async function gauge(): Promise<number> {
  const text = await (await fetch(`${house.base}/metrics`)).text();
  return Number(/^oi_broker_clock_skew_seconds (\S+)$/m.exec(text)?.[1]);
}

/** This computer's clock is set wrong, the broker's is not. @param ms ahead of the broker's, behind if below 0 */
function setWrong(ms: number): void {
  house.faults.clear();
  if (ms !== 0) house.faults.inject('all', { type: 'skew', ms: -ms }, Infinity);
  house.clock.advance(ms);
}

/** And right again. */
function setRight(wrongBy: number): void {
  house.faults.clear();
  house.clock.advance(-wrongBy);
}

/** Stored slots whose figures are not those that the market had in that very minute. */
async function misplaced(): Promise<string[]> {
  const wrong: string[] = [];
  for (const stored of await house.stored()) {
    const slot = at(stored.slice(0, 5));
    const table = await house.chains.at(NIFTY, slot);
    const market = marketQuote(NIFTY, slotOf(slot));
    for (const [i, row] of (table?.rows ?? []).entries())
      for (const side of ['call', 'put'] as const) {
        const oi = market.strikes[i]?.[side]?.oi ?? null;
        // A leg that did not trade has no candle of its own: the one before stands.
        if (oi !== null && row[side]?.oi !== oi)
          wrong.push(`${stored} ${row.strike} ${side}: ${row[side]?.oi}`);
      }
  }
  return wrong;
}

describe.each([
  ['ahead of', 3 * MINUTE_MS],
  ['behind', -3 * MINUTE_MS],
])('F21 a clock that is three minutes %s the broker’s', (words, wrongBy) => {
  const said = `This computer's clock is 3 min ${words} the broker's. Set the clock`;

  it('should store nothing, say why once, on every screen and to monitors, and go on by itself when it is right', async () => {
    house = await openFaultyHouse({ at: '10:00' });
    await house.minutes(5);
    await house.live(60 - 2);
    await house.rebuilt();
    const before = await house.stored();
    expect(before.at(-1)).toBe('10:05');
    expect(await ready()).toMatchObject({ status: 200, body: { checks: { clock: { ok: true } } } });
    expect(Math.abs(await gauge())).toBeLessThanOrEqual(1);
    const screen = await house.screen();
    const shown = screen.table;

    const captures = house.simulator.calls.count('option-chain');
    const probes = house.simulator.calls.count('market-status');
    setWrong(wrongBy);
    await house.live(30);
    await until('the word to the screen', () => screen.status.message?.startsWith(said) === true);
    await house.live(210);
    expect(await house.stored()).toEqual(before);
    expect(screen.table).toEqual(shown);
    expect(house.logged('warn', said)).toHaveLength(1);
    // One line for the first answer that was off, before it was sure; none for all that follow.
    expect(house.logged('outcome=failed').length).toBeLessThanOrEqual(1);
    expect(house.logged('error')).toEqual([]);
    expect(screen.status).toMatchObject({ state: 'stale', lastSlot: at('10:05') });
    expect(await ready()).toMatchObject({
      status: 503,
      body: { checks: { clock: { ok: false, detail: expect.stringContaining(said) } } },
    });
    expect(Math.abs((await gauge()) * SECOND_MS + wrongBy)).toBeLessThanOrEqual(SECOND_MS);
    // It asks for the time, and does not storm.
    const asked = house.simulator.calls.count('market-status') - probes;
    expect(asked).toBeGreaterThan(2);
    expect(asked).toBeLessThanOrEqual(2 + 240 / 15);
    expect(house.simulator.calls.count('option-chain') - captures).toBeLessThanOrEqual(1);

    setRight(wrongBy);
    const right = house.clock.now();
    await house.live(60);
    await house.rebuilt();
    expect(house.logged('warn', "This computer's clock agrees with the broker's again")).toHaveLength(1);
    expect(await screen.look()).toMatchObject({ state: 'live', message: null });
    expect((await ready()).status).toBe(200);
    expect(screen.status.lastCapturedAt! - right).toBeLessThanOrEqual(MINUTE_MS);
    const stored = await house.stored();
    expect(stored.slice(0, before.length)).toEqual(before);
    // The minutes in between are there, rebuilt and marked, each with what the market had in that very minute.
    expect(stored).toEqual(expect.arrayContaining(['10:06 backfill', '10:07 backfill', '10:08 backfill']));
    expect(screen.status.quality).toMatchObject({ missed: 0 });
    expect(await misplaced()).toEqual([]);
  });

  it('should be found out by the first answer after a start, before anything is stored', async () => {
    house = await openFaultyHouse({ at: '10:00' });
    setWrong(wrongBy);
    await house.live(30);
    expect(await house.stored()).toEqual([]);
    expect(house.logged('warn', said)).toHaveLength(1);
    const screen = await house.screen();
    expect(screen.table).toBeNull();
    expect(screen.status.message).toContain(said);
    setRight(wrongBy);
    await house.live(60);
    await house.rebuilt();
    expect((await house.stored()).length).toBeGreaterThan(30);
    expect(await misplaced()).toEqual([]);
  });
});

it('F21 should store nothing of one answer whose date is off, and raise no alarm about it', async () => {
  house = await openFaultyHouse({ at: '10:00' });
  await house.minutes(3);
  house.faults.inject('option-chain', { type: 'skew', ms: 5 * MINUTE_MS }, 1);
  await house.at('10:03');
  expect((await house.stored()).at(-1)).toBe('10:02');
  expect(house.logged('warn', 'slot=10:03', 'outcome=failed', 'not stored')).toHaveLength(1);
  expect(house.get(ClockSkew).message).toBeNull();
  await house.live(16);
  await house.rebuilt();
  expect((await house.stored()).at(-1)).toBe('10:03');
  expect(await misplaced()).toEqual([]);
});
