import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SESSION_IDLE_MS, SESSION_LIFE_MS } from '../../../server/auth/sign-in.js';
import { BrokerError } from '../../../server/upstox/errors.js';
import { errorCode, type House, jar, json, openHouse, START } from './house.js';

const HOUR = 3_600_000;
/** The first 03:30 IST after START. */
const NEXT_EXPIRY = Date.UTC(2026, 7, 18, 22, 0);

const jwt = (claims: object): string =>
  ['{"alg":"none"}', JSON.stringify(claims)]
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.') + '.x';

const ACCESS = jwt({ sub: 'AB1234', exp: NEXT_EXPIRY / 1000 });

let house: House;
beforeEach(async () => {
  house = await openHouse();
  house.broker.profiles.set(ACCESS, { userId: 'AB1234', userName: 'Asha Rao' });
});
afterEach(() => house.close());

const paste = (accessToken: string, cookie = '') =>
  house.post('/api/auth/token', { body: { accessToken }, cookie });

describe('a pasted token', () => {
  it('should be accepted when the broker knows whose it is', async () => {
    const answer = await paste(ACCESS);
    expect(answer.status).toBe(200);
    const expected = {
      signedIn: true,
      method: 'token',
      name: 'Asha Rao',
      tokenExpiresAt: NEXT_EXPIRY,
      simulated: false,
      redirectUri: 'http://127.0.0.1:5000/callback',
      viewerPassphrase: false,
    };
    expect(json(answer)).toEqual(expected);
    expect(json(await house.get('/api/auth/session', { cookie: jar(answer) }))).toEqual(expected);
    expect(house.tokens.current()).toEqual({ accessToken: ACCESS, userId: 'AB1234' });
  });

  it('should set a cookie that scripts and other sites cannot use', async () => {
    const [cookie] = (await paste(ACCESS)).cookies;
    expect(cookie).toMatch(/^oi_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it('should be accepted as an Analytics Token when only the market may be read with it', async () => {
    const yearly = jwt({ sub: 'AB1234', exp: START / 1000 + 365 * 86_400 });
    house.broker.profiles.set(yearly, new BrokerError('refused', 'Static IP needed.', 'UDAPI1154', 403));
    house.broker.statuses.set(yearly, 'NORMAL_OPEN');
    expect(json(await paste(yearly))).toMatchObject({
      signedIn: true,
      name: 'AB1234',
      tokenExpiresAt: START + 365 * 24 * HOUR,
    });
  });

  it('should be refused when the broker refuses it', async () => {
    const answer = await paste('no-such-token');
    expect([answer.status, errorCode(answer), answer.cookies]).toEqual([401, 'broker-refused', []]);
    expect(house.tokens.state().hasToken).toBe(false);
  });

  it('should be refused without a call when it has expired', async () => {
    const old = jwt({ sub: 'AB1234', exp: START / 1000 - 1 });
    house.broker.profiles.set(old, { userId: 'AB1234', userName: 'Asha' });
    expect(errorCode(await paste(old))).toBe('broker-refused');
  });

  it.each(['unreachable', 'throttled', 'bad-answer'] as const)(
    'should not be accepted unchecked when the broker is %s',
    async (kind) => {
      house.broker.profiles.set(ACCESS, new BrokerError(kind, 'The broker does not answer.'));
      expect(errorCode(await paste(ACCESS))).toBe('broker-unreachable');
      expect(house.tokens.current()).toBeNull();
    },
  );

  it('should be stored once though pasted twice', async () => {
    await paste(ACCESS);
    await paste(ACCESS);
    expect(await house.database.dataSource.query('SELECT id FROM broker_token')).toHaveLength(1);
  });

  it.each([
    ['no body', undefined],
    ['a number', { accessToken: 5 }],
    ['blanks', { accessToken: '   ' }],
    ['a line break', { accessToken: 'a\r\nX-Evil: 1' }],
    ['an unknown field', { accessToken: ACCESS, admin: true }],
    ['a long one', { accessToken: 'x'.repeat(5000) }],
  ])('should be refused as %s', async (_what, body) => {
    const answer = await house.post('/api/auth/token', { body });
    expect([answer.status, errorCode(answer)]).toEqual([400, 'bad-request']);
  });

  it('should be asked for at most 20 times a minute from one address', async () => {
    for (let i = 0; i < 20; i += 1) expect((await paste('guess')).status).toBe(401);
    expect(errorCode(await paste(ACCESS))).toBe('too-many-requests');
    house.clock.advance(60_000);
    expect((await paste(ACCESS)).status).toBe(200);
  });

  it('should keep control characters out of the name', async () => {
    house.broker.profiles.set(ACCESS, { userId: 'AB1234', userName: 'A\u0000\u202e<b>\n'.padEnd(300, 'z') });
    const { name } = json(await paste(ACCESS)) as { name: string };
    expect(name).toMatch(/^A<b>z+$/);
    expect(name).toHaveLength(80);
  });
});

describe('a session', () => {
  it('should be needed behind the guard', async () => {
    expect(errorCode(await house.get('/api/probe'))).toBe('sign-in-needed');
    expect(errorCode(await house.get('/api/probe', { cookie: `oi_session=${'x'.repeat(43)}` }))).toBe(
      'sign-in-needed',
    );
    expect(json(await house.get('/api/probe', { cookie: jar(await paste(ACCESS)) }))).toEqual({
      user: 'AB1234',
    });
  });

  it('should get a new id at every sign-in, and the old one is worth nothing (session fixation)', async () => {
    const planted = `oi_session=${'A'.repeat(43)}`;
    const first = await paste(ACCESS, planted);
    expect(jar(first)).not.toBe(planted);
    expect((await house.get('/api/probe', { cookie: planted })).status).toBe(401);
    const second = await paste(ACCESS, jar(first));
    expect((await house.get('/api/probe', { cookie: jar(first) })).status).toBe(401);
    expect((await house.get('/api/probe', { cookie: jar(second) })).status).toBe(200);
    expect(house.ended.map((end) => end.code)).toEqual(['revoked']);
    expect(house.tokens.state().hasToken).toBe(true);
  });

  it('should end at sign-out for everything that uses it', async () => {
    const cookie = jar(await paste(ACCESS));
    const answer = await house.post('/api/auth/logout', { cookie });
    expect(answer.status).toBe(200);
    expect(json(answer)).toMatchObject({ signedIn: false, method: null, name: null });
    expect(answer.cookies[0]).toMatch(/^oi_session=; Max-Age=0; Path=\//);
    expect((await house.get('/api/probe', { cookie })).status).toBe(401);
    expect(house.ended).toEqual([{ idHash: expect.stringMatching(/^[0-9a-f]{64}$/), code: 'signed-out' }]);
  });

  it('should be without complaint when one signs out twice', async () => {
    const cookie = jar(await paste(ACCESS));
    await house.post('/api/auth/logout', { cookie });
    expect((await house.post('/api/auth/logout', { cookie })).status).toBe(200);
  });

  it('should take its token along when it was the last of that token, and not revoke what was pasted', async () => {
    const [one, two] = [jar(await paste(ACCESS)), jar(await paste(ACCESS))];
    await house.post('/api/auth/logout', { cookie: one });
    expect(house.tokens.state().hasToken).toBe(true);
    await house.post('/api/auth/logout', { cookie: two });
    expect(house.tokens.state().hasToken).toBe(false);
    expect(await house.database.dataSource.query('SELECT id FROM broker_token')).toEqual([]);
    expect(house.broker.loggedOut).toEqual([]);
  });

  it('should expire after 12 hours without a request, and not while it is used', async () => {
    const cookie = jar(await paste(ACCESS));
    for (let i = 0; i < 3; i += 1) {
      house.clock.advance(SESSION_IDLE_MS - 1);
      expect((await house.get('/api/probe', { cookie })).status).toBe(200);
    }
    house.clock.advance(SESSION_IDLE_MS);
    expect((await house.get('/api/probe', { cookie })).status).toBe(401);
    expect(house.ended.map((end) => end.code)).toEqual(['expired']);
  });

  it('should expire after 30 days however busy it is', async () => {
    const cookie = jar(await paste(ACCESS));
    for (let spent = 0; spent < SESSION_LIFE_MS - 11 * HOUR; spent += 11 * HOUR) {
      expect((await house.get('/api/probe', { cookie })).status).toBe(200);
      house.clock.advance(11 * HOUR);
    }
    house.clock.set(START + SESSION_LIFE_MS);
    expect((await house.get('/api/probe', { cookie })).status).toBe(401);
  });

  it('should be swept away when expired, so that its sockets end without a request', async () => {
    await paste(ACCESS);
    expect(await house.sessions.sweep()).toBe(0);
    house.clock.advance(SESSION_IDLE_MS);
    expect(await house.sessions.sweep()).toBe(1);
    expect(house.ended.map((end) => end.code)).toEqual(['expired']);
  });

  it('should outlive a restart', async () => {
    const cookie = jar(await paste(ACCESS));
    const again = await openHouse({ DATABASE_URL: `sqlite:${house.database.file}` }, house.database.dir);
    try {
      expect(json(await again.get('/api/probe', { cookie }))).toEqual({ user: 'AB1234' });
      expect(again.tokens.current()).toEqual({ accessToken: ACCESS, userId: 'AB1234' });
    } finally {
      await again.close();
    }
  });
});

describe('the demo', () => {
  it('should take the token "demo" from a simulator, for a token that never expires', async () => {
    const demo = await openHouse({ UPSTOX_API_URL: 'http://127.0.0.1:9' });
    try {
      const answer = await demo.post('/api/auth/token', { body: { accessToken: 'demo' } });
      expect(json(answer)).toMatchObject({
        method: 'demo',
        name: 'Demo market',
        tokenExpiresAt: null,
        simulated: true,
      });
      await demo.post('/api/auth/logout', { cookie: jar(answer) });
      demo.clock.advance(400 * 24 * HOUR);
      expect(demo.tokens.current()?.accessToken).toBe('demo');
    } finally {
      await demo.close();
    }
  });
});

describe('secrets', () => {
  it('should be in no answer, no log line and no byte of the database folder', async () => {
    const answers = [await paste(ACCESS), await paste('wrong-s3cret-token')];
    house.broker.profiles.set('odd-s3cret-token', new BrokerError('bad-answer', 'Odd answer.'));
    answers.push(await paste('odd-s3cret-token'));
    answers.push(await house.post('/api/auth/token', { raw: '{"accessToken": "torn-s3cret-token' }));
    answers.push(
      await house.post('/api/auth/login', {
        body: { apiKey: 'my-key', apiSecret: 'api-s3cret' },
        headers: { host: '127.0.0.1' },
      }),
    );
    house.tokens.markDead({ accessToken: ACCESS, userId: 'AB1234' }, 'refused by the broker');
    await house.database.writeQueue.idle();
    const secrets = [ACCESS, 's3cret', jar(answers[0]!).slice('oi_session='.length)];
    const bodies = answers.map((answer) => answer.text).join('\n') + house.lines.join('\n');
    const files = await readdir(house.database.dir);
    expect(files).toEqual(expect.arrayContaining(['tracker.db', 'tracker.db-wal', 'tracker.key']));
    const stored = await Promise.all(files.map((file) => readFile(join(house.database.dir, file), 'latin1')));
    for (const secret of secrets)
      for (const text of [bodies, ...stored]) expect(text.includes(secret)).toBe(false);
    // What may be there is found, so the search works.
    expect(house.lines.join()).toContain('AB1234 signed in');
    expect(stored.join()).toContain('Asha Rao');
  });
});
