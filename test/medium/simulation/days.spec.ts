import { jest } from '@jest/globals';
import { KINDS } from '../../support/simulation/faults.js';
import type { Delivery } from '../../support/simulation/house.js';
import { Simulation, SLOTS_A_DAY, type SimulatedDay } from '../../support/simulation/run.js';
import { seeded } from '../../support/seeded.js';

/**
 * Whole market days by chance: the server's core and its real broker client against a broker, a disk, a clock and a
 * process that fail at random, each day judged by the independent checker. `SEED` replays a run, `DAYS` makes it longer.
 */

jest.setTimeout(3_600_000);

const DAYS = Number(process.env.DAYS ?? 60);
/** Days on one database; the contracts of the simulation do not live longer. */
const DAYS_A_LIFE = 100;
const REPLAYED = Math.min(DAYS, 15);
/** How often each kind of fault must have been met: in sixty days, and in two hundred (`DAYS=200`). */
const HITS = DAYS >= 200 ? 50 : 5;

const { fetch } = globalThis;
afterEach(() => {
  globalThis.fetch = fetch;
});

/** Lives through so many days of a seed. */
async function live(seed: number, days: number, hits?: Map<string, number>): Promise<SimulatedDay[]> {
  const simulation = new Simulation(belowOf(seed));
  globalThis.fetch = simulation.broker.fetch as typeof globalThis.fetch;
  await simulation.open();
  const lived: SimulatedDay[] = [];
  try {
    while (lived.length < days) {
      const day = await simulation.day();
      lived.push(day);
      if (day.complaints.length > 0) break;
    }
  } finally {
    await simulation.close();
  }
  if (hits) for (const [kind, count] of simulation.broker.hits) hits.set(kind, (hits.get(kind) ?? 0) + count);
  return lived;
}

/** 0 ≤ integer < n, by mulberry32. */
function belowOf(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

describe('market days with faults by chance', () => {
  const random = seeded('simulated days');
  let first: SimulatedDay[] = [];

  it('should end, every one, in the tables and the slots that the rules of truth demand, with none unaccounted for', async () => {
    const hits = new Map<string, number>();
    const began = performance.now();
    for (let life = 0; life * DAYS_A_LIFE < DAYS; life++) {
      const days = Math.min(DAYS_A_LIFE, DAYS - life * DAYS_A_LIFE);
      const lived = await live(random.seed + life, days, hits);
      expect(lived.flatMap(({ complaints }) => complaints).slice(0, 20)).toEqual([]);
      if (life === 0) first = lived;
    }
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    process.stdout.write(
      `${DAYS} days of ${SLOTS_A_DAY} minutes in ${seconds} s: ${JSON.stringify(Object.fromEntries(hits))}\n`,
    );
    if (DAYS >= 60) for (const kind of KINDS) expect([kind, hits.get(kind)]).toEqual([kind, atLeast(HITS)]);
  });

  it('should leave the same behind, to the last byte, when a seed is lived through again', async () => {
    const again = await live(random.seed, REPLAYED);
    expect(again.map(({ digest }) => digest)).toEqual(first.slice(0, REPLAYED).map(({ digest }) => digest));
  });

  it('should be found out where the server has another figure than the broker gave, or a slot that it should not', async () => {
    const spoilt = [
      // One lot too few in one cell. In every answer from the sixth on: any one of them may have been refused, or lost,
      // or have had no figure there, and then nothing of it is stored that could differ.
      (deliveries: Delivery[]) => {
        for (const { answer } of deliveries.slice(5)) {
          const leg = answer.strikes.get(24_100)?.call;
          if (leg?.oi) leg.oi -= 65;
        }
      },
      // A slot too many: the first from the eighth on of which the disk took what came of it.
      (deliveries: Delivery[]) =>
        void deliveries.splice(
          deliveries.findIndex(({ lost }, index) => index >= 7 && !lost),
          1,
        ),
    ];
    for (const spoil of spoilt) {
      const simulation = new Simulation(belowOf(random.seed), spoil);
      globalThis.fetch = simulation.broker.fetch as typeof globalThis.fetch;
      await simulation.open();
      const { complaints } = await simulation.day();
      await simulation.close();
      expect(complaints.length).toBeGreaterThan(0);
    }
  });
});

/** Matches a number that is not smaller. */
function atLeast(least: number): { asymmetricMatch: (value: unknown) => boolean } {
  return {
    asymmetricMatch: (value) => typeof value === 'number' && value >= least,
    toString: () => `at least ${least}`,
  } as { asymmetricMatch: (value: unknown) => boolean };
}
