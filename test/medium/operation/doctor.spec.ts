import { mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diagnose, type Finding } from '../../../server/commands/doctor/diagnose.js';
import type { Config } from '../../../server/config/config.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { openDatabase } from '../../../server/database/open.js';
import { cleanUp, runCli, serverScript, start } from '../../support/harness.js';

let dir: string;
let broker: Server;
/** `date`: the header; `null` is the moment of the answer. */
let answer: { status: number; date: string | null; body: object };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'oi-tracker-doctor-'));
  answer = {
    status: 200,
    date: null,
    body: { status: 'success', data: { exchange: 'NSE', status: 'NORMAL_OPEN', last_updated: 1 } },
  };
  broker = createServer((_request, response) => {
    const date = answer.date ?? new Date().toUTCString();
    response.writeHead(answer.status, { date, 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((ready) => broker.listen(0, '127.0.0.1', ready));
});
afterEach(async () => {
  broker.closeAllConnections();
  await new Promise((closed) => broker.close(closed));
  await cleanUp();
  await rm(dir, { recursive: true, force: true });
});

const file = (): string => join(dir, 'tracker.db');

const examine = (env: Record<string, string> = {}): Promise<Finding[]> => diagnose(configOf(env));

/** Takes the scripted broker for the real one, and not for a simulator. */
const examineLive = (): Promise<Finding[]> => {
  const config = configOf({});
  return diagnose({ ...config, upstox: { ...config.upstox, simulated: false } });
};

function configOf(env: Record<string, string>): Config {
  const url = `http://127.0.0.1:${(broker.address() as AddressInfo).port}`;
  const addresses = { UPSTOX_API_URL: url, UPSTOX_LOGIN_URL: url, UPSTOX_ASSETS_URL: url };
  return loadConfig({ DATABASE_URL: `sqlite:${file()}`, UPSTOX_ACCESS_TOKEN: 'demo', ...addresses, ...env });
}

const of = (findings: Finding[], what: Finding['what']): Finding => {
  const found = findings.find((finding) => finding.what === what);
  if (!found) throw new Error(`no finding about ${what}: ${JSON.stringify(findings)}`);
  return found;
};

async function emptyDatabase(): Promise<void> {
  await (await openDatabase({ kind: 'sqlite', file: file() })).destroy();
}

describe('doctor', () => {
  it('should find a house in order', async () => {
    await emptyDatabase();
    const findings = await examine();
    expect(findings.map(({ what, state }) => [what, state])).toEqual([
      ['address', 'ok'],
      ['database', 'ok'],
      ['instruments', 'warn'],
      ['token', 'ok'],
      ['broker', 'ok'],
      ['clock', 'ok'],
    ]);
    expect(of(findings, 'instruments').advice).toContain('contracts import');
  });

  it('should say that there is no database yet, and make none', async () => {
    expect(of(await examine(), 'database')).toMatchObject({
      state: 'warn',
      advice: expect.stringContaining('start') as string,
    });
    expect(await readdir(dir)).toEqual([]);
  });

  it('should find a broker that cannot be reached', async () => {
    await emptyDatabase();
    const dead = { UPSTOX_API_URL: 'http://127.0.0.1:9', UPSTOX_LOGIN_URL: 'http://127.0.0.1:9' };
    const finding = of(await examine(dead), 'broker');
    expect(finding).toMatchObject({
      state: 'bad',
      detail: expect.stringContaining('cannot be reached') as string,
    });
    expect(finding.advice).toContain('internet connection');
  });

  it('should find a dead token, and not show it', async () => {
    await emptyDatabase();
    answer.status = 401;
    answer.body = { status: 'error', errors: [{ errorCode: 'UDAPI100050', message: 'Invalid token used' }] };
    const findings = await examine({ UPSTOX_ACCESS_TOKEN: 'dead-s3cret-token' });
    expect(of(findings, 'token')).toMatchObject({
      state: 'bad',
      advice: expect.stringContaining('Sign in') as string,
    });
    expect(JSON.stringify(findings)).not.toContain('s3cret');
  });

  it('should miss a token', async () => {
    await emptyDatabase();
    expect(of(await examine({ UPSTOX_ACCESS_TOKEN: '' }), 'token')).toMatchObject({
      state: 'warn',
      advice: expect.stringContaining('token add') as string,
    });
  });

  it('should find a file that is no database', async () => {
    await writeFile(file(), 'no database'.repeat(500));
    expect(of(await examine(), 'database')).toMatchObject({
      state: 'bad',
      advice: expect.stringContaining('restore') as string,
    });
  });

  it('should find a database with damaged pages', async () => {
    await emptyDatabase();
    const { size } = await stat(file());
    const handle = await open(file(), 'r+');
    for (let offset = 3 * 4096; offset < size; offset += 4096)
      await handle.write(Buffer.alloc(512, 0xa5), 0, 512, offset);
    await handle.close();
    expect(of(await examine(), 'database')).toMatchObject({
      state: 'bad',
      detail: expect.stringMatching(/damaged|malformed/) as string,
      advice: expect.stringContaining('restore') as string,
    });
  });

  it('should find a database of a newer version', async () => {
    const db = await openDatabase({ kind: 'sqlite', file: file() });
    await db.query(`INSERT INTO migrations (timestamp, name) VALUES (9000000000000, 'Future9000000000000')`);
    await db.destroy();
    expect(of(await examine(), 'database')).toMatchObject({
      state: 'bad',
      detail: expect.stringContaining('newer version') as string,
    });
  });

  it.each([
    [3_000, 'warn'],
    [60_000, 'bad'],
  ])('should find a clock that is %d ms from the broker’s to be %s', async (skew, state) => {
    await emptyDatabase();
    answer.date = new Date(Date.now() - skew).toUTCString();
    expect(of(await examineLive(), 'clock')).toMatchObject({
      state,
      advice: expect.stringContaining('NTP') as string,
    });
  });

  it('should say of a simulator’s time how to take it over', async () => {
    await emptyDatabase();
    answer.date = new Date(Date.now() - 60_000).toUTCString();
    expect(of(await examine(), 'clock')).toMatchObject({
      state: 'bad',
      advice: expect.stringContaining('CLOCK_START') as string,
    });
  });

  it('should find an address that others can read along on', async () => {
    await emptyDatabase();
    const findings = await examine({ HOST: '0.0.0.0', UPSTOX_REDIRECT_URI: 'http://10.0.0.5:5000/callback' });
    expect(of(findings, 'address')).toMatchObject({ state: 'warn' });
  });

  it('should leave a refused start with one clear line and exit code 1 (F30)', async () => {
    await writeFile(file(), 'no database'.repeat(500));
    const program = start([serverScript], { PORT: '0', DATABASE_URL: `sqlite:${file()}` }, dir);
    expect(await program.exited).toBe(1);
    expect(program.lines).toEqual([expect.stringMatching(/^Cannot open the database .*NOTADB/)]);
  });

  it('should name every variable of a bad configuration, and exit with 1', async () => {
    const env = { PORT: 'web', CLOCK_RATE: '0', TRACKER_SECRET: 's3cret' };
    const { code, output } = await runCli(['doctor'], env, dir);
    expect(code).toBe(1);
    expect(output).toMatch(/PROBLEM configuration:/);
    for (const name of Object.keys(env)) expect(output).toContain(`${name}: must`);
    expect(output).not.toContain('s3cret');
  });
});
