import { OAuthStateStore } from '../../../server/auth/oauth-state.store.js';
import { BrokerError } from '../../../server/upstox/errors.js';
import { type Answer, errorCode, type House, jar, json, openHouse } from './house.js';

const REDIRECT = 'http://127.0.0.1:5000/callback';
const TYPED = { apiKey: 'my-key', apiSecret: 'my-s3cret' };
const GRANT = { accessToken: 'oauth-token', userId: 'AB1234', userName: 'Asha Rao' };
const MINUTE = 60_000;

let house: House;
beforeEach(async () => {
  house = await openHouse();
  house.broker.grants.set('good', GRANT);
});
afterEach(() => house.close());

const login = (cookie = '', body: unknown = TYPED) => house.post('/api/auth/login', { body, cookie });
const stateOf = (answer: Answer) => new URL(json(answer).redirectUrl as string).searchParams.get('state')!;
const back = (query: Record<string, string> | string, cookie = '') =>
  house.get(`/callback?${typeof query === 'string' ? query : new URLSearchParams(query).toString()}`, {
    cookie,
  });

function expectRedirect(answer: Answer, location: string): void {
  expect([answer.status, answer.headers.location]).toEqual([302, location]);
  if (location !== '/') expect(answer.cookies).toEqual([]);
}

describe('OAuth sign-in', () => {
  it('should lead to the broker and back into the tracker', async () => {
    const begun = await login();
    expect(begun.status).toBe(200);
    const url = new URL(json(begun).redirectUrl as string);
    expect([url.origin, url.searchParams.get('client_id')]).toEqual(['https://broker.example', 'my-key']);
    expect(url.searchParams.get('redirect_uri')).toBe(REDIRECT);
    const done = await back({ code: 'good', state: stateOf(begun) }, jar(begun));
    expectRedirect(done, '/');
    expect(house.broker.exchanges).toEqual([
      { code: 'good', clientId: 'my-key', clientSecret: 'my-s3cret', redirectUri: REDIRECT },
    ]);
    expect(json(await house.get('/api/auth/session', { cookie: jar(done) }))).toMatchObject({
      signedIn: true,
      method: 'oauth',
      name: 'Asha Rao',
      tokenExpiresAt: null,
    });
    expect(house.tokens.current()).toEqual({ accessToken: 'oauth-token', userId: 'AB1234' });
  });

  it('S06 should bind the state to the browser by a cookie that only the way back sees', async () => {
    expect((await login()).cookies).toEqual([
      expect.stringMatching(/^oi_oauth=[\w-]{43}; Max-Age=600; Path=\/callback; HttpOnly; SameSite=Lax$/),
    ]);
  });

  it('should give out a state of 256 random bits, another one every time', async () => {
    const states = new Set([stateOf(await login()), stateOf(await login()), stateOf(await login())]);
    expect(states.size).toBe(3);
    for (const state of states) expect(Buffer.from(state, 'base64url')).toHaveLength(32);
  });

  it('should let two tabs of one browser sign in', async () => {
    const first = await login();
    const second = await login(jar(first));
    house.broker.grants.set('too', GRANT);
    expectRedirect(await back({ code: 'good', state: stateOf(first) }, jar(second)), '/');
    expectRedirect(await back({ code: 'too', state: stateOf(second) }, jar(second)), '/');
  });

  it('should use key and secret of the configuration when none is typed in', async () => {
    const configured = await openHouse({ UPSTOX_CLIENT_ID: 'own-key', UPSTOX_CLIENT_SECRET: 'own-secret' });
    try {
      const answer = await configured.post('/api/auth/login', { body: {} });
      expect(new URL(json(answer).redirectUrl as string).searchParams.get('client_id')).toBe('own-key');
      expect((await configured.post('/api/auth/login')).status).toBe(200);
    } finally {
      await configured.close();
    }
  });

  it('should ask for key and secret when there is neither', async () => {
    expect(errorCode(await login('', {}))).toBe('bad-request');
  });

  it('should revoke and forget its token at sign-out', async () => {
    const begun = await login();
    const cookie = jar(await back({ code: 'good', state: stateOf(begun) }, jar(begun)));
    await house.post('/api/auth/logout', { cookie });
    expect(house.broker.loggedOut).toEqual(['oauth-token']);
    expect(house.tokens.state().hasToken).toBe(false);
  });

  it('should refuse to begin under a name that the broker does not lead back to', async () => {
    const answer = await house.post('/api/auth/login', {
      body: TYPED,
      headers: { host: `localhost:${house.port}` },
    });
    expect(json(answer)).toEqual({
      error: {
        code: 'bad-request',
        message: 'Open the tracker at http://127.0.0.1:5000 to sign in with Upstox.',
      },
    });
  });
});

describe('S06, S08 the way back from the broker', () => {
  it.each([
    '',
    'code=good',
    'state=x',
    'code=good&state=',
    'code=good&state=a&state=b',
    'code=good&__proto__[state]=x',
  ])('should go nowhere with a missing or odd state: %j', async (query) => {
    expectRedirect(await back(query, jar(await login())), '/?error=state');
    expect(house.broker.exchanges).toEqual([]);
  });

  it('should go nowhere with a wrong state', async () => {
    const begun = await login();
    expectRedirect(await back({ code: 'good', state: 'A'.repeat(43) }, jar(begun)), '/?error=state');
  });

  it('should go nowhere in another browser, and the state is used up by it', async () => {
    const [mine, theirs] = [await login(), await login()];
    expectRedirect(await back({ code: 'good', state: stateOf(mine) }, jar(theirs)), '/?error=state');
    expectRedirect(await back({ code: 'good', state: stateOf(mine) }, jar(mine)), '/?error=state');
    expect(house.broker.exchanges).toEqual([]);
  });

  it('should go nowhere in a browser without the cookie', async () => {
    expectRedirect(await back({ code: 'good', state: stateOf(await login()) }), '/?error=state');
  });

  it('should take a state once (replay)', async () => {
    const begun = await login();
    const query = { code: 'good', state: stateOf(begun) };
    expectRedirect(await back(query, jar(begun)), '/');
    expectRedirect(await back({ ...query, code: 'next' }, jar(begun)), '/?error=state');
    expect(house.broker.exchanges).toHaveLength(1);
  });

  it('should take a state for ten minutes', async () => {
    const [early, late] = [await login(), await login()];
    house.clock.advance(10 * MINUTE - 1);
    expectRedirect(await back({ code: 'good', state: stateOf(early) }, jar(early)), '/');
    house.clock.advance(1);
    expectRedirect(await back({ code: 'next', state: stateOf(late) }, jar(late)), '/?error=state');
  });

  it('should clear old states away at the next sign-in', async () => {
    await login();
    house.clock.advance(10 * MINUTE);
    await login();
    expect(await house.database.dataSource.query('SELECT state_hash FROM oauth_state')).toHaveLength(1);
  });

  it('should say denied when the person said no, with no text from outside', async () => {
    const answer = await back('error=access_denied%0d%0aX-Evil:1&error_description=%3Cscript%3E&state=x');
    expectRedirect(answer, '/?error=denied');
    expect(answer.headers['x-evil']).toBeUndefined();
  });

  it('should never lead to another site (open redirect)', async () => {
    const begun = await login();
    const query = `code=good&state=${stateOf(begun)}&next=//evil.example&redirect_uri=https://evil.example`;
    expectRedirect(await back(query, jar(begun)), '/');
  });

  it.each([
    ['refused', 'refused'],
    ['token-dead', 'refused'],
    ['unreachable', 'unreachable'],
    ['throttled', 'unreachable'],
    ['bad-answer', 'unreachable'],
  ] as const)('should tell a broker error of kind %s as %s', async (kind, code) => {
    house.broker.grants.set('bad', new BrokerError(kind, 'No.'));
    const begun = await login();
    expectRedirect(await back({ code: 'bad', state: stateOf(begun) }, jar(begun)), `/?error=${code}`);
    expect(house.tokens.state().hasToken).toBe(false);
  });

  it('should keep an unexpected failure to the log, without code or state', async () => {
    const begun = await login();
    await house.database.dataSource.query('DROP TABLE oauth_state');
    expectRedirect(await back({ code: 'good', state: stateOf(begun) }, jar(begun)), '/?error=internal');
    const log = house.lines.join('\n');
    expect(log).toContain('no such table');
    expect(log).not.toContain(stateOf(begun));
  });

  it('S15 should be limited per address', async () => {
    for (let i = 0; i < 20; i += 1) await back('code=x&state=y');
    expectRedirect(await back('code=x&state=y'), '/?error=too-many-requests');
  });
});

describe('API secrets are used once', () => {
  const kept = () => house.database.dataSource.query<unknown[]>('SELECT * FROM oauth_state');

  it('should be gone from the database when nobody came back in ten minutes, without another sign-in', async () => {
    await login();
    await login();
    const states = house.app.get(OAuthStateStore);
    house.clock.advance(10 * MINUTE - 1);
    expect(await states.sweep()).toBe(0);
    expect(await kept()).toHaveLength(2);
    house.clock.advance(1);
    expect(await states.sweep()).toBe(2);
    expect(await kept()).toEqual([]);
  });

  it('should be gone too when the clock has been set back since', async () => {
    await login();
    house.clock.set(house.clock.now() - 60 * MINUTE);
    await house.app.get(OAuthStateStore).sweep();
    expect(await kept()).toEqual([]);
  });

  it.each([
    ['it was right', 'code=good', '/'],
    ['the broker refused the code', 'code=bad', '/?error=refused'],
    ['the person said no', 'error=access_denied', '/?error=denied'],
    ['there is no code', 'x=y', '/?error=state'],
    ['the code is none', 'code=%00', '/?error=state'],
  ])('should be gone right after the way back: %s', async (_what, query, location) => {
    house.broker.grants.set('bad', new BrokerError('refused', 'No.'));
    const begun = await login();
    expect(await kept()).toHaveLength(1);
    expectRedirect(await back(`${query}&state=${stateOf(begun)}`, jar(begun)), location);
    expect(await kept()).toEqual([]);
  });

  it('should be gone after the way back of another browser, which gets nothing', async () => {
    const mine = await login();
    expectRedirect(await back({ code: 'good', state: stateOf(mine) }), '/?error=state');
    expect(await kept()).toEqual([]);
  });
});
