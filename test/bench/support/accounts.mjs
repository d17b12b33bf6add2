import { MINUTE } from './market.mjs';
import { Sql } from './sql.mjs';

/**
 * Holds the report of a day against the rows on the disk.
 * @param report `GET /api/quality`; `slots` those of the time in question, of each chain of `symbols`
 * @returns how many slots came to what end, and every contradiction in words
 */
export async function account({ report, file, symbols, slots }) {
  const sql = await Sql.open(file);
  const totals = { captured: 0, backfilled: 0, refused: 0, missed: 0, before: 0 };
  const wrong = [];
  try {
    for (const chain of report.chains.filter(({ symbol }) => symbols.includes(symbol)))
      settle(chain, await rowsOf(sql, chain), { slots, totals, wrong });
    const [{ integrity_check: answer }] = await sql.all('PRAGMA integrity_check');
    if (answer !== 'ok') wrong.push(`integrity check: ${answer}`);
  } finally {
    await sql.close();
  }
  const chains = new Set(report.chains.map(({ symbol }) => symbol));
  for (const symbol of symbols) if (!chains.has(symbol)) wrong.push(`${symbol} is not in the report`);
  return { ...totals, wrong };
}

async function rowsOf(sql, { underlying, expiry }) {
  const chain = 'FROM chain JOIN ?? ON chain_id = chain.id WHERE underlying_key = ? AND expiry = ?';
  const of = (table, columns) =>
    sql.all(`SELECT ${columns} ${chain.replace('??', table)}`, [underlying, expiry]);
  return {
    stored: await of('snapshot', 'slot, source'),
    refused: await of('refusal', 'slot'),
    wanted: await of('wanted_since', 'slot'),
  };
}

/** One chain: every slot is captured, back-filled, refused or said to be missed, and the report's sums are those. */
function settle(chain, { stored, refused, wanted }, { slots, totals, wrong }) {
  const say = (words) => wrong.push(`${chain.symbol} ${chain.expiry}: ${words}`);
  const sourceOf = new Map(stored.map(({ slot, source }) => [slot, source]));
  if (sourceOf.size !== stored.length) say(`${stored.length - sourceOf.size} slots stored twice`);
  const refusedSlots = new Set(refused.map(({ slot }) => slot));
  const first = Math.min(...sourceOf.keys(), ...refusedSlots, ...wanted.map(({ slot }) => slot));
  const inGap = (slot) => chain.gaps.some(({ from, to }) => from <= slot && slot <= to);
  for (const slot of slots) {
    const source = sourceOf.get(slot);
    const ends = {
      captured: source !== undefined && source !== 1,
      backfilled: source === 1,
      refused: refusedSlots.has(slot) && source === undefined,
      missed: inGap(slot),
      // The report counts a chain from the slot from which it was wanted: of one that is pinned there is none before.
      before: slot < first,
    };
    const kinds = Object.keys(ends).filter((kind) => ends[kind]);
    for (const kind of kinds) totals[kind] += 1;
    if (kinds.length !== 1)
      say(`slot ${new Date(slot).toISOString()} is ${kinds.join(' and ') || 'nowhere'}`);
  }
  const live = stored.filter(({ source }) => source !== 1).length;
  const sums = { captured: live, backfilled: stored.length - live, refused: refused.length };
  for (const [kind, sum] of Object.entries(sums))
    if (chain[kind] !== sum) say(`${kind}: the report says ${chain[kind]}, the database ${sum}`);
  const missed = chain.gaps.reduce((sum, { from, to }) => sum + (to - from) / MINUTE + 1, 0);
  if (chain.missed !== missed) say(`missed: ${chain.missed}, but gaps of ${missed} slots`);
}
