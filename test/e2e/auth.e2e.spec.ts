import { jest } from '@jest/globals';
import type { ErrorBody, LoginAnswer, SessionInfo } from '../../server/protocol/index.js';
import { cleanUp, startDemo, until, type House } from '../support/harness.js';
import { connect, cookiesOf, closeSockets, request, signIn, Visitor } from '../support/harness-client.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

describe('who may see the market', () => {
  let house: House;

  beforeAll(async () => {
    house = await startDemo(['--rate', '20'], undefined, { PINNED: ',' });
  });

  afterAll(async () => {
    closeSockets();
    await cleanUp();
  });

  const session = (cookie?: string) =>
    request<SessionInfo>(house.url, '/api/auth/session', cookie === undefined ? {} : { cookie });

  it.each([
    '/api/underlyings',
    '/api/underlyings/NSE_INDEX%7CNifty%2050/expiries',
    '/api/chains/NSE_INDEX%7CNifty%2050/2026-08-18/table',
    '/api/chains/NSE_INDEX%7CNifty%2050/2026-08-18/table.csv',
    '/api/quality',
  ])('should ask a stranger to sign in at %s', async (path) => {
    for (const cookie of [undefined, 'oi_session=0123456789abcdef', 'oi_session=']) {
      const answer = await request<ErrorBody>(house.url, path, cookie === undefined ? {} : { cookie });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({
        error: { code: 'sign-in-needed', message: expect.any(String) as string },
      });
    }
  });

  it('should tell anybody that nobody is signed in, and how the market is', async () => {
    expect((await session()).body).toMatchObject({ signedIn: false, method: null, simulated: true });
  });

  it('should refuse a token that the broker refuses', async () => {
    const body = { accessToken: 'not-a-token-of-this-broker' };
    const answer = await request<ErrorBody>(house.url, '/api/auth/token', { method: 'POST', body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers.getSetCookie().join()).not.toMatch(/oi_session=\w/);
    expect(answer.body.error.message.length).toBeGreaterThan(10);
  });

  it('should refuse a sign-in that another page sends', async () => {
    const answer = await request<ErrorBody>(house.url, '/api/auth/token', {
      method: 'POST',
      body: { accessToken: 'demo' },
      headers: { origin: 'http://evil.example' },
    });
    expect(answer.status).toBe(403);
    expect(answer.body.error.code).toBe('forbidden');
  });

  it('should give a cookie that scripts cannot read', async () => {
    const body = { accessToken: 'demo' };
    const answer = await request<SessionInfo>(house.url, '/api/auth/token', { method: 'POST', body });
    expect(answer.body).toMatchObject({ signedIn: true, method: 'demo' });
    const cookie = answer.headers.getSetCookie().find((one) => one.startsWith('oi_session='));
    expect(cookie).toMatch(/; HttpOnly/i);
    expect(cookie).toMatch(/; SameSite=Lax/i);
  });

  it('should refuse a socket without a sign-in and one from another page', async () => {
    const cookie = await signIn(house.url);
    await expect(connect(house.url, { origin: house.url })).rejects.toThrow();
    await expect(connect(house.url, { origin: house.url, cookie: 'oi_session=forged' })).rejects.toThrow();
    await expect(connect(house.url, { origin: 'http://evil.example', cookie })).rejects.toThrow();
    await expect(connect(house.url, { origin: house.url, cookie })).resolves.toBeDefined();
  });

  it('should end the sockets of a sign-in that signs out, and no others', async () => {
    const leaving = await Visitor.enter(house.url);
    const staying = await Visitor.enter(house.url);
    const [leaver, stayer] = [await leaving.socket(), await staying.socket()];
    const ended = new Promise<string>((resolve) => leaver.once('session:ended', ({ code }) => resolve(code)));
    const { cookie } = leaving;
    expect((await request(house.url, '/api/auth/logout', { method: 'POST', cookie })).status).toBe(200);
    expect(await ended).toBe('signed-out');
    await until('the end of the socket', () => leaver.disconnected);
    expect(stayer.connected).toBe(true);
    expect((await session(cookie)).body.signedIn).toBe(false);
    expect((await session(staying.cookie)).body.signedIn).toBe(true);
  });

  it('should sign in over the dialog of the broker, once', async () => {
    const begun = await request<LoginAnswer>(house.url, '/api/auth/login', {
      method: 'POST',
      body: { apiKey: 'any-key', apiSecret: 'any-secret' },
    });
    expect(begun.status).toBe(200);
    const dialog = new URL(begun.body.redirectUrl);
    expect(dialog.origin).toBe(house.simulator);
    expect(dialog.searchParams.get('redirect_uri')).toBe(`${house.url}/callback`);
    const consent = await fetch(dialog, { redirect: 'manual', headers: { accept: 'application/json' } });
    const callback = new URL(consent.headers.get('location') ?? '');
    expect(callback.searchParams.get('state')).toBe(dialog.searchParams.get('state'));

    const path = callback.pathname + callback.search;
    const stranger = await request(house.url, path);
    expect(stranger.headers.get('location')).toBe('/?error=state');
    const again = await request<LoginAnswer>(house.url, '/api/auth/login', {
      method: 'POST',
      body: { apiKey: 'any-key', apiSecret: 'any-secret' },
    });
    const cookie = cookiesOf(again.headers);
    const second = await fetch(again.body.redirectUrl, {
      redirect: 'manual',
      headers: { accept: 'application/json' },
    });
    const back = new URL(second.headers.get('location') ?? '');
    const done = await request(house.url, back.pathname + back.search, { cookie });
    expect(done.headers.get('location')).toBe('/');
    const signedIn = await session(cookiesOf(done.headers));
    expect(signedIn.body).toMatchObject({ signedIn: true, method: 'oauth' });
    const replayed = await request(house.url, back.pathname + back.search, { cookie });
    expect(replayed.headers.get('location')).toBe('/?error=state');
  });
});
