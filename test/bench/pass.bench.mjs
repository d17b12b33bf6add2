/** One pass over all delta windows of the whole market, against a map of objects with history arrays, and SQL windows. */
import { SqlWindows } from './peers/sql-windows.mjs';
import { line } from './support/report.mjs';
import { median, medianMs, percentile, timed } from './support/stats.mjs';
import { MINUTE, WholeMarket } from './support/whole-market.mjs';

export const name = 'pass';
export const title = 'five windows of all contracts at one slot, and the memory of the session';
export const goal =
  '≤ 5 ms median, ≤ 10 ms p99, ≤ 20 MB for 100,000 contracts; ≥ 40 × faster than a map of objects, ≥ 1,000 × than SQL windows';

const INTERVALS = [3, 5, 10, 15, 30];
const built = (path) => import(new URL(`../../dist/server/${path}`, import.meta.url).href);

/** The usual way: an object a contract with its history, and a search by time for each window. */
class MapOfObjects {
  constructor(legs) {
    this.contracts = new Map(Array.from({ length: legs }, (_, leg) => [`NSE_FO|${leg}`, { history: [] }]));
  }

  take(frame) {
    let leg = 0;
    for (const { history } of this.contracts.values()) {
      history.push({ time: frame.slot, oi: frame.oi[leg++] });
      if (history.length > 36) history.shift();
    }
  }

  pass(slot) {
    const all = [];
    for (const [key, { history }] of this.contracts) {
      const now = history.at(-1).oi;
      all.push([key, INTERVALS.map((w) => changeSince(history, slot - w * MINUTE, now))]);
    }
    return all;
  }
}

function changeSince(history, until, now) {
  const base = history.findLast(({ time }) => time <= until && time >= until - 1.5 * MINUTE);
  return base ? { abs: now - base.oi, pct: (100 * (now - base.oi)) / base.oi } : null;
}

export async function run({ runs, quick }) {
  const { MarketSession } = await built('market/session/market-session.js');
  const rows = [];
  for (const legs of quick ? [10_000] : [1_000, 10_000, 100_000]) {
    const market = await WholeMarket.of(legs, ['oi']);
    const session = new MarketSession(market.universe);
    market.universe.chainIds.forEach((_, chain) => session.begin(chain, 0));
    const peer = new MapOfObjects(legs);
    const sql = await SqlWindows.open(INTERVALS);
    const answered = new Uint8Array(legs).fill(1);
    for (let minute = 0; minute < 36; minute++) {
      market.step();
      session.take(market.frame, answered);
      peer.take(market.frame);
      await sql.take(market.frame);
    }
    const { slot } = market.frame;
    const [ours, theirs, queries] = [[], [], []];
    for (let round = 0; round < runs; round++) {
      ours.push(...(await medianMs(40, () => session.pass(slot), 10)).samples);
      theirs.push(...(await medianMs(2, () => peer.pass(slot), 1)).samples);
      queries.push((await timed(() => sql.pass(slot))).ms);
    }
    await sql.close();
    rows.push(...lines(legs, { ours, theirs, queries }, session.bytes));
  }
  return { rows };
}

function lines(legs, { ours, theirs, queries }, bytes) {
  const size = `${legs.toLocaleString('en')} contracts`;
  const against = 'map of objects';
  return [
    line(`${size}: a pass, median`, 'ms', median(ours), {
      peer: median(theirs),
      against,
      ratio: 1 / 40,
      limit: 5,
    }),
    line(`${size}: a pass, median`, 'ms', median(ours), {
      ...{ peer: median(queries), against: 'SQL windows', ratio: 1 / 1_000 },
    }),
    line(`${size}: a pass, p99`, 'ms', percentile(ours, 0.99), { limit: 10 }),
    line(`${size}: memory of the session`, 'MB', bytes / 1e6, { limit: 20 }),
  ];
}
