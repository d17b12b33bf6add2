import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { openDatabase } from '../../server/database/open.js';
import { MIGRATIONS } from '../../server/database/options.js';
import { addDays, isoIst, istDate } from '../../server/domain/slot.js';
import { readDay } from '../../server/snapshot/days/day-file.js';
import { bundleChild, CrashChild, Nursery, SIDES } from '../support/crash.js';
import { CrashLedger } from '../support/crash-ledger.js';
import { cleanUp, tempFolder } from '../support/harness.js';
import { until } from '../support/harness-program.js';
import { seeded } from '../support/seeded.js';
import { MINUTE } from '../support/truth/index.js';

/** Two minutes on two free cores; a machine that is busy with other things takes as many times longer. */
jest.setTimeout(1_800_000);

const WORK_KILLS = 180;
const MIGRATION_KILLS = 24;
/** Real ms, at most, from the chosen moment of a life to its end. */
const LIFE_MS = 200;
const SLOTS_OF_DAY = 40;
/** Calendar days of imports that retention leaves: those of the newest twenty-one lives. */
const KEPT_DAYS = 63;

const random = seeded('kills');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeAll(bundleChild);

afterAll(async () => {
  await CrashChild.killAll();
  await cleanUp();
});

const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;

/** A recorded day of a small chain, for import. */
function dayFile(folder: string, date: string): string {
  const file = join(folder, `${date}.csv`);
  const lines = ['ts_iso,underlying,spot,expiry,strike,ce_oi,ce_ltp,ce_volume,pe_oi,pe_ltp,pe_volume'];
  const open = Date.parse(`${date}T09:15:05+05:30`);
  for (let minute = 0; minute < SLOTS_OF_DAY; minute++)
    for (let strike = 100; strike <= 500; strike += 100)
      lines.push(
        [isoIst(open + minute * MINUTE), 'CRASHDAY', 300, addDays(date, 2), strike]
          .concat([650 + minute, 10, 1_000 + minute, 1_300 + strike, 9, 2_000 + minute])
          .join(','),
      );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

describe('F25 a server that is killed at any instant while it captures, imports and exports', () => {
  const folder = tempFolder();
  const file = join(folder, 'tracker.db');
  const ledger = new CrashLedger(file, random);
  let nursery: Nursery;
  const instants = new Map<string, number>();
  let imported = 0;

  beforeAll(() => {
    nursery = new Nursery(3);
  });

  /** One life: begins where the disk says that the last one ended. */
  async function live(n: number): Promise<string[]> {
    const side = SIDES[n % SIDES.length]!;
    if (side === 'pack') ledger.turnOver();
    const child = await nursery.next();
    const { date, start } = ledger.next();
    const days = [0, 1, 2].map((i) => dayFile(folder, addDays('2020-01-06', 3 * n + i)));
    const exportTo = join(folder, `export-${n % 3}.csv.gz`);
    const samples = ledger.samples();
    // Of what was imported, the newest lives' days stay; a captured day is never that old.
    const retentionDays = side === 'retention' ? daysBetween('2020-01-06', date) - 3 * n + KEPT_DAYS : 0;
    const job = { date, seed: ledger.seed, start, samples, days, exportTo, retentionDays };
    child.give({ kind: 'work', side, file, ...job });
    // When the countdown begins: at the start, when the work begins, at the first slot, or when the side work is done once.
    const moment = ['', 'R', 'A', 'A', side === 'nothing' ? 'A' : 'S'][n % 5]!;
    if (moment !== '') await child.said(moment);
    await pause(random.below(LIFE_MS));
    await child.kill();
    const name = `${side} ${moment || 'start'}`;
    instants.set(name, (instants.get(name) ?? 0) + 1);
    const complaints = ledger.judgeTables(samples, child);
    ledger.acknowledged(child);
    // Packing takes the minutes of past days away: there they must be in the packed days.
    complaints.push(...(await (side === 'pack' ? ledger.inspectAll() : ledger.inspect())));
    if (existsSync(exportTo)) for await (const { time } of readDay(exportTo)) expect(time).toBeGreaterThan(0);
    return complaints;
  }

  it('should lose, change and double nothing that it acknowledged, and compute every table anew as the checker does', async () => {
    const complaints: string[] = [];
    for (let n = 0; n < WORK_KILLS && complaints.length === 0; n++) complaints.push(...(await live(n)));
    expect(complaints).toEqual([]);
    process.stdout.write(
      `kills: ${JSON.stringify([...instants])}; ${ledger.size} slots acknowledged, ` +
        `${ledger.judged} tables judged, ${ledger.days.size} market days; ${ledger.packed} snapshots packed; ` +
        `${ledger.sweeps.size} minutes swept, ${ledger.sweeps.packed.size} of them packed\n`,
    );
    expect(ledger.size).toBeGreaterThan(WORK_KILLS);
    expect(ledger.judged).toBeGreaterThan(WORK_KILLS);
    // Each kind of write was really under way.
    expect(ledger.packed).toBeGreaterThan(0);
    expect(ledger.sweeps.size).toBeGreaterThan(0);
    expect(ledger.sweeps.packed.size).toBeGreaterThan(0);
  });

  it('should have stored whole imported days or nothing of them', async () => {
    const db = await new DataSource({ type: 'sqlite', database: file }).initialize();
    const rows: { slot: number }[] = await db.query(
      `SELECT slot FROM snapshot JOIN chain ON chain.id = chain_id WHERE underlying_key LIKE '%CRASHDAY%'`,
    );
    const packed: { date: string; snapshots: number }[] = await db.query(
      `SELECT date, snapshots FROM snapshot_day JOIN chain ON chain.id = chain_id WHERE underlying_key LIKE '%CRASHDAY%'`,
    );
    await db.destroy();
    const byDay = new Map<string, number>();
    for (const { slot } of rows) byDay.set(istDate(slot), (byDay.get(istDate(slot)) ?? 0) + 1);
    for (const { date, snapshots } of packed) byDay.set(date, (byDay.get(date) ?? 0) + snapshots);
    imported = byDay.size;
    expect(new Set(byDay.values())).toEqual(new Set([SLOTS_OF_DAY]));
    expect(imported).toBeGreaterThan(1);
  });

  it('should still hold every slot of every day, unchanged, at the end', async () => {
    expect(await ledger.inspectAll()).toEqual([]);
  });
});

describe('F32 a server that is killed while it brings an old database up to date', () => {
  it('should come back with the old schema or the new one, its data whole, and finish', async () => {
    const folder = tempFolder();
    const nursery = new Nursery(3);
    const ledger = new CrashLedger(join(folder, 'new.db'), random);
    await capture(ledger, nursery);
    const left = new Map<number, number>();
    for (let n = 0; n < MIGRATION_KILLS; n++) {
      const file = join(folder, `old-${n}.db`);
      const had = random.below(MIGRATIONS.length);
      await oldDatabase(file, had);
      const kept = await fill(file, ledger.file);
      const child = await nursery.next();
      child.give({ kind: 'migrate', file });
      await pause(random.below(60));
      await child.kill();
      const db = await new DataSource({ type: 'sqlite', database: file }).initialize();
      expect(await db.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      const [{ done }]: [{ done: number }] = await db.query('SELECT count(*) AS done FROM migrations');
      expect(done).toBeGreaterThanOrEqual(had);
      left.set(done, (left.get(done) ?? 0) + 1);
      await db.destroy();
      const mended = await openDatabase({ kind: 'sqlite', file });
      const names: { name: string }[] = await mended.query('SELECT name FROM migrations ORDER BY id');
      expect(names.map(({ name }) => name)).toEqual(MIGRATIONS.map(({ name }) => name));
      expect(await mended.query('SELECT note FROM keepsake')).toEqual([{ note: 'still here' }]);
      await mended.destroy();
      // To the last byte what the old version had, also where the kill was in the middle.
      expect(await hashes(file, kept)).toEqual(kept);
      if (n % 4 === 0 && had >= MIGRATIONS.length / 2)
        expect(await tablesOf(file, ledger, nursery)).toEqual([]);
    }
    process.stdout.write(`migrations done at the kill: ${JSON.stringify([...left])}\n`);
  });
});

/** A morning of two chains, in the newest schema. */
async function capture(ledger: CrashLedger, nursery: Nursery): Promise<void> {
  const child = await nursery.next();
  child.give({
    kind: 'work',
    side: 'nothing',
    file: ledger.file,
    seed: ledger.seed,
    ...ledger.next(),
    samples: [],
  });
  await until('some minutes', () => child.of('A').length >= 24, 120_000);
  await child.kill();
  ledger.acknowledged(child);
  expect(await ledger.inspect()).toEqual([]);
}

/** What is compared of a table: the columns that both schemas have. */
type Kept = Record<string, { columns: string; rows: number; hash: string }>;

const columnsOf = async (db: DataSource, schema: string, table: string): Promise<string[]> => {
  const rows: { name: string }[] = await db.query(`PRAGMA ${schema}.table_info(${table})`);
  return rows.map(({ name }) => name);
};

/** Puts into an old database what a newer one has, as far as the old schema goes. @returns what must stay as it is */
async function fill(file: string, from: string): Promise<Kept> {
  const db = await new DataSource({ type: 'sqlite', database: file }).initialize();
  await db.query('ATTACH $1 AS newer', [from]);
  await db.query('PRAGMA foreign_keys = OFF');
  const tables: { name: string }[] = await db.query(
    `SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'migrations'`,
  );
  const kept: Kept = {};
  for (const { name } of tables) {
    const newer = new Set(await columnsOf(db, 'newer', name));
    const columns = (await columnsOf(db, 'main', name)).filter((column) => newer.has(column)).join(', ');
    if (columns === '') continue;
    // What only the old version knows, and cannot be without: its text of the latest table.
    const needed: { name: string }[] = await db.query(
      `SELECT name FROM pragma_table_info('${name}', 'main') WHERE "notnull" AND dflt_value IS NULL AND NOT pk`,
    );
    const own = needed.filter((column) => !newer.has(column.name));
    const into = [columns, ...own.map((column) => column.name)].join(', ');
    const values = [columns, ...own.map(() => `'{}'`)].join(', ');
    await db.query(`INSERT OR REPLACE INTO main.${name} (${into}) SELECT ${values} FROM newer.${name}`);
    kept[name] = { columns, rows: 0, hash: '' };
  }
  await db.destroy();
  return hashes(file, kept);
}

async function hashes(file: string, kept: Kept): Promise<Kept> {
  const db = await new DataSource({ type: 'sqlite', database: file }).initialize();
  const found: Kept = {};
  for (const [table, { columns }] of Object.entries(kept)) {
    const rows: object[] = await db.query(`SELECT ${columns} FROM ${table} ORDER BY ${columns}`);
    const hash = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
    found[table] = { columns, rows: rows.length, hash };
  }
  await db.destroy();
  return found;
}

/** The tables that a server computes from a mended database, against the checker's. @returns the differences */
async function tablesOf(file: string, ledger: CrashLedger, nursery: Nursery): Promise<string[]> {
  const child = await nursery.next();
  const samples = ledger.samples();
  expect(samples.length).toBeGreaterThan(0);
  child.give({ kind: 'work', side: 'nothing', file, seed: ledger.seed, ...ledger.next(), samples });
  await child.said('R');
  await child.kill();
  return ledger.judgeTables(samples, child);
}

/** A database as an older version left it: its first migrations only, and something in it. */
async function oldDatabase(file: string, migrations: number): Promise<void> {
  const db = await new DataSource({
    type: 'sqlite',
    database: file,
    enableWAL: true,
    migrations: MIGRATIONS.slice(0, migrations),
  }).initialize();
  await db.runMigrations({ transaction: 'each' });
  await db.query('CREATE TABLE keepsake (note TEXT NOT NULL)');
  await db.query("INSERT INTO keepsake VALUES ('still here')");
  await db.destroy();
}

describe('the test itself', () => {
  it('should find a server that acknowledges before it commits', async () => {
    const ledger = new CrashLedger(join(tempFolder(), 'tracker.db'), random);
    const nursery = new Nursery(3);
    let lives = 0;
    let complaints: string[] = [];
    while (complaints.length === 0 && lives < 80) {
      lives += 1;
      const child = await nursery.next();
      const { date, start } = ledger.next();
      child.give({
        kind: 'work',
        side: 'nothing',
        early: true,
        file: ledger.file,
        ...{ date, seed: ledger.seed, start, samples: [] },
      });
      await child.said('A');
      await pause(random.below(LIFE_MS));
      await child.kill();
      ledger.acknowledged(child);
      complaints = await ledger.inspect();
    }
    process.stdout.write(
      `an early acknowledgement was found after ${lives} kills: ${complaints[0] ?? 'never'}\n`,
    );
    expect(complaints[0]).toMatch(/was acknowledged and is not there/);
  });
});
