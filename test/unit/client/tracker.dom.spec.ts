import { Entrance } from '../../../client/state/entrance.svelte.js';
import { Tracker } from '../../../client/state/tracker.svelte.js';
import type { TrackerSocket } from '../../../client/socket.js';
import type { ExpiryInfo, SessionInfo, UnderlyingInfo, WatchAck } from '../../../server/protocol/index.js';
import { aStatus, aTable, NIFTY, settle } from './fakes.js';

const SIGNED_IN: SessionInfo = {
  signedIn: true,
  method: 'demo',
  name: 'Demo',
  tokenExpiresAt: null,
  simulated: true,
  redirectUri: 'http://127.0.0.1:5000/callback',
};
const UNDERLYINGS: UnderlyingInfo[] = ['NIFTY', 'BANKNIFTY'].map((symbol, i) => ({
  key: i === 0 ? NIFTY.underlying : 'NSE_INDEX|Nifty Bank',
  symbol,
  name: symbol,
  exchange: 'NSE',
  kind: 'INDEX',
  lotSize: 65,
  nearestExpiry: '2026-08-18',
}));
const EXPIRIES: ExpiryInfo[] = ['2026-08-18', '2026-08-25'].map((expiry) => ({
  expiry,
  daysToExpiry: 0,
  weekly: true,
  contracts: 2,
}));

/** What the page uses of a socket; events are fired by the test. */
class FakeSocket {
  connected = false;
  active = true;
  recovered = false;
  readonly watched: string[] = [];
  private readonly listeners = new Map<string, (...args: never[]) => void>();
  readonly delays: number[] = [];
  readonly io = {
    reconnectionDelay: (ms: number) => void this.delays.push(ms),
    reconnectionDelayMax: () => undefined,
  };
  answer: WatchAck = { ok: true, table: aTable(), status: aStatus() };

  on(event: string, listener: (...args: never[]) => void): this {
    this.listeners.set(event, listener);
    return this;
  }
  fire(event: string, ...args: unknown[]): void {
    this.listeners.get(event)?.(...(args as never[]));
  }
  connect(): void {
    this.connected = true;
    this.fire('connect');
  }
  disconnect(): void {
    this.connected = false;
  }
  timeout(): this {
    return this;
  }
  emitWithAck(event: string, chain: { expiry: string }): Promise<WatchAck> {
    this.watched.push(`${event} ${chain.expiry}`);
    return Promise.resolve(this.answer);
  }
}

/** @param stored the settings that the browser keeps, as text */
function page(answers: Record<string, unknown>, hash = '', stored: string | null = null) {
  const socket = new FakeSocket();
  const later: (() => void)[] = [];
  const state = { hash, gone: null as string | null };
  const around = {
    fetch: (path: string) => {
      const body = answers[path];
      if (body === undefined) return Promise.reject(new Error(`no answer for ${path}`));
      const status = typeof body === 'object' && body !== null && 'error' in body ? 401 : 200;
      return Promise.resolve(new Response(JSON.stringify(body), { status }));
    },
    storage: { getItem: () => stored, setItem: () => undefined },
    now: () => 0,
    go: (url: string) => (state.gone = url),
    hash: () => state.hash,
    setHash: (next: string) => (state.hash = next),
    visit: (next: string) => (state.hash = next),
    later: (work: () => void) => void later.push(work),
  };
  const make = (self: Entrance) => {
    const tracker = new Tracker({ ...around, socket: () => socket as unknown as TrackerSocket }, self);
    return { tracker, Screen: () => ({}) };
  };
  const fetched = { times: 0, fails: false };
  const entrance = new Entrance(around, () => {
    fetched.times += 1;
    return fetched.fails ? Promise.reject(new Error('no such file')) : Promise.resolve(make);
  });
  return { entrance, socket, later, state, fetched };
}

/** Comes in, signed in. */
async function opened(entrance: Entrance): Promise<Tracker> {
  await entrance.start();
  if (!entrance.workspace) throw new Error('there is no workspace');
  return entrance.workspace.tracker;
}

const API = {
  '/api/auth/session': SIGNED_IN,
  '/api/underlyings': UNDERLYINGS,
  '/api/underlyings/NSE_INDEX%7CNifty%2050/expiries': EXPIRIES,
  '/api/underlyings/NSE_INDEX%7CNifty%20Bank/expiries': EXPIRIES,
};

// jsdom has no fetch API of its own.
globalThis.Response ??= class {
  ok: boolean;
  status: number;
  constructor(
    private readonly body: string,
    init: { status: number },
  ) {
    this.status = init.status;
    this.ok = init.status < 400;
  }
  text(): Promise<string> {
    return Promise.resolve(this.body);
  }
} as unknown as typeof Response;

describe('the page', () => {
  it('should open NIFTY at its nearest expiry and put it into the address', async () => {
    const { entrance, socket, state } = page(API);
    const tracker = await opened(entrance);
    await settle();
    expect(tracker.chain.phase).toBe('ready');
    expect(state.hash).toBe('#/NIFTY/2026-08-18');
    expect(socket.watched).toEqual(['chain:watch 2026-08-18']);
  });

  it('should open what the address names', async () => {
    const { entrance } = page(API, '#/BANKNIFTY/2026-08-25');
    const tracker = await opened(entrance);
    expect(tracker.chain.ref).toEqual({ underlying: 'NSE_INDEX|Nifty Bank', expiry: '2026-08-25' });
  });

  it('should leave one expiry and watch the next', async () => {
    const { entrance, socket, state } = page(API);
    const tracker = await opened(entrance);
    await settle();
    tracker.stepExpiry(1);
    tracker.stepExpiry(1);
    expect(state.hash).toBe('#/NIFTY/2026-08-25');
    expect(socket.watched).toEqual([
      'chain:watch 2026-08-18',
      'chain:unwatch 2026-08-18',
      'chain:watch 2026-08-25',
    ]);
  });

  it('should step to the next expiry as soon as there is a list of them', async () => {
    const { entrance, state } = page(API);
    const tracker = await opened(entrance);
    const [, bank] = UNDERLYINGS;
    const chosen = tracker.choose(bank!);
    tracker.stepExpiry(1);
    expect(state.hash).toBe('#/BANKNIFTY/2026-08-18');
    await chosen;
    expect(state.hash).toBe('#/BANKNIFTY/2026-08-25');
  });

  it('should keep an expiry that is not listed until a step leads to one that is', async () => {
    const { entrance, state } = page(API, '#/BANKNIFTY/2026-01-30');
    const tracker = await opened(entrance);
    await settle();
    tracker.stepExpiry(-1);
    expect(state.hash).toBe('#/BANKNIFTY/2026-01-30');
    tracker.stepExpiry(1);
    expect(state.hash).toBe('#/BANKNIFTY/2026-08-18');
  });

  it('should ask for the whole table after a lost line, unless the line missed nothing', async () => {
    const { entrance, socket } = page(API);
    const tracker = await opened(entrance);
    await settle();
    socket.fire('disconnect', 'transport close');
    expect(tracker.feed.label.tone).toBe('gone');
    socket.recovered = true;
    socket.connect();
    expect(socket.watched).toHaveLength(1);
    socket.recovered = false;
    socket.connect();
    expect(socket.watched).toHaveLength(2);
  });

  it('should show the login with the reason when the sign-in ends', async () => {
    const answers: Record<string, unknown> = { ...API };
    const { entrance, socket } = page(answers);
    const tracker = await opened(entrance);
    answers['/api/auth/session'] = { ...SIGNED_IN, signedIn: false };
    socket.fire('session:ended', { code: 'expired', message: 'Your sign-in has expired.' });
    await settle();
    expect([tracker.session.signedIn, tracker.session.farewell]).toEqual([
      false,
      'Your sign-in has expired.',
    ]);
    expect([socket.connected, tracker.chain.ref]).toEqual([false, null]);
  });

  it('should go on with a newer sign-in of the same browser', async () => {
    const { entrance, socket } = page(API);
    const tracker = await opened(entrance);
    socket.fire('session:ended', { code: 'revoked', message: 'Signed in again.' });
    await settle();
    expect([tracker.session.signedIn, socket.connected, tracker.chain.phase]).toEqual([true, true, 'ready']);
  });

  it('should find out why a handshake was refused, and try again when it was not the sign-in', async () => {
    const { entrance, socket, later } = page(API);
    await opened(entrance);
    socket.active = false;
    socket.disconnect();
    socket.fire('connect_error', new Error('busy'));
    await settle();
    expect(later).toHaveLength(1);
    later[0]?.();
    expect(socket.connected).toBe(true);
  });

  it('should wait for a server that is not there', async () => {
    const answers: Record<string, unknown> = {};
    const { entrance, later } = page(answers);
    await entrance.start();
    expect(entrance.session.problem?.code).toBe('unreachable');
    Object.assign(answers, API);
    later[0]?.();
    await settle();
    expect(entrance.session.signedIn).toBe(true);
  });

  it('should fetch nothing but the login before someone is signed in', async () => {
    const { entrance, fetched } = page({ ...API, '/api/auth/session': { ...SIGNED_IN, signedIn: false } });
    await entrance.start();
    expect([fetched.times, entrance.workspace]).toEqual([0, null]);
  });

  it('should fetch the workspace beside the sign-in where a chain was looked at before', async () => {
    const { entrance, fetched } = page({}, '', JSON.stringify({ lastRoute: '#/NIFTY/2026-08-18' }));
    await entrance.start();
    expect([fetched.times, entrance.session.problem?.code]).toEqual([1, 'unreachable']);
  });

  it('should fetch the workspace beside the sign-in where the address names a chain', async () => {
    const { entrance, fetched } = page({}, '#/BANKNIFTY/2026-08-25');
    await entrance.start();
    expect([fetched.times, entrance.session.problem?.code]).toEqual([1, 'unreachable']);
  });

  it('should say that the workspace did not come, and open it when it does', async () => {
    const { entrance, fetched } = page(API);
    fetched.fails = true;
    await entrance.start();
    expect([entrance.missing, entrance.workspace]).toEqual([new Error('no such file'), null]);
    fetched.fails = false;
    await opened(entrance);
    expect(entrance.missing).toBeNull();
  });

  it('should say what was wrong with a pasted token, and send OAuth to the broker', async () => {
    const { entrance, state } = page({
      '/api/auth/session': { ...SIGNED_IN, signedIn: false },
      '/api/auth/token': { error: { code: 'broker-refused', message: 'Upstox does not accept this token.' } },
      '/api/auth/login': { redirectUrl: 'https://broker.example/dialog' },
    });
    await entrance.start();
    expect(await entrance.session.pasteToken('x')).toBe(false);
    expect(entrance.session.problem?.message).toBe('Upstox does not accept this token.');
    await entrance.session.login('key', 'secret');
    expect(state.gone).toBe('https://broker.example/dialog');
  });

  it('should load the list once it has been imported', async () => {
    const answers: Record<string, unknown> = { ...API, '/api/underlyings': [] };
    const { entrance, socket } = page(answers);
    const tracker = await opened(entrance);
    const instruments = { state: 'importing', rows: 5, asOf: null } as const;
    socket.fire('feed:status', aStatus({ chain: null, instruments }));
    answers['/api/underlyings'] = UNDERLYINGS;
    socket.fire('feed:status', aStatus({ chain: null }));
    await settle();
    expect(tracker.chain.phase).toBe('ready');
  });

  it('should come back at a moment of its own after a server that stopped, and promptly after a lost line', async () => {
    const { entrance, socket } = page(API);
    await opened(entrance);
    socket.fire('server:closing', { message: 'restarting', reconnectWithinMs: 5_000 });
    expect(socket.delays.at(-1)).toBeGreaterThanOrEqual(500);
    expect(socket.delays.at(-1)).toBeLessThanOrEqual(5_500);
    socket.fire('connect');
    expect(socket.delays.at(-1)).toBe(500);
  });

  it('should let a viewer in with the passphrase, and say so when it is wrong', async () => {
    const wrong = { error: { code: 'wrong-passphrase', message: 'That is not the passphrase.' } };
    const refused = page({ ...API, '/api/auth/passphrase': wrong }).entrance;
    expect(await refused.session.enterAsViewer('guess')).toBe(false);
    expect(refused.session.problem?.code).toBe('wrong-passphrase');
    const { entrance } = page({ ...API, '/api/auth/passphrase': { ...SIGNED_IN, method: 'viewer' } });
    expect(await entrance.session.enterAsViewer('the right one')).toBe(true);
    expect(entrance.session.info?.method).toBe('viewer');
  });
});
