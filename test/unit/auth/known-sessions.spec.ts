import { KnownSessions, CHECK_EVERY_MS } from '../../../server/auth/known-sessions.js';
import { hashOf, newSecretId } from '../../../server/auth/random-id.js';
import { SESSION_COOKIE } from '../../../server/auth/session-cookie.js';
import { SessionEvents } from '../../../server/auth/session-events.js';
import type { SessionService } from '../../../server/auth/session.service.js';
import { SESSION_IDLE_MS, type SignIn } from '../../../server/auth/sign-in.js';
import { ManualClock } from '../../../server/clock/clock.js';
import { loadConfig } from '../../../server/config/load-config.js';

const id = newSecretId();
const headers = { cookie: `${SESSION_COOKIE}=${id}`, host: '127.0.0.1:5000' };

/** Sessions that are asked for one by one; `answers` is what the database would say next. */
function house(life = Number.MAX_SAFE_INTEGER) {
  const clock = new ManualClock(1_000_000);
  const events = new SessionEvents();
  const looks: string[] = [];
  let alive = true;
  const keepAlive = async (idHash: string): Promise<SignIn | null> => {
    looks.push(idHash);
    const signIn = { idHash, seenAt: clock.now(), expiresAt: life } as SignIn;
    return alive ? signIn : null;
  };
  const config = loadConfig({ TRACKER_SECRET: 'a secret for this test' });
  const queries: string[][] = [];
  const gone = async (idHashes: readonly string[]): Promise<string[]> => {
    queries.push([...idHashes]);
    return alive ? [] : [...idHashes];
  };
  const known = new KnownSessions({ keepAlive, gone } as unknown as SessionService, clock, events, config);
  const end = (told = true): void => {
    alive = false;
    if (told) events.emit({ idHash: hashOf(id), code: 'signed-out' });
  };
  return { clock, known, looks, queries, end };
}

describe('sign-ins of screens that come back', () => {
  it('should be looked at once for all who come at the same time, and not again soon after', async () => {
    const { known, looks } = house();
    const found = await Promise.all(Array.from({ length: 500 }, () => known.find(headers)));
    expect(new Set(found.map((one) => one?.idHash))).toEqual(new Set([hashOf(id)]));
    await known.find(headers);
    expect(looks).toEqual([hashOf(id)]);
  });

  it('should be looked at again when the last look is too long ago, or lies ahead of a clock that was set back', async () => {
    const { clock, known, looks } = house();
    await known.find(headers);
    clock.advance(CHECK_EVERY_MS * 2);
    await known.find(headers);
    expect(looks).toHaveLength(2);
    clock.set(clock.now() - 1);
    await known.find(headers);
    expect(looks).toHaveLength(3);
  });

  it('should be refused at once when they have ended', async () => {
    const { known, end } = house();
    expect(await known.find(headers)).not.toBeNull();
    end();
    expect(await known.find(headers)).toBeNull();
  });

  it('should be refused when they end while they are looked at', async () => {
    const { known, end } = house();
    const [first, second] = [known.find(headers), known.find(headers)];
    end();
    await first;
    expect(await second).toBeNull();
  });

  it('should be found out by the next look when they ended without a word', async () => {
    const { known, end } = house();
    await known.find(headers);
    end(false);
    expect(await known.look(hashOf(id))).toBeNull();
    expect(await known.find(headers)).toBeNull();
  });

  it('should be looked at again when they have expired meanwhile', async () => {
    const { clock, known, looks } = house(1_000_000 + CHECK_EVERY_MS);
    await known.find(headers);
    clock.advance(CHECK_EVERY_MS);
    await known.find(headers);
    expect(looks).toHaveLength(2);
    expect(CHECK_EVERY_MS).toBeLessThan(SESSION_IDLE_MS);
  });

  it('should not be remembered when there is none, or the look failed', async () => {
    const { known, looks, end } = house();
    expect(await known.find({ host: headers.host })).toBeNull();
    end(false);
    await known.find(headers);
    await known.find(headers);
    expect(looks).toHaveLength(2);
  });

  it('should be forgotten when one query for all says that they are gone', async () => {
    const { known, looks, queries, end } = house();
    await known.find(headers);
    expect(await known.gone(['another'])).toEqual([]);
    expect(queries).toEqual([['another', hashOf(id)]]);
    end(false);
    expect(await known.gone([hashOf(id)])).toEqual([hashOf(id)]);
    expect(await known.find(headers)).toBeNull();
    expect(looks).toHaveLength(2);
  });
});
