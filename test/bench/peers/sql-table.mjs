/**
 * The delta table as polling tools compute it: one row per leg and minute in SQLite, and the newest minute joined with
 * the rows of that leg some minutes ago, once per window. Clustered by (slot, leg), so that it is at its best.
 */
import { MINUTE } from '../support/market.mjs';
import { inTransaction } from '../support/sql.mjs';

const WINDOWS = [3, 5, 10, 15, 30];

export async function createRows(sql) {
  await sql.exec(
    `CREATE TABLE leg (slot INTEGER, leg INTEGER, strike REAL, side TEXT, oi INTEGER, prev_oi INTEGER, ltp REAL,
     volume INTEGER, PRIMARY KEY (slot, leg)) WITHOUT ROWID`,
  );
}

/** Adds a minute of a chain. @param snapshot see server/domain/snapshot.ts */
export async function insertMinute(sql, insert, snapshot) {
  await inTransaction(sql, async () => {
    for (let leg = 0; leg < snapshot.oi.length; leg++)
      await insert.run(
        ...[snapshot.slot, leg, snapshot.strikes[leg >> 1], leg % 2 === 0 ? 'call' : 'put'],
        ...[snapshot.oi[leg], snapshot.prevOi[leg], snapshot.ltp[leg], snapshot.volume[leg]],
      );
  });
}

export const prepareInsert = (sql) => sql.prepare('INSERT INTO leg VALUES (?, ?, ?, ?, ?, ?, ?, ?)');

/** @returns a statement that takes the slot and then each base slot */
export function prepareTable(sql) {
  const columns = WINDOWS.map((w) => `b${w}.oi AS o${w}, b${w}.ltp AS l${w}, b${w}.slot AS s${w}`).join(', ');
  const joins = WINDOWS.map((w) => `LEFT JOIN leg b${w} ON b${w}.leg = now.leg AND b${w}.slot = ?`).join(' ');
  return sql.prepare(`SELECT now.*, ${columns} FROM leg now ${joins} WHERE now.slot = ? ORDER BY now.leg`);
}

/** The rows of a table with its changes, as `server/domain/delta-table.ts` has them. Bases: exactly the minutes before. */
export async function sqlTable(statement, slot) {
  const found = await statement.all(...WINDOWS.map((w) => slot - w * MINUTE), slot);
  const rows = [];
  for (let i = 0; i < found.length; i += 2)
    rows.push({ strike: found[i].strike, call: legOf(found[i]), put: legOf(found[i + 1]) });
  return rows;
}

function legOf(row) {
  const { oi, prev_oi: prevOi, ltp, volume } = row;
  const changes = WINDOWS.map((w) => {
    const base = row[`o${w}`];
    if (base === null) return null;
    const abs = oi - base;
    return { abs, pct: base === 0 ? null : (100 * abs) / base, baseSlot: row[`s${w}`] };
  });
  const day = oi - prevOi;
  return { oi, prevOi, ltp, volume, dayChange: { abs: day, pct: (100 * day) / prevOi }, changes };
}
