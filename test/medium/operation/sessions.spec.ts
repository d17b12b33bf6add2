import { SessionService } from '../../../server/auth/session.service.js';
import { SESSION_IDLE_MS, SESSION_LIFE_MS } from '../../../server/auth/sign-in.js';
import { openHouse, type House } from '../../support/house.js';
import { closeSockets, connect, disconnected, type ScreenSocket } from '../../support/sockets.js';

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

describe('the end of a sign-in', () => {
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

describe('a viewer', () => {
  const enter = async (): Promise<string> =>
    cookieOf(await post('/api/auth/passphrase', '', { passphrase: 'open at nine fifteen' }));

  it('should watch tables like everybody', async () => {
    await house.tick();
    const socket = await screen(await enter());
    expect(socket.connected).toBe(true);
  });

  it('should not end the collection by signing out', async () => {
    await post('/api/auth/logout', await enter());
    await house.tick();
    expect(house.metrics.captures.captured).toBe(1);
  });

  it('should be told nothing of tokens by the session', async () => {
    const answer = await fetch(`${house.base()}/api/auth/session`, { headers: { cookie: await enter() } });
    expect(await answer.json()).toMatchObject({ method: 'viewer', name: 'Viewer', tokenExpiresAt: null });
  });
});
