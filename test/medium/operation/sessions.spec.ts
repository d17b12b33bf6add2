import { SessionService } from '../../../server/auth/session.service.js';
import { SESSION_IDLE_MS, SESSION_LIFE_MS } from '../../../server/auth/sign-in.js';
import { NIFTY, openHouse, TOKEN, type House } from '../../support/house.js';
import {
  closeSockets,
  connect,
  disconnected,
  settled,
  watch,
  type ScreenSocket,
} from '../../support/sockets.js';

const WITHIN_MS = 5_000;

let house: House;
beforeEach(async () => {
  house = await openHouse({ listening: true, env: { VIEWER_PASSPHRASE: 'open at nine fifteen' } });
});
afterEach(async () => {
  closeSockets();
  await house.close();
});

const screen = (cookie: string): Promise<ScreenSocket> =>
  connect(house.base(), { cookie, origin: house.base() });

const post = (path: string, cookie: string, body?: object): Promise<Response> =>
  fetch(house.base() + path, {
    method: 'POST',
    headers: { cookie, origin: house.base(), 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });

const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]!.split(';')[0]!;

interface End {
  code: string;
  reason: string;
  tookMs: number;
}

/** How a screen learns that its sign-in is over, and how soon. */
async function endOf(socket: ScreenSocket): Promise<End> {
  const began = performance.now();
  const told = new Promise<string>((resolve) => socket.once('session:ended', ({ code }) => resolve(code)));
  const cut = disconnected(socket);
  return { code: await told, reason: await cut, tookMs: performance.now() - began };
}

describe('S03 the end of a sign-in', () => {
  it('should reach every screen of it at once at sign-out, and no other', async () => {
    const [cookie, other] = [await house.signIn(), await house.signIn()];
    const screens = [await screen(cookie), await screen(cookie), await screen(cookie)];
    const bystander = await screen(other);
    const ends = screens.map(endOf);
    expect((await post('/api/auth/logout', cookie)).status).toBe(200);
    for (const end of await Promise.all(ends)) {
      expect(end).toMatchObject({ code: 'signed-out', reason: 'io server disconnect' });
      expect(end.tookMs).toBeLessThan(WITHIN_MS);
    }
    expect(bystander.connected).toBe(true);
    await expect(screen(cookie)).rejects.toThrow('sign-in-needed');
  });

  it('should reach its screens when another sign-in of the same browser replaces it', async () => {
    const cookie = await house.signIn();
    const end = endOf(await screen(cookie));
    const answer = await post('/api/auth/passphrase', cookie, { passphrase: 'open at nine fifteen' });
    expect(answer.status).toBe(200);
    expect((await end).code).toBe('revoked');
    expect((await screen(cookieOf(answer))).connected).toBe(true);
  });

  it.each([
    ['after 12 hours without use', SESSION_IDLE_MS],
    ['after 30 days however busy', SESSION_LIFE_MS],
  ])('should reach its screens when it expires %s', async (_what, after) => {
    const cookie = await house.signIn();
    const sessions = house.get(SessionService);
    const socket = await screen(cookie);
    for (
      let spent = 0;
      after === SESSION_LIFE_MS && spent < after - SESSION_IDLE_MS;
      spent += SESSION_IDLE_MS / 2
    ) {
      house.clock.advance(SESSION_IDLE_MS / 2);
      expect((await fetch(`${house.base()}/api/quality`, { headers: { cookie } })).status).not.toBe(401);
    }
    const end = endOf(socket);
    house.clock.advance(SESSION_IDLE_MS);
    // What the schedule does every three seconds.
    await sessions.sweep();
    expect((await end).code).toBe('expired');
  });
});

describe('S30 a viewer', () => {
  const enter = async (): Promise<string> =>
    cookieOf(await post('/api/auth/passphrase', '', { passphrase: 'open at nine fifteen' }));
  const read = (path: string, cookie: string): Promise<Response> =>
    fetch(house.base() + path, { headers: { cookie } });
  const tablePath = `/api/chains/${encodeURIComponent(NIFTY.underlying)}/${NIFTY.expiry}/table`;

  it('should watch tables like everybody', async () => {
    await house.tick();
    const cookie = await enter();
    const answer = await watch(await screen(cookie), NIFTY);
    expect(answer).toMatchObject({ ok: true, table: { expiry: NIFTY.expiry, seq: 1 } });
    const table = await read(tablePath, cookie);
    expect(table.status).toBe(200);
    expect(answer).toMatchObject({ table: (await table.json()) as object });
    expect((await read(`${tablePath}.csv`, cookie)).status).toBe(200);
  });

  it('should find no token, secret or passphrase in any answer, frame or metric', async () => {
    await house.tick();
    const cookie = await enter();
    const socket = await screen(cookie);
    const told: unknown[] = [];
    socket.onAny((...parts: unknown[]) => told.push(parts));
    told.push(await watch(socket, NIFTY));
    await house.tick('10:01');
    await settled(socket);
    const paths = ['/api/auth/session', '/api/underlyings', '/api/quality', '/api/market', tablePath];
    for (const path of [...paths, '/metrics', '/health/ready', '/api/auth/token', '/api/tokens']) {
      const answer = await read(path, cookie);
      told.push([...answer.headers], await answer.text());
    }
    const text = JSON.stringify(told);
    expect(text).toContain(NIFTY.expiry);
    const id = cookie.split('=')[1]!;
    for (const secret of [TOKEN, 'open at nine fifteen', id, 'accessToken', 'access_token', 'clientSecret'])
      expect(text).not.toContain(secret);
  });

  it('should neither sign the owner out nor end the collection by signing out', async () => {
    const owner = await house.signIn();
    const owners = await screen(owner);
    await post('/api/auth/logout', await enter());
    expect(await (await read('/api/auth/session', owner)).json()).toMatchObject({
      signedIn: true,
      method: 'token',
    });
    expect(await watch(owners, NIFTY)).toMatchObject({ ok: true });
    expect(house.tokens.state().hasToken).toBe(true);
    await house.tick('10:01');
    expect(house.metrics.captures.captured).toBeGreaterThanOrEqual(1);
  });

  it('should be told nothing of tokens by the session', async () => {
    const answer = await read('/api/auth/session', await enter());
    expect(await answer.json()).toMatchObject({ method: 'viewer', name: 'Viewer', tokenExpiresAt: null });
  });
});
