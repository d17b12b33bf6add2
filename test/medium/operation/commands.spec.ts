import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUp, cliScript, runCli, settings, tempFolder, until } from '../../support/harness.js';
import { realServer } from './real-server.js';

type RealServer = Awaited<ReturnType<typeof realServer>>;

/** Runs a command with something on its standard input. */
function runWithInput(
  args: string[],
  env: Record<string, string>,
  input: string,
): Promise<{ code: number | null; output: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [cliScript, ...args], {
    cwd: tempFolder(),
    env: { PATH, HOME, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

describe('commands beside a running server', () => {
  let server: RealServer;
  let env: Record<string, string>;
  const database = (): string => join(server.folder, 'tracker.db');
  afterEach(async () => {
    await cleanUp();
    await server.simulator.close();
  });
  const begin = async (more: Record<string, string> = {}): Promise<void> => {
    server = await realServer({ env: more });
    env = { ...server.settings, ...settings(server.folder) };
  };

  it('should give the server a token that it takes up within a minute, without a restart', async () => {
    // Empty means none: nobody is signed in, so nothing is collected.
    await begin({ UPSTOX_ACCESS_TOKEN: '' });
    expect(server.logged(/outcome=captured/)).toEqual([]);
    const added = await runWithInput(['token', 'add'], env, 'demo\n');
    expect(added.output).toMatch(
      /Accepted by the broker and stored: [0-9a-f]{8} {2}\S+ {2}cli {2}since .* until the broker says no/,
    );
    expect(added.code).toBe(0);
    await server.captures(1);
    const listed = await runCli(['token', 'list'], env);
    const id = /^([0-9a-f]{8}) {2}\S+ {2}cli/m.exec(listed.output)?.[1] ?? 'none';
    expect(listed.output).not.toContain('demo');
    expect((await runCli(['token', 'remove', id], env)).code).toBe(0);
    expect((await runCli(['token', 'list'], env)).output).toContain('No token is stored.');
    await until('the server to need a sign-in', async () => {
      const ready = (await (await fetch(`${server.url}/health/ready`)).json()) as {
        checks: { token: { ok: boolean } };
      };
      return !ready.checks.token.ok;
    });
  });

  it('should refuse a token that the broker does not take, and one on the command line', async () => {
    await begin({ UPSTOX_ACCESS_TOKEN: '' });
    const refused = await runWithInput(['token', 'add'], env, 'not-a-token');
    expect([refused.code, refused.output]).toEqual([
      1,
      expect.stringContaining('did not accept this access token'),
    ]);
    expect(refused.output).not.toContain('not-a-token');
    const seen = await runWithInput(['token', 'add', 'demo'], env, '');
    expect(seen.code).not.toBe(0);
    expect((await runCli(['token', 'list'], env)).output).toContain('No token is stored.');
  });

  it('should back the database up while it is written, refuse a restore then, and restore once the server has stopped', async () => {
    await begin();
    await server.captures(2);
    const out = join(server.folder, 'copy.db');
    const backup = await runCli(['backup', '--out', out], env);
    expect([backup.code, backup.output]).toEqual([0, expect.stringContaining('checked and intact')]);
    expect((await runCli(['backup', '--out', out], env)).output).toContain('exists already');
    const early = await runCli(['restore', '--from', out], env);
    expect([early.code, early.output]).toEqual([1, expect.stringContaining('is in use. Stop the tracker')]);
    await server.captures(3);
    await server.program.stop();
    const restored = await runCli(['restore', '--from', out], env);
    expect([restored.code, restored.output]).toEqual([0, expect.stringContaining('is now what')]);
    expect(
      (await readdir(server.folder)).filter((name) => name.startsWith('tracker.db.before-restore-')),
    ).toHaveLength(1);
    const doctor = await runCli(['doctor'], { ...env, DATABASE_URL: `sqlite:${database()}` });
    expect(doctor.output).toMatch(/ok\s+database: opens, \d+ captured slots, intact/);
  });

  it('should ask for PostgreSQL’s own tools there', async () => {
    await begin();
    const postgres = { ...env, DATABASE_URL: 'postgres://oi:s3cret@127.0.0.1:1/oi' };
    const answer = await runCli(['backup', '--out', join(server.folder, 'x.db')], postgres);
    expect(answer.code).toBe(1);
    expect(answer.output).toContain('pg_dump');
    expect(answer.output).not.toContain('s3cret');
  });
});
