/** The delta table of one chain with a whole session behind it, against the two ways in which the field computes it. */
import { createRows, insertMinute, prepareInsert, prepareTable, sqlTable } from './peers/sql-table.mjs';
import { MapTable } from './peers/map-table.mjs';
import { BenchMarket, EXPIRY, MINUTE, SESSION_SLOTS, SESSION_START } from './support/market.mjs';
import { UNDERLYING_INFO } from './support/pipeline.mjs';
import { line } from './support/report.mjs';
import { Sql } from './support/sql.mjs';
import { median, percentile, timed } from './support/stats.mjs';

export const name = 'delta';
export const title = 'delta table of one chain with a session of 385 minutes behind it';
export const goal = '≤ 1/10 of a Map of objects with history arrays, ≤ 1/10 of SQL self-joins, at 250 legs';

const built = (path) => import(new URL(`../../dist/server/${path}`, import.meta.url).href);

/** The same session in the three forms. */
async function session(strikes, slots) {
  const { SessionHistory } = await built('domain/history.js');
  const { packQuote } = await built('domain/pack.js');
  const market = new BenchMarket(strikes);
  const history = new SessionHistory(SESSION_START);
  const map = new MapTable();
  const sql = await Sql.open(':memory:');
  await createRows(sql);
  const insert = prepareInsert(sql);
  for (let minute = 0; minute < slots; minute++) {
    market.step();
    const snapshot = packQuote(
      market.quote(),
      SESSION_START + minute * MINUTE,
      SESSION_START + minute * MINUTE,
      'live',
    );
    history.add(snapshot);
    map.add(snapshot);
    await insertMinute(sql, insert, snapshot);
  }
  return { history, map, sql };
}

/** The peers are only peers while they give the same numbers. */
function mustAgree(ours, theirs, who) {
  ours.rows.forEach((row, i) => {
    for (const side of ['call', 'put']) {
      const [a, b] = [row[side], theirs[i]?.[side]];
      const same = a.oi === b?.oi && a.changes.every((change, w) => change?.abs === b.changes[w]?.abs);
      if (!same) throw new Error(`${who} disagrees at ${row.strike} ${side}`);
    }
  });
}

async function measure(strikes, slots, { rounds, times }) {
  const { computeTable } = await built('domain/table.js');
  const { history, map, sql } = await session(strikes, slots);
  const slot = history.latest().slot;
  const statement = prepareTable(sql);
  const ways = {
    ours: () => computeTable({ underlying: UNDERLYING_INFO, expiry: EXPIRY, history, slot, seq: 1 }),
    map: () => map.rows(),
    sql: () => sqlTable(statement, slot),
  };
  mustAgree(ways.ours(), ways.map(), 'the Map of objects');
  mustAgree(ways.ours(), await ways.sql(), 'SQL');
  const samples = { ours: [], map: [], sql: [] };
  for (let round = 0; round <= rounds; round++)
    for (const [way, work] of Object.entries(ways))
      for (let i = 0; i < times; i++) {
        const { ms } = await timed(work);
        // The first round warms up.
        if (round > 0) samples[way].push(ms);
      }
  return samples;
}

export async function run({ runs, quick }) {
  const rows = [];
  const sizes = quick ? [13, 125] : [13, 125, 1_250];
  for (const strikes of sizes) {
    const times = strikes > 1_000 ? 3 : 20;
    const { ours, map, sql } = await measure(strikes, strikes > 1_000 ? 120 : SESSION_SLOTS, {
      rounds: runs,
      times,
    });
    const legs = `${2 * strikes} legs`;
    const goalAt = strikes === 125 ? { ratio: 0.1 } : {};
    rows.push(
      line(`${legs}, median`, 'ms', median(ours), { peer: median(map), against: 'Map + find', ...goalAt }),
    );
    rows.push(
      line(`${legs}, median`, 'ms', median(ours), {
        peer: median(sql),
        against: 'SQL self-joins',
        ...goalAt,
      }),
    );
    const worst = percentile(ours, 0.99);
    rows.push(line(`${legs}, p99`, 'ms', worst, { peer: percentile(map, 0.99), against: 'Map + find' }));
    rows.push(line(`${legs}, p99`, 'ms', worst, { peer: percentile(sql, 0.99), against: 'SQL self-joins' }));
  }
  return { rows };
}
