import { join } from 'node:path';
import { jest } from '@jest/globals';
import { istAt } from '../../server/domain/slot.js';
import type { LoginAnswer, SessionInfo } from '../../server/protocol/index.js';
import type { Simulator } from '../../server/simulator/index.js';
import { brokerOn, sharedClock, type SharedClock } from '../support/cluster.js';
import {
  cleanUp,
  projectRoot,
  settings,
  start,
  tempFolder,
  until,
  type Program,
} from '../support/harness.js';
import { closeSockets, request, Visitor, type Answer } from '../support/harness-client.js';

/**
 * The sign-in with the broker under attack, on the built server as a process of its own, with the simulator for a
 * broker. Browsers keep their cookies; the clock is the test's, so that ten minutes pass at once.
 */

jest.setTimeout(300_000);

const DATE = '2026-08-18';
const MINUTE = 60_000;
const APP = { apiKey: 'my-key', apiSecret: 'pl4nted-s3cret' };

let clock: SharedClock;
let broker: Simulator;
let program: Program;
let url: string;
beforeAll(async () => {
  clock = sharedClock(istAt(DATE, '10:30'), 1);
  broker = await brokerOn(clock, DATE);
  const folder = tempFolder();
  const env = {
    ...settings(folder),
    UPSTOX_API_URL: broker.url,
    UPSTOX_LOGIN_URL: broker.url,
    UPSTOX_ASSETS_URL: broker.url,
    PINNED: ',',
    CLOCK_START: String(clock.start),
    CLOCK_RATE: String(clock.rate),
    SHARED_SINCE: String(clock.since),
    SHARED_CLOCK: clock.file,
  };
  program = start([join(projectRoot, 'test/support/cluster-server.mjs')], env, folder);
  url = await program.printed(/listening on (http:\/\/127\.0\.0\.1:\d+)/);
});
// The next minute: sign-ins of an address are limited to some a minute.
beforeEach(() => clock.skipTo(clock.now() + MINUTE));
afterAll(async () => {
  closeSockets();
  await cleanUp();
  await broker.close();
});

/** Codes that were traded for a token at the broker. */
const exchanges = (): number => broker.calls.count('login-token');

/** Somebody's browser: it keeps what cookies it is given, and follows no redirect by itself. */
class Browser {
  readonly jar = new Map<string, string>();

  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async ask<T>(path: string, method = 'GET', body?: unknown): Promise<Answer<T>> {
    const answer = await request<T>(url, path, { method, body, cookie: this.cookie });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.jar.delete(name);
      else this.jar.set(name, value);
    }
    return answer;
  }

  /** Begins a sign-in and agrees at the broker. @returns what the broker sends the browser back with */
  async agree(): Promise<{ code: string; state: string }> {
    const begun = await this.ask<LoginAnswer>('/api/auth/login', 'POST', APP);
    expect(begun.status).toBe(200);
    const dialog = await fetch(begun.body.redirectUrl, { redirect: 'manual' });
    const { searchParams } = new URL(dialog.headers.get('location') ?? '');
    return { code: searchParams.get('code') ?? '', state: searchParams.get('state') ?? '' };
  }

  /** Comes back. @returns where it is led to */
  async back(query: Record<string, string> | string): Promise<string | null> {
    const text = typeof query === 'string' ? query : new URLSearchParams(query).toString();
    const answer = await this.ask(`/callback?${text}`);
    expect(answer.status).toBe(302);
    return answer.headers.get('location');
  }

  async who(): Promise<SessionInfo> {
    return (await this.ask<SessionInfo>('/api/auth/session')).body;
  }
}

const REFUSED = '/?error=state';

/** That a browser is led to the refusal, that nobody is signed in by it and that the broker hears nothing. */
async function expectRefusal(browser: Browser, query: Record<string, string> | string): Promise<void> {
  const before = exchanges();
  expect(await browser.back(query)).toBe(REFUSED);
  expect(browser.jar.has('oi_session')).toBe(false);
  expect(await browser.who()).toMatchObject({ signedIn: false, method: null, name: null });
  expect(exchanges()).toBe(before);
}

describe('S06 the state of a sign-in', () => {
  it('should let in who began it, once, with one exchange', async () => {
    const browser = new Browser();
    const before = exchanges();
    expect(await browser.back(await browser.agree())).toBe('/');
    expect(await browser.who()).toMatchObject({ signedIn: true, method: 'oauth' });
    expect(exchanges()).toBe(before + 1);
  });

  it.each([
    ['missing', ({ code }) => `code=${code}`],
    ['empty', ({ code }) => `code=${code}&state=`],
    ['given twice', ({ code, state }) => `code=${code}&state=${state}&state=${state}`],
    ['given as a list', ({ code, state }) => `code=${code}&state[]=${state}`],
    ['wrong', ({ code }) => `code=${code}&state=${'A'.repeat(43)}`],
    ['cut short', ({ code, state }) => `code=${code}&state=${state.slice(0, -1)}`],
    ['longer', ({ code, state }) => `code=${code}&state=${state}A`],
  ] as [string, (right: { code: string; state: string }) => string][])(
    'should be refused where it is %s',
    async (_what, query) => {
      const browser = new Browser();
      await expectRefusal(browser, query(await browser.agree()));
    },
  );

  it('should be refused from another session, and be of no use to the right one then', async () => {
    const [victim, thief] = [new Browser(), new Browser()];
    const stolen = await victim.agree();
    await thief.agree();
    await expectRefusal(thief, stolen);
    await expectRefusal(victim, stolen);
  });

  it('should be refused from a browser that began nothing', async () => {
    await expectRefusal(new Browser(), await new Browser().agree());
  });

  it("should not sign a victim in as the attacker who sends it the attacker's own way back", async () => {
    const [attacker, victim] = [new Browser(), new Browser()];
    await victim.agree();
    await expectRefusal(victim, await attacker.agree());
  });

  it('should be refused when it is replayed, with its own code and with a new one', async () => {
    const browser = new Browser();
    const first = await browser.agree();
    expect(await browser.back(first)).toBe('/');
    const session = browser.jar.get('oi_session');
    const next = await browser.agree();
    const before = exchanges();
    for (const code of [first.code, next.code])
      expect(await browser.back({ code, state: first.state })).toBe(REFUSED);
    expect(exchanges()).toBe(before);
    // Nor does it end the sign-in that there is.
    expect(browser.jar.get('oi_session')).toBe(session);
    expect(await browser.who()).toMatchObject({ signedIn: true });
  });

  it('should be taken for ten minutes and no longer', async () => {
    const [early, late] = [new Browser(), new Browser()];
    const [soon, tooLate] = [await early.agree(), await late.agree()];
    clock.skipTo(clock.now() + 9 * MINUTE);
    expect(await early.back(soon)).toBe('/');
    clock.skipTo(clock.now() + MINUTE);
    await expectRefusal(late, tooLate);
  });
});

describe('S08 the way back', () => {
  it('should trade a code once when it is taken twice at once', async () => {
    const browser = new Browser();
    const query = await browser.agree();
    const before = exchanges();
    const path = `/callback?${new URLSearchParams(query).toString()}`;
    const { cookie } = browser;
    const answers = await Promise.all(Array.from({ length: 8 }, () => request(url, path, { cookie })));
    const led = answers.map(({ headers }) => headers.get('location')).sort();
    expect(led).toEqual(['/', ...Array.from({ length: 7 }, () => REFUSED)]);
    const given = answers.flatMap(({ headers }) => headers.getSetCookie());
    expect(given.filter((line) => line.startsWith('oi_session='))).toHaveLength(1);
    expect(exchanges()).toBe(before + 1);
  });

  it('should never lead to another site (open redirect)', async () => {
    const evil = ['next', 'redirect_uri', 'returnTo', 'url', 'continue', 'state_uri']
      .map((name) => `${name}=https://evil.example`)
      .join('&');
    const browser = new Browser();
    const { code, state } = await browser.agree();
    expect(await browser.back(`${evil}&code=${code}&state=${state}&next=//evil.example`)).toBe('/');
    for (const error of ['https://evil.example', '//evil.example', '%0d%0aLocation:%20https://evil.example'])
      expect(await browser.back(`error=${error}&error_description=${error}`)).toBe('/?error=denied');
    for (const path of ['//evil.example/callback', '/callback//evil.example', '/callback/%2f%2fevil.example'])
      expect((await browser.ask(`${url}${path}?code=x&state=y`)).headers.get('location')).toBeNull();
  });

  it('should leave no code, state or secret in the log, a cache or the address that comes next', async () => {
    const browser = new Browser();
    const [used, refused] = [await browser.agree(), await browser.agree()];
    const path = `/callback?${new URLSearchParams(used).toString()}`;
    const { headers } = await browser.ask(path);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    broker.faults.inject('login-token', { type: 'status', status: 500 });
    expect(await browser.back(refused)).toBe('/?error=unreachable');
    await until('the log of both', () => program.output.includes('sign-in with the broker failed'));
    const secrets = [used, refused].flatMap(({ code, state }) => [code, state]);
    for (const secret of [...secrets, APP.apiSecret]) expect(program.output).not.toContain(secret);
  });
});

describe('S03, S04 session fixation by the sign-in with the broker', () => {
  it('should make nothing of an id that was planted, one of nobody or of the attacker', async () => {
    const attacker = new Browser();
    expect(await attacker.back(await attacker.agree())).toBe('/');
    for (const planted of ['p'.repeat(43), attacker.jar.get('oi_session')!]) {
      const victim = new Browser();
      victim.jar.set('oi_session', planted);
      expect(await victim.back(await victim.agree())).toBe('/');
      expect(victim.jar.get('oi_session')).not.toBe(planted);
      expect(await victim.who()).toMatchObject({ signedIn: true, method: 'oauth' });
      const knower = new Browser();
      knower.jar.set('oi_session', planted);
      expect(await knower.who()).toMatchObject({ signedIn: false, name: null });
    }
  });

  it('should end the session that the browser had, and its screens', async () => {
    const browser = new Browser();
    expect(await browser.back(await browser.agree())).toBe('/');
    const old = browser.cookie;
    const socket = await new Visitor(url, old).socket();
    const ended = new Promise<string>((resolve) => socket.once('session:ended', ({ code }) => resolve(code)));
    expect(await browser.back(await browser.agree())).toBe('/');
    expect(await ended).toBe('revoked');
    await until('the end of the screen', () => socket.disconnected);
    const answer = await request<SessionInfo>(url, '/api/auth/session', { cookie: old });
    expect(answer.body.signedIn).toBe(false);
    expect(await browser.who()).toMatchObject({ signedIn: true });
  });
});
