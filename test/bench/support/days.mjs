import { BenchMarket, EXPIRY, MINUTE, SESSION_SLOTS, SESSION_START } from './market.mjs';

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
