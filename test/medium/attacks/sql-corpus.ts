import { DataSource } from 'typeorm';
import type { Fort } from './fort.js';

/** Words that do something where they reach SQL as they are, or are taken for what they are not on the way there. */
export const SQL_CORPUS: readonly string[] = [
  ...[
    "'",
    "''",
    '"',
    ';',
    '--',
    '/*',
    '\\',
    '%',
    '_',
    '%27',
    'NIFTY%',
    "NIFTY' --",
    "x' OR '1'='1",
    '1 OR 1=1',
  ],
  ...["'; DROP TABLE snapshot; --", "' UNION SELECT cipher, nonce FROM broker_token --", '$1', '?', ':at'],
  ...["' AND (SELECT count(*) FROM sqlite_master) > 0 --", "'||(SELECT name FROM sqlite_master)||'"],
  ...[
    "2026-08-18' OR '1'='1",
    "2026-08-18'; PRAGMA writable_schema=1; --",
    "'; ATTACH DATABASE '/tmp/x' AS x; --",
  ],
  ...['{"$ne":null}', '[object Object]', 'NaN', '-1', '1e9', '0x10', '１２', 'null', 'undefined', '\u0000'],
  ...['٣', '2026-08-18T10:00:00+05:30; --', "load_extension('x')", "'; SELECT pg_sleep(10); --", '\uFFFF'],
];

/** How many rows each table has. */
export async function rowsOfTables(fort: Fort): Promise<Record<string, number>> {
  const db = fort.app.get(DataSource);
  const tables: { name: string }[] = await db.query(
    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
  );
  const rows: Record<string, number> = {};
  for (const { name } of tables)
    rows[name] = ((await db.query(`SELECT count(*) AS n FROM "${name}"`)) as { n: number }[])[0]!.n;
  // The collector goes on meanwhile (the sweep is off here).
  delete rows['snapshot'];
  return rows;
}
