import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { QualityReport } from '../../server/protocol/index.js';
import { cleanUp, serverScript, settings, start, startDemo, tempFolder, until } from '../support/harness.js';
import { nearestChain } from '../support/harness-chains.js';
import { closeSockets, metric, Visitor } from '../support/harness-client.js';
import { Watcher } from '../support/harness-watch.js';
import { MINUTE } from '../support/truth/index.js';

/** Faults of the process and the machine around it: time zones, sleep, a database that may not be opened. */

jest.setTimeout(300_000);

afterAll(async () => {
  closeSockets();
  await cleanUp();
});

describe('F22 a host in another time zone, on days on which its clocks change', () => {
  /** London's and New York's changes of 2026, and an ordinary Tuesday. */
  const DATES = ['2026-03-29', '2026-10-25', '2026-11-01', '2026-08-18'];
  const ZONES = ['Europe/London', 'America/New_York', 'UTC', 'Pacific/Auckland', 'America/St_Johns'];

  async function hashIn(TZ: string): Promise<{ host: string; hash: string }> {
    const child = new URL('fixtures/time-zone-child.mjs', import.meta.url).pathname;
    const program = start([child, join(tempFolder(), 'zone'), ...DATES], { TZ });
    const hash = await program.printed(/^hash: (\w{64})$/m, 120_000);
    return { host: await program.printed(/^host: (.*)$/m), hash };
  }

  it('should show, store and export to the last byte what a host in India does', async () => {
    const india = await hashIn('Asia/Kolkata');
    const hosts = new Set([india.host]);
    for (const zone of ZONES) {
      const { host, hash } = await hashIn(zone);
      hosts.add(host);
      expect(`${zone} ${hash}`).toBe(`${zone} ${india.hash}`);
    }
    // The zones were really in force.
    expect(hosts.size).toBe(ZONES.length + 1);
  });
});

describe('F23 a process that is stopped and goes on minutes later', () => {
  const RATE = 30;
  const STOPPED_MINUTES = 5;

  it('should catch up with one capture, rebuild or count the gap, and not burst', async () => {
    const house = await startDemo(['--start', '10:30', '--rate', String(RATE)], tempFolder(), {
      PINNED: ',',
    });
    const visitor = await Visitor.enter(house.url);
    const watcher = await Watcher.open(await visitor.socket(), await nearestChain(visitor, 'NIFTY'));
    await watcher.slots(4, 120_000);
    const before = watcher.table!.slot;
    const calls = (): Promise<number> => metric(visitor, 'oi_broker_calls_total', { api: 'option-chain' });
    const callsBefore = await calls();
    process.kill(house.program.pid, 'SIGSTOP');
    const stopped = performance.now();
    // The market goes on without the process: this is the time it loses.
    await until('the lost minutes', () => performance.now() - stopped > (STOPPED_MINUTES * MINUTE) / RATE);
    process.kill(house.program.pid, 'SIGCONT');
    const after = await watcher.when('a capture after the stop', ({ slot }) => slot > before + 3 * MINUTE);
    const lost = (after.slot - before) / MINUTE;
    expect((await calls()) - callsBefore).toBeLessThanOrEqual(lost - 1);
    const newer = await watcher.when('two more', ({ slot }) => slot >= after.slot + 2 * MINUTE);
    const date = new Date(newer.slot + 330 * MINUTE).toISOString().slice(0, 10);
    const report = await visitor.get<QualityReport>(`/api/quality?date=${date}`);
    const chain = report.chains.find((one) => one.expiry === watcher.chain.expiry && one.symbol === 'NIFTY');
    expect(chain).toBeDefined();
    const numbers = watcher.tables.map(({ seq }) => seq);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    // Nothing of the gap is unaccounted for: rebuilt from candles, or missed.
    expect(chain!.captured + chain!.backfilled + chain!.missed).toBeGreaterThanOrEqual(
      (newer.slot - before) / MINUTE,
    );
    expect(house.program.output).not.toMatch(/Unhandled|TypeError/);
    expect(await house.program.stop()).toBe(0);
  });
});

describe('F30 a database that the server may not use', () => {
  async function refused(env: Record<string, string>, args: string[] = []): Promise<string> {
    const program = start([...args, serverScript], env, tempFolder());
    expect(await program.exited).toBe(1);
    return program.output;
  }

  async function database(): Promise<{ folder: string; file: string }> {
    const folder = tempFolder();
    const program = start([serverScript], settings(folder), folder);
    await program.printed(/listening on (\S+)/);
    expect(await program.stop()).toBe(0);
    return { folder, file: join(folder, 'tracker.db') };
  }

  it('should end with one clear line where a newer version has written it', async () => {
    const { folder, file } = await database();
    const db = await new DataSource({ type: 'sqlite', database: file }).initialize();
    await db.query("INSERT INTO migrations (timestamp, name) VALUES (99, 'Future1900000000000')");
    await db.destroy();
    const output = await refused(settings(folder));
    expect(output).toMatch(/written by a newer version of OI Tracker \(it has Future1900000000000\)/);
    expect(output).not.toMatch(/\n\s+at /);
  });

  it('should end with one clear line where its folder belongs to somebody else', async () => {
    const { folder, file } = await database();
    chmodSync(file, 0o444);
    chmodSync(folder, 0o555);
    // Root may write everywhere; then the program is made to be nobody.
    const asNobody = 'data:text/javascript,process.setgid(65534);process.setuid(65534)';
    const output = await refused(settings(folder), process.getuid?.() === 0 ? ['--import', asNobody] : []);
    expect(output).toMatch(/Cannot (open|write) the database .*Check the path, its owner/);
    expect(output).not.toMatch(/\n\s+at /);
    chmodSync(folder, 0o755);
  });

  it('should end with one clear line where the file is no database', async () => {
    const { folder, file } = await database();
    writeFileSync(file, 'this is a letter, not a database. '.repeat(200));
    const output = await refused(settings(folder));
    expect(output).toMatch(/Cannot open the database/);
    expect(output).not.toMatch(/\n\s+at /);
  });
});

describe('S28 a broker that could be anybody', () => {
  it.each([
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ['UPSTOX_API_URL', 'http://api.example.org'],
    ['UPSTOX_LOGIN_URL', 'http://127.0.0.1.example.org'],
    ['UPSTOX_ASSETS_URL', 'http://assets.upstox.com'],
  ])('should keep the program from starting, by the name of the setting: %s=%s', async (name, value) => {
    const folder = tempFolder();
    const token = 'pl4nted-t0ken';
    const env = { ...settings(folder), UPSTOX_ACCESS_TOKEN: token, [name]: value };
    const program = start([serverScript], env, folder);
    await until('the end of the program', () => program.ended, 60_000);
    expect(await program.exited).toBe(1);
    expect(program.output).toContain(name);
    for (const secret of [token, 'only for this test', 'listening on'])
      expect(program.output).not.toContain(secret);
    expect(program.output).not.toMatch(/\n\s+at /);
    // It has not got as far as to make a database.
    expect(readdirSync(folder)).toEqual([]);
  });
});
