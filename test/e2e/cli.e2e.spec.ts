import { jest } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cleanUp, runCli, settings, start, cliScript, tempFolder } from '../support/harness.js';
import { describeWithData } from '../support/shared-data.js';
import { readDay } from '../support/truth/index.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

afterAll(() => cleanUp());

/** An address on this machine where nobody listens: a command must not need the network. */
const nobody = 'http://127.0.0.1:9';
const offline = { UPSTOX_API_URL: nobody, UPSTOX_LOGIN_URL: nobody, UPSTOX_ASSETS_URL: nobody };

describe('the command line', () => {
  it('should explain itself and end well', async () => {
    const { code, output } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const command of ['contracts', 'days', 'simulate', 'demo', 'doctor'])
      expect(output).toContain(command);
  });

  it('should end with an error for a command that it does not know', async () => {
    const { code, output } = await runCli(['contrats']);
    expect(code).not.toBe(0);
    expect(output).toMatch(/contrats/);
  });

  it.each([
    ['a file that does not exist', null],
    ['a file that is no gzip', Buffer.from('this is a letter')],
    ['a file that is no JSON', gzipSync('this is a letter')],
    ['an empty list', gzipSync('[]')],
    ['an empty file', Buffer.alloc(0)],
  ])('should refuse to import %s in one clear line', async (_name, content) => {
    const folder = tempFolder();
    const file = join(folder, 'master.json.gz');
    if (content) writeFileSync(file, content);
    const { code, output } = await runCli(['contracts', 'import', '--file', file], settings(folder));
    expect(code).not.toBe(0);
    expect(output).not.toMatch(/\bat .*\.js:\d+/);
    expect(output.trim()).not.toBe('');
  });

  it('should name every bad setting at once', async () => {
    const { code, output } = await runCli(['doctor'], { PORT: 'high', CLOCK_RATE: '-1' });
    expect(code).not.toBe(0);
    expect(output).toMatch(/PORT/);
    expect(output).toMatch(/CLOCK_RATE/);
  });

  it('should examine a house without a broker and say so', async () => {
    const { code, output } = await runCli(['doctor'], { ...settings(tempFolder()), ...offline });
    expect(code).not.toBe(0);
    expect(output).toMatch(/PROBLEM broker/);
    expect(output).toMatch(/ok\s+configuration/);
    expect(output).toMatch(/note\s+database: .*tracker\.db is not there yet/);
  });

  it('should find all well beside a simulator', async () => {
    const folder = tempFolder();
    const simulator = start([cliScript, 'simulate', '--port', '0', '--rate', '1'], {}, folder);
    const url = await simulator.printed(/simulator on (http:\/\/127\.0\.0\.1:\d+)/);
    const printed = await simulator.printed(/^ +(UPSTOX_API_URL=.*) npm start$/m);
    const settled = Object.fromEntries(
      printed.split(' ').map((pair) => pair.split('=', 2) as [string, string]),
    );
    const broker = { ...settled, UPSTOX_ACCESS_TOKEN: 'demo' };
    const imported = await runCli(['contracts', 'import'], { ...settings(folder), ...broker });
    expect(imported).toMatchObject({ code: 0 });
    const { code, output } = await runCli(['doctor'], { ...settings(folder), ...broker });
    expect(output).toMatch(/ok\s+token/);
    expect(code).toBe(0);
    // On a clock of its own it would store nothing: the simulator has another time.
    const real = { UPSTOX_API_URL: url, UPSTOX_ASSETS_URL: url, UPSTOX_ACCESS_TOKEN: 'demo' };
    const alone = await runCli(['doctor'], { ...settings(folder), ...real });
    expect(alone.code).toBe(1);
    expect(alone.output).toMatch(
      /PROBLEM clock: .*from the broker's[^]*CLOCK_START, CLOCK_SINCE and CLOCK_RATE/,
    );
    expect(await simulator.stop()).toBe(0);
  });

  it('should refuse a start time and a rate that make no sense', async () => {
    const late = await runCli(['simulate', '--start', '25:00', '--port', '0']);
    expect(late.code).not.toBe(0);
    expect(late.output).toMatch(/HH:MM/);
    const backwards = await runCli(['simulate', '--rate', '-3', '--port', '0']);
    expect(backwards.code).not.toBe(0);
    expect(backwards.output).toMatch(/rate/);
  });
});

describeWithData(
  'the command line with real files',
  {
    master: 'instruments/upstox-subset-2026-08-18.json.gz',
    day: 'days/nifty-2026-08-20-irregular.csv.gz',
  },
  (files) => {
    const folder = tempFolder();
    const importing = (file: string) => runCli(['contracts', 'import', '--file', file], settings(folder));

    beforeAll(async () => {
      const { code, output } = await importing(files.master);
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toMatch(/contracts of 5 underlyings/);
      expect(output).toMatch(/added 3,\d\d\d/);
      expect(output).toMatch(/refused rows: 0/);
    });

    it('should show how far it is, and take only the exchanges that were asked for', async () => {
      const fresh = tempFolder();
      const only = ['contracts', 'import', '--file', files.master, '--exchange'];
      const unknown = await runCli([...only, 'NSE,NYSE'], settings(fresh));
      expect(unknown.code).toBe(1);
      expect(unknown.output).toContain('--exchange takes NSE, BSE, MCX; not NYSE.');
      const { code, output } = await runCli([...only, 'nse'], settings(fresh));
      expect(code).toBe(0);
      expect(output).toMatch(/contracts \(KiB read\) \[=+\] 100%/);
      expect(output).toMatch(/contracts of 5 underlyings \(NSE\),/);
    });

    it('should change nothing when the same list comes again', async () => {
      const { code, output } = await importing(files.master);
      expect(code).toBe(0);
      expect(output).toMatch(/added 0, expired 0, moved to another expiry 0, re-keyed 0, lot size changed 0/);
    });

    it('should refuse a truncated list and keep the old one', async () => {
      const cut = join(folder, 'cut.json.gz');
      const whole = readFileSync(files.master);
      writeFileSync(cut, whole.subarray(0, Math.floor(whole.length * 0.6)));
      const { code, output } = await importing(cut);
      expect(code).not.toBe(0);
      expect(output).toMatch(/cut short|truncated|incomplete|breaks off/i);
      const again = await importing(files.master);
      expect(again.output).toMatch(/added 0, expired 0/);
    });

    it('should import a day, say what it refused, and store nothing twice', async () => {
      const first = await runCli(['days', 'import', files.day], settings(folder));
      expect(first).toMatchObject({ code: 0 });
      expect(first.output).toMatch(/36 slots stored, 0 were there already, 0 refused/);
      const second = await runCli(['days', 'import', files.day], settings(folder));
      expect(second).toMatchObject({ code: 0 });
      expect(second.output).toMatch(/0 slots stored, 36 were there already/);
    });

    it('should export what it imported, row by row', async () => {
      const out = join(folder, 'out.csv.gz');
      const which = ['--underlying', 'NIFTY', '--date', '2026-08-20', '--out', out];
      expect(await runCli(['days', 'export', ...which], settings(folder))).toMatchObject({ code: 0 });
      expect(readDay(out)).toEqual(readDay(files.day));
    });

    it('should refuse a day that is cut short and store nothing of it', async () => {
      const fresh = tempFolder();
      mkdirSync(join(fresh, 'x'));
      const cut = join(fresh, 'x', 'day.csv.gz');
      const whole = readFileSync(files.day);
      writeFileSync(cut, whole.subarray(0, Math.floor(whole.length * 0.7)));
      await runCli(['contracts', 'import', '--file', files.master], settings(fresh));
      expect((await runCli(['days', 'import', cut], settings(fresh))).code).not.toBe(0);
      const which = ['--underlying', 'NIFTY', '--date', '2026-08-20', '--out', join(fresh, 'out.csv')];
      const exported = await runCli(['days', 'export', ...which], settings(fresh));
      expect(exported.code).not.toBe(0);
      expect(exported.output).toMatch(/Nothing of NIFTY/);
    });
  },
);
