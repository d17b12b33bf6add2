import { BenchMarket, EXPIRY, MINUTE, SESSION_SLOTS, SESSION_START } from './market.mjs';
import { WholeMarket } from './whole-market.mjs';

const FILE = 'days/nifty-2026-08-18-1min.csv.gz';
const built = (path) => import(new URL(`../../../dist/server/${path}`, import.meta.url).href);

/**
 * One day of a chain's snapshots: the recorded NIFTY chains of 18 August 2026 where the machine has them, a generated
 * chain of 250 legs otherwise.
 * @returns `chains` by expiry, and in words what they are
 */
export async function oneDay(sharedData) {
  const { packQuote } = await built('domain/pack.js');
  const file = sharedData(FILE);
  if (file === null)
    return { what: `generated day (../shared/data/${FILE} is absent)`, chains: generated(packQuote) };
  const { readDay } = await built('snapshot/days/day-file.js');
  const chains = new Map();
  for await (const { time, expiry, spot, strikes } of readDay(file)) {
    const slot = Math.floor(time / MINUTE) * MINUTE;
    const snapshots = chains.get(expiry) ?? [];
    chains.set(expiry, snapshots);
    if (snapshots.at(-1)?.slot !== slot) snapshots.push(packQuote({ spot, strikes }, slot, time, 'import'));
  }
  return { what: 'NIFTY, 18 August 2026, as recorded', chains };
}

function generated(packQuote) {
  const market = new BenchMarket();
  const snapshots = [];
  for (let minute = 0; minute < SESSION_SLOTS; minute++) {
    market.step();
    const slot = SESSION_START + minute * MINUTE;
    snapshots.push(packQuote(market.quote(), slot, slot + 2_000, 'live'));
  }
  return new Map([[EXPIRY, snapshots]]);
}

/** Legs of a chain of the generated market. */
const LEGS = 100;

/**
 * One day of ten chains of the generated market, of which as many contracts change in a minute as where the goal for
 * bytes was set: `WholeMarket.CHANGE`.
 */
export async function dayOfTheGoal() {
  const { packQuote } = await built('domain/pack.js');
  const market = await WholeMarket.of(10 * LEGS, ['oi', 'ltp', 'volume']);
  const chains = new Map();
  const prevOi = Float64Array.from(market.frame.oi);
  const leg = (at) => ({
    ...{ oi: market.frame.oi[at], prevOi: prevOi[at] },
    ...{ ltp: market.frame.ltp[at], volume: market.frame.volume[at] },
  });
  for (let minute = 0; minute < SESSION_SLOTS; minute++) {
    market.step();
    const slot = SESSION_START + minute * MINUTE;
    for (let first = 0; first < prevOi.length; first += LEGS) {
      const strikes = Array.from({ length: LEGS / 2 }, (_, i) => ({
        strike: 100 + 5 * i,
        call: leg(first + 2 * i),
        put: leg(first + 2 * i + 1),
      }));
      const snapshot = packQuote({ spot: 220.05, strikes }, slot, slot + 2_000, 'live');
      // As many expiries as chains; which they are does not matter.
      const expiry = `2026-09-${10 + first / LEGS}`;
      if (minute === 0) chains.set(expiry, []);
      chains.get(expiry).push(snapshot);
    }
  }
  return chains;
}
