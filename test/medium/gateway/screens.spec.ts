import fc from 'fast-check';
import type { FeedStatus, Table } from '../../../server/protocol/index.js';
import { Feed } from '../../../server/snapshot/feed.js';
import { encodeChange } from '../../../server/snapshot/frame-encoder.js';
import { openGate } from '../../support/gate.js';
import { NIFTY, NIFTY_NEXT, openHouse, share, slotAtTime, type House } from '../../support/house.js';
import {
  Recorder,
  ask,
  closeSockets,
  connect,
  settled,
  unwatch,
  watch,
  type ScreenSocket,
} from '../../support/sockets.js';

let house: House;
let cookie: string;
afterEach(async () => {
  closeSockets();
  await house.close();
});

async function enter(options: Parameters<typeof openHouse>[0] = {}): Promise<void> {
  house = await openHouse({ listening: true, ...options });
  cookie = await house.signIn();
}

const screen = (): Promise<ScreenSocket> => connect(house.base(), { cookie, origin: house.base() });

async function httpTable(chain = NIFTY): Promise<Table> {
  const path = `/api/chains/${encodeURIComponent(chain.underlying)}/${chain.expiry}/table`;
  const answer = await fetch(house.base() + path, { headers: { cookie, origin: house.base() } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Table;
}

describe('watching a chain', () => {
  it('should answer with the whole table and the status, captured now when it is due', async () => {
    await enter();
    const answer = await watch(await screen(), NIFTY_NEXT);
    expect(answer).toMatchObject({
      ok: true,
      table: { slot: slotAtTime('10:00'), seq: 1, expiry: NIFTY_NEXT.expiry },
      status: { state: 'back-filling', watchers: 1, chain: NIFTY_NEXT },
    });
    expect(house.broker.calls(NIFTY_NEXT)).toBe(1);
  });

  it('should push changes that merge to the very table of HTTP', async () => {
    await enter();
    const socket = await screen();
    const recorder = new Recorder(socket, NIFTY);
    await recorder.watch();
    for (let i = 1; i <= 40; i++) {
      await house.tick(house.clock.now() + 60_000);
      await settled(socket);
      expect(recorder.table).toEqual(await httpTable());
    }
    expect(recorder.events).toEqual([
      { kind: 'ack', seq: 1 },
      ...Array.from({ length: 40 }, (_, i) => ({ kind: 'frame', seq: i + 2 })),
    ]);
  });

  it('should take a chain by the symbol of its underlying, and leave it by that name too', async () => {
    await enter();
    const socket = await screen();
    const byName = { underlying: 'NIFTY', expiry: NIFTY.expiry };
    expect(await watch(socket, byName)).toMatchObject({
      ok: true,
      table: { underlying: { symbol: 'NIFTY' } },
    });
    expect(house.registry.watchers(NIFTY)).toBe(1);
    await watch(socket, NIFTY);
    expect(house.registry.watchers(NIFTY)).toBe(1);
    await unwatch(socket, byName);
    expect(house.registry.watchers(NIFTY)).toBe(0);
    await house.tick('10:05');
    const frames: unknown[] = [];
    socket.on('chain:change', (frame) => frames.push(frame));
    await settled(socket);
    expect(frames).toEqual([]);
  });

  it('should compute and encode once for all who watch', async () => {
    await enter();
    const screens = await Promise.all(Array.from({ length: 5 }, screen));
    const recorders = screens.map((socket) => new Recorder(socket, NIFTY));
    await Promise.all(recorders.map((recorder) => recorder.watch()));
    const { tablesComputed, framesEncoded } = house.metrics;
    const calls = house.broker.calls();
    await house.tick('10:01');
    await Promise.all(screens.map(settled));
    expect(house.metrics.tablesComputed - tablesComputed).toBe(1);
    expect(house.metrics.framesEncoded - framesEncoded).toBe(1);
    expect(house.broker.calls() - calls).toBe(1);
    for (const recorder of recorders)
      expect(recorder.frames.at(-1)).toMatchObject({ slot: slotAtTime('10:01') });
  });

  it('should tell a screen nothing of chains that it does not watch', async () => {
    await enter();
    const mine = await screen();
    const other = await screen();
    const strangers: unknown[] = [];
    await watch(mine, NIFTY);
    await watch(other, NIFTY_NEXT);
    mine.on('chain:change', (frame) => frame.expiry !== NIFTY.expiry && strangers.push(frame));
    mine.on(
      'feed:status',
      (status) => status.chain && status.chain.expiry !== NIFTY.expiry && strangers.push(status),
    );
    await house.run(3);
    house.status.tick();
    await settled(mine);
    expect(strangers).toEqual([]);
  });

  it('should tell the status of the server at once, and changes of a chain to those who watch it', async () => {
    await enter();
    const socket = await screen();
    const statuses: FeedStatus[] = [];
    socket.on('feed:status', (status) => statuses.push(status));
    await watch(socket, NIFTY);
    await house.collector.stop();
    house.clock.set(house.clock.now() + 5 * 60_000);
    house.status.tick();
    await settled(socket);
    const late = statuses.filter((status) => status.chain?.expiry === NIFTY.expiry).at(-1);
    expect(late).toMatchObject({ state: 'stale', lastSlot: slotAtTime('10:00') });
    expect(late?.message).toContain('Nothing new since 10:00');
    const told = statuses.length;
    house.status.tick();
    await settled(socket);
    expect(statuses).toHaveLength(told);
  });

  it('should answer with no table, not with an error, when nothing was captured yet and the broker is down', async () => {
    await enter();
    house.broker.onChain = () => Promise.reject(new Error('down'));
    expect(await watch(await screen(), NIFTY)).toMatchObject({
      ok: true,
      table: null,
      status: { state: 'waiting' },
    });
  });
});

describe('from the answer to the first push', () => {
  it('should never lose or repeat a change, however captures and newcomers interleave', async () => {
    await enter();
    await house.tick();
    const sockets = await Promise.all(Array.from({ length: 4 }, screen));
    const recorders: Recorder[] = [];
    for (let i = 0; i < 50; i++) {
      house.clock.advance(60_000);
      const fresh = sockets.map((socket) => new Recorder(socket, NIFTY));
      recorders.push(...fresh);
      const watches = fresh.map((recorder, k) =>
        k % 2 ? recorder.watch() : settled(sockets[k]!).then(() => recorder.watch()),
      );
      await Promise.all([house.tick(), ...watches]);
      await Promise.all(sockets.map(settled));
      const latest = house.published.at(-1)!.table;
      for (const recorder of fresh) expect(recorder.table?.seq).toBe(latest.seq);
      if (i % 10 === 9) for (const recorder of recorders) expect(recorder.table).toEqual(latest);
      await Promise.all(sockets.map((socket) => unwatch(socket, NIFTY)));
      // Left: they take no more changes, so that the next round starts afresh.
      sockets.forEach((socket) => socket.off('chain:change'));
      recorders.length = 0;
      // The buckets of requests fill again with real time; fresh sockets of a fresh sign-in have full ones.
      if (i % 4 === 3) {
        closeSockets();
        cookie = await house.signIn();
        sockets.splice(0, 4, ...(await Promise.all(Array.from({ length: 4 }, screen))));
      }
    }
  });

  it('should put no push between the room and the answer', async () => {
    await enter();
    await house.tick();
    const socket = await screen();
    const recorder = new Recorder(socket, NIFTY);
    const { chains } = house;
    const latest = chains.latestInMemory.bind(chains);
    const { table } = house.published[0]!;
    const next = { chain: NIFTY, table, frame: encodeChange(table, { ...table, seq: 2 }) };
    let asked = 0;
    // The worst moment: another turn publishes as soon as the watcher's own turn gives way.
    chains.latestInMemory = (chain) => {
      if (++asked === 2) queueMicrotask(() => house.get(Feed).publishTable(next));
      return latest(chain);
    };
    await recorder.watch();
    await settled(socket);
    expect(recorder.events.map(({ kind, seq }) => `${kind} ${seq}`)).toEqual(['ack 1', 'frame 2']);
  });
});

describe('what a screen may name', () => {
  it.each([
    ['an unknown underlying', { underlying: 'NSE_EQ|NOBODY', expiry: '2026-08-25' }, 'unknown-underlying'],
    ['an unknown expiry', { underlying: NIFTY.underlying, expiry: '2026-08-19' }, 'unknown-expiry'],
    ['a date that is none', { underlying: NIFTY.underlying, expiry: '2026-02-30' }, 'bad-request'],
    ['one thing too many', { ...NIFTY, extra: 1 }, 'bad-request'],
    ['nothing', undefined, 'bad-request'],
  ])('should be refused in words: %s', async (_what, chain, code) => {
    await enter();
    const answer = await ask(await screen(), 'chain:watch', chain);
    expect(answer).toEqual({ ok: false, error: { code, message: expect.stringMatching(/\w+/) } });
    expect(house.registry.total()).toBe(0);
  });

  it('should be refused whatever its shape, and harm nothing', async () => {
    await enter();
    const shapes = fc.sample(fc.anything({ withNullPrototype: false, withBigInt: false, maxDepth: 3 }), 250);
    let socket = await screen();
    for (const [i, shape] of shapes.entries()) {
      if (i % 25 === 0) {
        socket.close();
        cookie = await house.signIn();
        socket = await screen();
      }
      const answer = await ask(socket, i % 2 ? 'chain:watch' : 'chain:unwatch', shape);
      expect(answer).toMatchObject({ ok: false, error: { code: 'bad-request' } });
    }
    expect(await watch(await screen(), NIFTY)).toMatchObject({ ok: true });
  });

  it('should not crash the server when there is nobody to answer', async () => {
    await enter();
    const socket = await screen();
    const raw = socket as unknown as { emit(event: string, ...parts: unknown[]): void };
    raw.emit('chain:watch');
    raw.emit('chain:watch', NIFTY);
    raw.emit('chain:watch', { underlying: 'x', expiry: 'y' });
    raw.emit('chain:watch', NIFTY, 'no function');
    raw.emit('chain:unwatch');
    raw.emit('no such event', 1);
    await settled(socket);
    expect(await watch(socket, NIFTY)).toMatchObject({ ok: true });
    expect(house.registry.watchers(NIFTY)).toBe(1);
  });
});

describe('counting watchers', () => {
  it('should count a screen once, and out when it unwatches or goes', async () => {
    await enter();
    const [one, two] = [await screen(), await screen()];
    await watch(one, NIFTY);
    await watch(one, NIFTY);
    await watch(two, NIFTY);
    expect(house.registry.watchers(NIFTY)).toBe(2);
    await unwatch(one, NIFTY);
    await unwatch(one, NIFTY);
    expect(house.registry.watchers(NIFTY)).toBe(1);
    const gone = countedOut();
    two.close();
    await gone;
    expect(house.registry.watchers(NIFTY)).toBe(0);
  });

  /** Resolves when the registry has counted somebody out. */
  function countedOut(): Promise<void> {
    const leave = house.registry.leave.bind(house.registry);
    return new Promise((resolve) => {
      house.registry.leave = (chain) => {
        leave(chain);
        resolve();
      };
    });
  }

  it('should not watch a chain that the screen left while it was being prepared', async () => {
    await enter();
    const gate = openGate();
    const script = house.broker.onChain;
    house.broker.onChain = async (call) => {
      await gate.passed();
      return script(call);
    };
    const socket = await screen();
    const watching = watch(socket, NIFTY_NEXT);
    await gate.reached;
    await unwatch(socket, NIFTY_NEXT);
    gate.open();
    expect(await watching).toMatchObject({ ok: true });
    expect(house.registry.total()).toBe(0);
  });

  it('should refuse the thirteenth chain, also when all are asked for at once', async () => {
    await enter({ shares: 14 });
    const socket = await screen();
    const answers = await Promise.all(Array.from({ length: 14 }, (_, i) => watch(socket, share(i))));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(12);
    expect(answers.slice(12)).toEqual([
      { ok: false, error: { code: 'too-many-requests', message: expect.stringContaining('12') } },
      { ok: false, error: { code: 'too-many-requests', message: expect.stringContaining('12') } },
    ]);
    expect(house.registry.total()).toBe(12);
    await unwatch(socket, share(3));
    expect(await watch(socket, share(13))).toMatchObject({ ok: true });
  });
});
