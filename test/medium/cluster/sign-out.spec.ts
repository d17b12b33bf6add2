import { rm } from 'node:fs/promises';
import { KnownSessions } from '../../../server/auth/known-sessions.js';
import { freePort } from '../../support/free-port.js';
import { openHouse, type House } from '../../support/house.js';
import { closeSockets, connect, disconnected, type ScreenSocket } from '../../support/sockets.js';

const WITHIN_MS = 5_000;

/** Two processes' worth of server on one database, and a Redis that is not there. */
let here: House;
let elsewhere: House;
beforeEach(async () => {
  const env = {
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    TRACKER_SECRET: 'the same for both of them',
  };
  here = await openHouse({ listening: true, env });
  elsewhere = await openHouse({ listening: true, env, dir: here.dir, signedIn: false });
});
afterEach(async () => {
  closeSockets();
  await elsewhere.close(true);
  await here.close(true);
  await rm(here.dir, { recursive: true, force: true });
});

const screen = (house: House, cookie: string): Promise<ScreenSocket> =>
  connect(house.base(), { cookie, origin: house.base() });

async function signOut(cookie: string): Promise<void> {
  const headers = { cookie, origin: here.base() };
  const answer = await fetch(`${here.base()}/api/auth/logout`, { method: 'POST', headers });
  expect(answer.status).toBe(200);
}

describe('S03 a sign-out while Redis is away', () => {
  it('should end the screens on other processes within five seconds, in one query for all, and let none back in', async () => {
    const [mine, others] = [await here.signIn(), await here.signIn()];
    const screens = [await screen(elsewhere, mine), await screen(elsewhere, mine)];
    const bystander = await screen(elsewhere, others);
    const known = elsewhere.get(KnownSessions);
    const asked: number[] = [];
    const gone = known.gone.bind(known);
    known.gone = async (open) => {
      const all = [...open];
      asked.push(all.length);
      return gone(all);
    };
    const ends = Promise.all(
      screens.map((socket) => new Promise((resolve) => socket.once('session:ended', resolve))),
    );
    const cut = Promise.all(screens.map(disconnected));
    await signOut(mine);
    const began = performance.now();
    await Promise.all([ends, cut]);
    expect(performance.now() - began).toBeLessThan(WITHIN_MS);
    // Two sign-ins, three screens: one question.
    expect(asked.at(-1)).toBe(2);
    expect(bystander.connected).toBe(true);
    await expect(screen(elsewhere, mine)).rejects.toThrow('sign-in-needed');
    expect((await screen(elsewhere, others)).connected).toBe(true);
  });

  it('should not take a database that does not answer for a sign-out', async () => {
    const socket = await screen(elsewhere, await here.signIn());
    const known = elsewhere.get(KnownSessions);
    let asked = 0;
    const twice = new Promise<void>((resolve) => {
      known.gone = () => {
        asked += 1;
        if (asked === 2) resolve();
        return Promise.reject(new Error('no database'));
      };
    });
    await twice;
    expect(socket.connected).toBe(true);
    expect(elsewhere.lines.filter((line) => line.includes('Sign-ins could not be looked at'))).toHaveLength(
      1,
    );
  });
});
