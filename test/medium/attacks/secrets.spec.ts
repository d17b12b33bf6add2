import { TokenPool } from '../../../server/auth/token-pool.js';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { closeSockets, connect, settled, watch } from '../../support/sockets.js';
import { type Answer, cookieOf, DAY, type Fort, json, NIFTY_KEY, openFort } from './fort.js';

/** Everything a person or the owner may type in, and what the broker gives for it. */
const PLANTED = {
  apiKey: 'planted-key-4471',
  apiSecret: 'planted-secret-9902',
  wrongToken: 'planted-token-3303',
  passphrase: 'planted passphrase 5505',
  wrongPassphrase: 'planted wrong guess 6606',
  secret: 'planted-tracker-secret-7707',
  code: 'planted-code-8808',
  state: 'S'.repeat(43),
};

let fort: Fort;
/** All that left the server: answers, with their headers, and what sockets were sent. */
const left: string[] = [];
/** Cookies are meant for the browser that gets them, and for nobody else. */
let own: string[] = [];
let passing: NodeJS.Timeout;

beforeAll(async () => {
  fort = await openFort({
    env: {
      ...{ TRACKER_SECRET: PLANTED.secret, VIEWER_PASSPHRASE: PLANTED.passphrase },
      ...{ UPSTOX_CLIENT_ID: PLANTED.apiKey, UPSTOX_CLIENT_SECRET: PLANTED.apiSecret },
    },
  });
  await fort.ready();
  // The broker's client waits between tries on this clock.
  passing = setInterval(() => fort.clock.advance(500), 20);
});
afterAll(async () => {
  clearInterval(passing);
  await fort.close();
});

async function asked(path: string, how: Parameters<Fort['ask']>[1] = {}): Promise<Answer> {
  const answer = await fort.ask(path, how);
  const { 'set-cookie': cookies, ...headers } = answer.headers;
  own.push(...((cookies as string[] | undefined) ?? []).map((line) => line.split(/[=;]/)[1]!));
  left.push(`${answer.text} ${JSON.stringify(headers)}`);
  return answer;
}

/** Signs in at the broker's page. @returns the cookie, and the token that the broker gave */
async function throughTheBroker(): Promise<string> {
  const body = { apiKey: PLANTED.apiKey, apiSecret: PLANTED.apiSecret };
  const begun = await fort.ask('/api/auth/login', {
    method: 'POST',
    body,
    headers: { host: 'localhost:5000' },
  });
  expect(begun.status).toBe(400);
  const host = { host: '127.0.0.1:5000' };
  const login = await fort.ask('/api/auth/login', { method: 'POST', body, headers: host });
  const dialog = await fetch(String(json(login).redirectUrl), { redirect: 'manual' });
  const back = new URL(dialog.headers.get('location')!);
  const answer = await asked(`${back.pathname}${back.search}`, { cookie: cookieOf(login), headers: host });
  expect([answer.status, answer.headers.location]).toEqual([302, '/']);
  own.push(back.searchParams.get('code')!, back.searchParams.get('state')!, cookieOf(login).split('=')[1]!);
  return cookieOf(answer);
}

describe('S12 planted secrets', () => {
  it('should be in no answer, no log line, no metric, no push and no byte on the disk', async () => {
    const cookie = await throughTheBroker();
    own.push(fort.app.get(TokenPool).current()!.accessToken);
    const post = { method: 'POST' };
    expect(
      (await asked('/api/auth/token', { ...post, body: { accessToken: PLANTED.wrongToken } })).status,
    ).toBe(401);
    await asked('/api/auth/passphrase', { ...post, body: { passphrase: PLANTED.wrongPassphrase } });
    await asked('/api/auth/passphrase', { ...post, body: { passphrase: PLANTED.passphrase } });
    await asked('/api/auth/token', { ...post, raw: `{"accessToken":"${PLANTED.wrongToken}"` });
    await asked('/api/auth/token', {
      ...post,
      body: { accessToken: PLANTED.wrongToken, more: PLANTED.apiSecret },
    });
    await asked(`/api/auth/nothing?token=${PLANTED.wrongToken}`, post);
    await asked(`/callback?code=${PLANTED.code}&state=${PLANTED.state}`);
    await asked(`/callback?error=${PLANTED.code}&state=${PLANTED.state}`);
    await asked('/api/auth/session', { cookie });
    await pushes(cookie);
    // The broker has trouble of every kind while tokens and codes are on their way.
    for (const status of [400, 401, 403, 429, 500]) {
      const message = `no: ${PLANTED.wrongToken} ${PLANTED.apiSecret}`;
      fort.simulator.faults.inject('profile', { type: 'status', status, message });
      fort.clock.advance(120_000);
      await asked('/api/auth/token', { ...post, body: { accessToken: PLANTED.wrongToken } });
    }
    fort.simulator.faults.clear();
    for (const path of ['/metrics', '/health/ready', '/health/live', '/api/quality', '/api/underlyings', '/'])
      await asked(path, { cookie });
    await asked('/api/auth/logout', { method: 'POST', cookie });

    const disk = await everyByte(join(fort.dir, 'data'));
    const logged = fort.lines.join('');
    expect(logged).toContain('signed in');
    own = own.filter((value) => value.length > 8);
    for (const [where, text] of [
      ['answers and pushes', left.join('\n')],
      ['the log', logged],
      ['the disk', disk],
      ['the printed configuration', `${inspect(fort.config, { depth: 9 })} ${JSON.stringify(fort.config)}`],
    ] as const)
      for (const [name, value] of Object.entries(PLANTED)) {
        // The API key is no secret: it stands in the address of the broker's page.
        if (name === 'apiKey' && where === 'the printed configuration') continue;
        for (const form of [value, encodeURIComponent(value), Buffer.from(value).toString('base64')])
          expect([where, name, text.includes(form)]).toEqual([where, name, false]);
      }
    for (const value of own)
      for (const [where, text] of [
        ['the log', logged],
        ['the disk', disk],
        ['answers', left.join('\n')],
      ] as const)
        expect([where, value, text.includes(value)]).toEqual([where, value, false]);
  });

  /** What a screen is sent, with a refused request among it. */
  async function pushes(cookie: string): Promise<void> {
    const socket = await connect(fort.url, { cookie, origin: fort.url });
    socket.onAny((...event) => left.push(JSON.stringify(event)));
    left.push(JSON.stringify(await watch(socket, { underlying: NIFTY_KEY, expiry: DAY })));
    left.push(JSON.stringify(await watch(socket, { underlying: PLANTED.wrongToken, expiry: DAY })));
    await settled(socket);
    closeSockets();
  }
});

describe('S10, S27 files', () => {
  it('should be readable by nobody else: database, write-ahead log, key', async () => {
    const folder = join(fort.dir, 'data');
    const names = await readdir(folder);
    expect(names).toEqual(expect.arrayContaining(['tracker.db', 'tracker.db-wal']));
    for (const name of names)
      expect([name, (await stat(join(folder, name))).mode & 0o077]).toEqual([name, 0]);
  });
});

describe('S12 metrics and health', () => {
  it('should name no person, no account and no path of this machine', async () => {
    await fort.signIn();
    for (const path of ['/metrics', '/health/ready', '/health/live']) {
      const { text } = await fort.ask(path);
      expect(text).not.toMatch(/DEMO01|Demo Trader|SIM[0-9A-F]{6}|@simulator|\/tmp\//);
    }
  });
});

describe('S17 markup and controls in names', () => {
  const EVIL = '<img src=x onerror=alert(1)>"\'</script><script>alert(2)</script>\u202e\u0000\u2028';

  it('should come from the broker as text without controls, in JSON that no browser takes for a page', async () => {
    fort.clock.advance(120_000);
    fort.simulator.faults.inject('profile', { type: 'status', status: 400, message: EVIL });
    const answer = await fort.ask('/api/auth/token', { method: 'POST', body: { accessToken: 'x1' } });
    expect(answer.headers).toMatchObject({
      ...{ 'content-type': 'application/json; charset=utf-8', 'x-content-type-options': 'nosniff' },
    });
    expect((json(answer).error as { message: string }).message).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}/u);
  });
});

/** All files of a folder in one text: as they are, whatever they hold. */
async function everyByte(folder: string): Promise<string> {
  const names = await readdir(folder);
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')))).join('\n');
}
