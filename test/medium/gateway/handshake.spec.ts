import { get } from 'node:http';
import { SessionService } from '../../../server/auth/session.service.js';
import { DAY_MS } from '../../../server/domain/units.js';
import { NIFTY, openHouse, type House } from '../../support/house.js';
import { RawScreen, frame } from '../attacks/raw-screen.js';
import { ask, closeSockets, connect, disconnected, settled, watch } from '../../support/sockets.js';

let house: House;
let cookie: string;
let origin: string;
beforeEach(async () => {
  house = await openHouse({ listening: true });
  cookie = await house.signIn();
  origin = house.base();
});
afterEach(async () => {
  closeSockets();
  await house.close();
});

describe('S01, S02, S23 the handshake', () => {
  it('should let in whoever is signed in, on a page of this server', async () => {
    await expect(connect(house.base(), { cookie, origin })).resolves.toMatchObject({ connected: true });
  });

  it.each([
    ['no cookie', {}],
    ['an empty cookie', { cookie: '' }],
    ['a cookie that nobody was given', { cookie: `oi_session=${'A'.repeat(43)}` }],
    ['a cookie that is no id', { cookie: 'oi_session=%00%ff; x=y' }],
  ])('should refuse %s with the word that the screen knows', async (_what, headers) => {
    await expect(connect(house.base(), { origin, ...headers } as Record<string, string>)).rejects.toThrow(
      'sign-in-needed',
    );
  });

  it.each([
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['another scheme', { origin: 'https://127.0.0.1' }],
    ['an origin that only begins alike', { origin: 'http://127.0.0.1.evil.example' }],
    ['the origin "null"', { origin: 'null' }],
    ['no origin', {}],
    ['a foreign host name', { origin: 'http://evil.example', host: 'evil.example' }],
  ])('should refuse %s, signed in or not', async (_what, headers) => {
    await expect(connect(house.base(), { cookie, ...headers } as Record<string, string>)).rejects.toThrow();
    expect(house.registry.total()).toBe(0);
  });

  it('should refuse a sign-in that has expired, and one that was ended', async () => {
    house.clock.advance(31 * DAY_MS);
    await expect(connect(house.base(), { cookie, origin })).rejects.toThrow('sign-in-needed');
  });

  it('should refuse the polling transport', async () => {
    await expect(connect(house.base(), { cookie, origin }, ['polling'])).rejects.toThrow();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = get(
        `${house.base()}/socket.io/?EIO=4&transport=polling`,
        { headers: { cookie, origin }, agent: false },
        (response) => resolve(response.resume().statusCode),
      );
      request.on('error', reject);
    });
    expect(status).toBe(400);
  });

  it('should come in two writes: with the first words of the engine, and with the status of the server', async () => {
    const screen = await RawScreen.open(house.base(), { cookie, origin });
    expect(screen.heard.map((text) => text.slice(0, 2))).toEqual(['0{']);
    const chunk = new Promise((resolve) => screen.socket.once('data', resolve));
    screen.socket.write(frame('40'));
    await chunk;
    expect(screen.heard.slice(1).map((text) => text.slice(0, 16))).toEqual([
      expect.stringMatching(/^40\{"sid"/),
      '42["feed:status"',
    ]);
    screen.socket.destroy();
  });

  it.each(['EIO=4&transport=websocket&more=1', 'transport=websocket&EIO=4'])(
    'should be the same with another spelling of the address: %s',
    async (query) => {
      const screen = await RawScreen.open(house.base(), { cookie, origin }, query);
      expect(screen.heard[0]).toMatch(/^0\{"sid"/);
      screen.socket.destroy();
      await expect(
        RawScreen.open(house.base(), { cookie, origin: 'http://evil.example' }, query),
      ).rejects.toThrow();
    },
  );

  it('should not serve the client library, nor name its version', async () => {
    const answer = await fetch(`${house.base()}/socket.io/socket.io.js`, { headers: { cookie, origin } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });
});

describe('a hostile screen', () => {
  it('S19 should be closed when it sends more than 16 kB, the others not', async () => {
    const [bad, good] = [
      await connect(house.base(), { cookie, origin }),
      await connect(house.base(), { cookie, origin }),
    ];
    const closed = disconnected(bad);
    void ask(bad, 'chain:watch', { underlying: 'x'.repeat(17 * 1024), expiry: NIFTY.expiry });
    expect(await closed).toMatch(/transport/);
    expect(await watch(good, NIFTY)).toMatchObject({ ok: true });
  });

  it('should be held back and then cut when it floods, the others not', async () => {
    const [bad, good] = [
      await connect(house.base(), { cookie, origin }),
      await connect(house.base(), { cookie, origin }),
    ];
    const closed = disconnected(bad);
    const answers: unknown[] = [];
    for (let i = 0; i < 200; i++) void ask(bad, 'chain:watch', NIFTY).then((answer) => answers.push(answer));
    await closed;
    expect(answers.filter((answer) => (answer as { ok: boolean }).ok).length).toBeLessThanOrEqual(32);
    expect(answers).toContainEqual({
      ok: false,
      error: { code: 'too-many-requests', message: expect.any(String) },
    });
    expect(await watch(good, NIFTY)).toMatchObject({ ok: true, status: { watchers: 1 } });
    expect(house.registry.total()).toBe(1);
  });

  it('should be cut as well when it floods with events that do not exist', async () => {
    const bad = await connect(house.base(), { cookie, origin });
    const closed = disconnected(bad);
    for (let i = 0; i < 200; i++) void ask(bad, 'no such event', i);
    expect(await closed).toMatch(/server|transport/);
  });
});

describe('S03 the end of a sign-in', () => {
  it.each(['signed-out', 'expired', 'revoked'] as const)(
    'should be told (%s) and close every screen of it, and no other',
    async (code) => {
      const other = await connect(house.base(), { cookie: await house.signIn(), origin });
      const mine = [
        await connect(house.base(), { cookie, origin }),
        await connect(house.base(), { cookie, origin }),
      ];
      await watch(mine[0]!, NIFTY);
      const told: string[] = [];
      for (const socket of mine) socket.on('session:ended', (end) => told.push(end.code));
      const closed = Promise.all(mine.map(disconnected));
      const sessions = house.get(SessionService);
      const signIn = await sessions.find({ host: new URL(origin).host, cookie });
      await sessions.end(signIn!.idHash, code);
      await closed;
      expect(told).toEqual([code, code]);
      await settled(other);
      expect(other.connected).toBe(true);
      await expect(connect(house.base(), { cookie, origin })).rejects.toThrow('sign-in-needed');
      expect(house.registry.total()).toBe(0);
    },
  );

  it('should come over HTTP too: signing out closes the screens', async () => {
    const socket = await connect(house.base(), { cookie, origin });
    const closed = disconnected(socket);
    const answer = await fetch(`${house.base()}/api/auth/logout`, {
      method: 'POST',
      headers: { cookie, origin },
    });
    expect(answer.ok).toBe(true);
    await closed;
  });
});

it('should close the sockets when the server stops', async () => {
  const socket = await connect(house.base(), { cookie, origin });
  await watch(socket, NIFTY);
  const closed = disconnected(socket);
  await house.close();
  await closed;
  house = await openHouse();
});
