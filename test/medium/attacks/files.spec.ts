import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { generatedMarket, type Simulator, startSimulator } from '../../../server/simulator/index.js';
import { DAY_COLUMNS } from '../../../server/snapshot/days/day-file.js';
import { cleanUp, runCli, settings, tempFolder } from '../../support/harness.js';

const DAY = '2026-08-18';
const ASSETS = '/market-quote/instruments/exchange';

/** Ways to the outside of a folder: plain, encoded once and twice, with the other slash, absolute, cut short by NUL. */
const WAYS_OUT = [
  '../../../../../../etc/passwd',
  '..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
  '%252e%252e%252f%252e%252e%252fetc%252fpasswd',
  '..\\..\\..\\etc\\passwd',
  '..%5c..%5cetc%5cpasswd',
  '....//....//etc/passwd',
  '..%c0%af..%c0%afetc%c0%afpasswd',
  '/etc/passwd',
  '%2fetc%2fpasswd',
  'file:///etc/passwd',
  'NSE.json.gz%00',
  'NSE.json.gz%00.json.gz',
  '%00/etc/passwd',
  'NSE.json.gz/../../../../../../etc/passwd',
  '../NSE.json.gz%00',
  '.',
  '..',
  '%2e%2e',
  '__proto__.json.gz',
  'constructor.json.gz',
];

describe('S27 paths to the instrument lists of the simulator', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    const market = generatedMarket({ seed: 7, date: DAY });
    simulator = await startSimulator({ market, now: () => Date.parse(`${DAY}T10:30:00+05:30`) });
  });
  afterAll(() => simulator.close());

  /** Sent as it is: no client between that would tidy the path up. */
  const ask = (path: string): Promise<{ status: number; body: Buffer }> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ port: simulator.port, host: '127.0.0.1', path, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
      });
      outgoing.on('error', reject);
      outgoing.end();
    });

  it.each(WAYS_OUT)('should lead to no file: %s', async (way) => {
    for (const path of [`${ASSETS}/${way}`, `${ASSETS}/../${way}`, `/${way}`]) {
      const { status, body } = await ask(path);
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      expect(body.toString('latin1')).not.toMatch(/root:|node_modules|\bat .+:\d+:\d+/);
    }
  });

  it('should lead to the lists that there are', async () => {
    const { status, body } = await ask(`${ASSETS}/MCX.json.gz`);
    expect(status).toBe(200);
    expect(JSON.parse(gunzipSync(body).toString())).toEqual(expect.any(Array));
  });
});

describe('S27 files that the export of a day is told to write', () => {
  let folder: string;
  /** Where exports are to go, and nothing else is. */
  let outbox: string;
  beforeAll(async () => {
    folder = tempFolder();
    outbox = join(folder, 'outbox');
    mkdirSync(outbox);
    const day = join(folder, 'day.csv');
    const rows = ['10:00', '10:01'].map(
      (time, i) => `${DAY}T${time}:02+05:30,NIFTY,24000,${DAY},24000,650,10,${650 + i},650,10,${650 + i}`,
    );
    writeFileSync(day, [DAY_COLUMNS.join(','), ...rows, ''].join('\n'));
    expect(await runCli(['days', 'import', day], settings(folder))).toMatchObject({ code: 0 });
  });
  afterAll(() => cleanUp());

  const exported = (underlying: string, out: string, ...more: string[]) =>
    runCli(
      ['days', 'export', '--underlying', underlying, '--date', DAY, '--out', out, ...more],
      settings(folder),
      outbox,
    );
  /** Everything that is there, so that what is written anywhere shows. */
  const everything = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

  it.each(['../../../../etc/passwd', '..%2f..%2fetc%2fpasswd', 'NIFTY/../../x', '', "=cmd|' /C calc'!A0"])(
    'should be none for an underlying that is a path: %j',
    async (underlying) => {
      const before = everything();
      const { code, output } = await exported(underlying, join(outbox, 'day.csv.gz'));
      expect(code).toBe(1);
      expect(output).toContain(`No underlying ${underlying} in the instrument list.`);
      expect(output.trim().split('\n')).toHaveLength(1);
      expect(everything()).toEqual(before);
    },
  );

  it.each([
    [
      'in a folder that is not there',
      'missing/day.csv.gz',
      /^The folder missing is not there\. Make it first/,
    ],
    ['beyond a file', '../day.csv/x.csv', /day\.csv is not a folder\. Name a file in a folder\.$/],
    ['that is a folder', '.', /^\. is a folder\. Name a file in it\.$/],
    ['that is a folder, with a slash', '../outbox/', /outbox\/ is a folder\. Name a file in it\.$/],
    [
      'with a name that is too long',
      `${'x'.repeat(300)}.csv`,
      /cannot be written \(ENAMETOOLONG\)\. Name another/,
    ],
  ])('should not be written %s, which is said in one plain line', async (_where, out, words) => {
    const before = everything();
    const { code, output } = await exported('NIFTY', out);
    expect(code).toBe(1);
    expect(output.trim()).toMatch(words);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(everything()).toEqual(before);
  });

  it('should be held to the same when they are those of the previous OI', async () => {
    const before = everything();
    const { code, output } = await exported(
      'NIFTY',
      join(outbox, 'day.csv'),
      '--prev-oi-out',
      '../nowhere/x.csv',
    );
    expect(code).toBe(1);
    expect(output.trim()).toMatch(/^The folder \.\.\/nowhere is not there\./);
    expect(everything()).toEqual([...before, 'outbox/day.csv'].sort());
  });

  it('should replace a file when they are whole only, and leave it when there is nothing to export', async () => {
    const out = join(outbox, 'first.csv');
    writeFileSync(out, 'of yesterday');
    expect((await exported('NOTHING', out)).code).toBe(1);
    expect(readFileSync(out, 'utf8')).toBe('of yesterday');
    expect((await exported('NIFTY', out)).code).toBe(0);
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(3);
    expect(everything().filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('should not be written through a link that somebody has put where the unfinished file goes', async () => {
    const [victim, out] = [join(folder, 'victim.txt'), join(outbox, 'linked.csv')];
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, `${out}.partial`);
    expect((await exported('NIFTY', out)).code).toBe(0);
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(statSync(out).size).toBeGreaterThan(100);
    expect(everything().filter((name) => name.endsWith('.partial'))).toEqual([]);
  });
});
