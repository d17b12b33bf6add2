import { jest } from '@jest/globals';
import { inflateSync } from 'node:zlib';
import { chainKey } from '../../../server/domain/contract.js';
import { ReadyAnswers } from '../../../server/gateway/fan-out-answer.js';
import { FanOut } from '../../../server/gateway/fan-out.js';
import { ChainGateway } from '../../../server/gateway/chain.gateway.js';
import type { TrackerServer, TrackerSocket } from '../../../server/gateway/screen-socket.js';
import type { ChangeFrame, FeedStatus } from '../../../server/protocol/index.js';
import { NIFTY, openHouse, type House } from '../../support/house.js';
import {
  Recorder,
  closeSockets,
  connect,
  disconnected,
  settled,
  unwatch,
  watch,
  type ScreenSocket,
} from '../../support/sockets.js';

const ROOM = chainKey(NIFTY);

let house: House;
let cookie: string;

beforeEach(async () => {
  house = await openHouse({ listening: true });
  cookie = await house.signIn();
  await house.tick();
});
afterEach(async () => {
  jest.restoreAllMocks();
  closeSockets();
  await house.close();
});

const screen = (): Promise<ScreenSocket> => connect(house.base(), { cookie, origin: house.base() });
const fanOut = (): FanOut => house.get(FanOut);

async function watching(count: number): Promise<ScreenSocket[]> {
  const sockets: ScreenSocket[] = [];
  // A few at a time: a hundred handshakes at once are another test.
  while (sockets.length < count)
    sockets.push(
      ...(await Promise.all(Array.from({ length: Math.min(20, count - sockets.length) }, screen))),
    );
  await Promise.all(sockets.map((socket) => watch(socket, NIFTY)));
  return sockets;
}

/** A change that no client could apply: only its number matters here. */
const change = (seq: number, padding = 0): ChangeFrame =>
  ({ ...house.published[0]!.frame, seq, note: 'x'.repeat(padding) }) as ChangeFrame;

const status = (message: string): FeedStatus => ({ ...house.status.current(NIFTY), message });

/** Everything that a screen hears of the chain, in order. */
function heard(socket: ScreenSocket): string[] {
  const list: string[] = [];
  socket.on('chain:change', ({ seq }) => list.push(`change ${seq}`));
  socket.on('feed:status', ({ message }) => list.push(`status ${message?.slice(0, 12)}`));
  return list;
}

const server = (): TrackerServer => (house.get(ChainGateway) as unknown as { server: TrackerServer }).server;
const serverSide = (socket: ScreenSocket): TrackerSocket => server().sockets.sockets.get(socket.id!)!;

/** What is behind a screen's socket at the server. */
const rawOf = (socket: ScreenSocket) =>
  (serverSide(socket).conn.transport as unknown as { socket: { ping: unknown } }).socket;

/** The TCP socket of a screen: paused, it reads nothing. */
const wireOf = (socket: ScreenSocket) =>
  (
    socket.io.engine.transport as unknown as {
      ws: { _socket: { pause(): void; resume(): void } };
    }
  ).ws._socket;

describe('a push to a room', () => {
  it('should reach stock clients as one ready frame, encoded once', async () => {
    const sockets = await watching(20);
    const recorders = sockets.map((socket) => new Recorder(socket, NIFTY));
    await Promise.all(recorders.map((recorder) => recorder.watch()));
    const before = { ...house.metrics.pushes };
    await house.tick('10:01');
    await house.tick('10:02');
    await Promise.all(sockets.map(settled));
    expect(house.metrics.pushes.direct - before.direct).toBe(40);
    expect(house.metrics.pushes.queued).toBe(before.queued);
    for (const recorder of recorders) {
      expect(recorder.frames.map(({ seq }) => seq)).toEqual([2, 3]);
      expect(recorder.table).toEqual(house.published.at(-1)!.table);
    }
  });

  it('should keep the order of statuses, changes and answers, whichever way each goes', async () => {
    const [socket] = await watching(1);
    const list = heard(socket!);
    const answered = new Promise<void>((resolve) =>
      socket!.emit('chain:watch', NIFTY, () => {
        list.push('answer');
        resolve();
      }),
    );
    await answered;
    for (let i = 0; i < 15; i++) {
      fanOut().push(ROOM, 'feed:status', status(`${i}`));
      // Socket.IO's own way, in between: what follows must wait for it.
      serverSide(socket!).emit('feed:status', status(`own ${i}`));
      fanOut().push(ROOM, 'chain:change', change(100 + i));
    }
    await settled(socket!);
    expect(list).toEqual([
      'answer',
      ...Array.from({ length: 15 }, (_, i) => [`status ${i}`, `status own ${i}`, `change ${100 + i}`]).flat(),
    ]);
    expect(house.metrics.pushes.direct).toBeGreaterThan(0);
    expect(house.metrics.pushes.queued).toBeGreaterThan(0);
  });

  it('should keep its place when it is for one socket alone, also while what came before is not written', async () => {
    const [socket] = await watching(1);
    const list = heard(socket!);
    const own = serverSide(socket!);
    fanOut().send(own, 'feed:status', status('first'));
    own.emit('feed:status', status('second'));
    fanOut().send(own, 'feed:status', status('third'));
    own.emit('feed:status', status('fourth'));
    fanOut().send(own, 'feed:status', status('fifth'));
    await settled(socket!);
    expect(list).toEqual(['first', 'second', 'third', 'fourth', 'fifth'].map((word) => `status ${word}`));
  });

  it.each([10, 125, 126, 60_000, 65_536, 600_000])(
    'should carry %i characters more, and what follows',
    async (padding) => {
      const [socket] = await watching(1);
      const got = new Promise<FeedStatus>((resolve) => socket!.once('feed:status', resolve));
      const list = heard(socket!);
      const message = `₹ ${'é'.repeat(padding)}`;
      fanOut().push(ROOM, 'feed:status', status(message));
      fanOut().push(ROOM, 'chain:change', change(9));
      expect((await got).message).toBe(message);
      await settled(socket!);
      expect(list.at(-1)).toBe('change 9');
    },
  );

  it('should reach everybody once though it is cut into slices, except those who left in between', async () => {
    const sockets = await watching(80);
    const lists = sockets.map(heard);
    await Promise.all(sockets.map(settled));
    // Each look at the clock finds the slice used up: 32 sockets, then the others get their turn.
    let now = performance.now();
    jest.spyOn(performance, 'now').mockImplementation(() => (now += 20));
    const before = house.metrics.pushes.direct;
    fanOut().push(ROOM, 'chain:change', change(50));
    expect(house.metrics.pushes.direct - before).toBe(32);
    fanOut().push(ROOM, 'chain:change', change(51));
    expect(house.metrics.pushes.direct - before).toBe(32);
    const [gone, left] = [sockets[79]!, sockets[78]!];
    serverSide(gone).disconnect(true);
    expect(await unwatch(left, NIFTY)).toEqual({ ok: true });
    jest.restoreAllMocks();
    await Promise.all(sockets.slice(0, 78).map(settled));
    for (const list of lists.slice(0, 78)) expect(list).toEqual(['change 50', 'change 51']);
    expect(lists[79]).toEqual([]);
  });

  it('should be finished when the server is about to stop', async () => {
    const sockets = await watching(40);
    const lists = sockets.map(heard);
    await Promise.all(sockets.map(settled));
    let now = performance.now();
    jest.spyOn(performance, 'now').mockImplementation(() => (now += 20));
    fanOut().push(ROOM, 'chain:change', change(50));
    fanOut().flush();
    jest.restoreAllMocks();
    await Promise.all(sockets.map(settled));
    for (const list of lists) expect(list).toEqual(['change 50']);
  });

  it('should go the ordinary way where the libraries are not as expected, and be counted', async () => {
    const [odd, usual] = await watching(2);
    rawOf(odd!).ping = undefined;
    expect(rawOf(usual!).ping).toBeDefined();
    const before = { ...house.metrics.pushes };
    const emitted = jest.spyOn(serverSide(odd!).client as never, 'writeToEngine' as never);
    fanOut().push(ROOM, 'chain:change', change(5));
    expect(house.metrics.pushes).toEqual({ ...before, direct: before.direct + 1, queued: before.queued + 1 });
    expect(emitted).toHaveBeenCalledTimes(1);
  });

  it('should reach the others when one socket throws', async () => {
    const sockets = await watching(3);
    const lists = sockets.map(heard);
    await Promise.all(sockets.map(settled));
    Object.defineProperty(rawOf(sockets[1]!), 'bufferedAmount', {
      get: () => {
        throw new Error('broken');
      },
    });
    fanOut().push(ROOM, 'chain:change', change(5));
    await Promise.all([settled(sockets[0]!), settled(sockets[2]!)]);
    expect(lists).toEqual([['change 5'], [], ['change 5']]);
    expect(house.lines.some((line) => line.includes('A push to a socket failed'))).toBe(true);
  });
});

describe('a reader that does not keep up', () => {
  it('should be spared changes, cost others nothing, and get the newest one when it reads again', async () => {
    const [slow, healthy] = await watching(2);
    const [lists, fine] = [heard(slow!), heard(healthy!)];
    await settled(slow!);
    wireOf(slow!).pause();
    let seq = 100;
    while (house.metrics.pushes.deferred < 10) {
      fanOut().push(ROOM, 'chain:change', change(++seq, 100_000));
      await settled(healthy!);
      expect(seq).toBeLessThan(1_000);
    }
    expect(fine).toHaveLength(seq - 100);
    expect(house.metrics.pushes.cut).toBe(0);
    const newest = new Promise<void>((resolve) =>
      slow!.on('chain:change', (frame) => frame.seq === seq && resolve()),
    );
    wireOf(slow!).resume();
    await newest;
    expect(lists).toHaveLength(seq - 100 - house.metrics.pushes.deferred + 1);
    expect([...lists].sort((a, b) => Number(a.split(' ')[1]) - Number(b.split(' ')[1]))).toEqual(lists);
    // It keeps up again.
    fanOut().push(ROOM, 'chain:change', change(++seq));
    await settled(slow!);
    expect(lists.at(-1)).toBe(`change ${seq}`);
  });

  it('should be cut off when more than a megabyte is queued for it', async () => {
    const [slow, healthy] = await watching(2);
    const fine = heard(healthy!);
    await settled(slow!);
    wireOf(slow!).pause();
    const away = new Promise<string>((resolve) => serverSide(slow!).once('disconnect', resolve));
    let sent = 0;
    while (house.metrics.pushes.cut === 0) {
      fanOut().push(ROOM, 'feed:status', status(`${++sent} ${'x'.repeat(500_000)}`));
      await settled(healthy!);
      expect(sent).toBeLessThan(100);
    }
    expect(await away).toBe('transport close');
    expect(house.registry.watchers(NIFTY)).toBe(1);
    expect(fine).toHaveLength(sent);
    const ended = disconnected(slow!);
    wireOf(slow!).resume();
    await ended;
  });
});

describe('the answer to those who begin to watch', () => {
  it('should be encoded once for a thousand of them', async () => {
    // Ten people with five screens each: so much at once is not allowed to one.
    const cookies = await Promise.all(Array.from({ length: 10 }, () => house.signIn()));
    const sockets = await Promise.all(
      cookies.flatMap((own) =>
        Array.from({ length: 5 }, () => connect(house.base(), { cookie: own, origin: house.base() })),
      ),
    );
    const before = house.metrics.answersEncoded;
    const table = house.chains.latestInMemory(NIFTY);
    const answers = await Promise.all(
      sockets.flatMap((socket) => Array.from({ length: 20 }, () => watch(socket, NIFTY))),
    );
    expect(answers).toHaveLength(1_000);
    for (const answer of answers) expect(answer).toMatchObject({ ok: true, table, status: { chain: NIFTY } });
    expect(house.metrics.answersEncoded - before).toBe(1);
    await house.tick('10:01');
    await watch(sockets[0]!, NIFTY);
    expect(house.metrics.answersEncoded - before).toBe(2);
  });

  it('should be the ordinary one where the encoder is not as expected', () => {
    const answers = new ReadyAnswers(fanOut(), house.metrics);
    answers.open({ encoder: {} } as unknown as TrackerServer);
    const given: unknown[] = [];
    answers.send({} as TrackerSocket, (answer) => given.push(answer), { ok: true }, 'table', { seq: 3 });
    expect(given).toEqual([{ ok: true, table: { seq: 3 } }]);
  });

  it('should be none where none is wanted', async () => {
    const socket = await screen();
    (socket as unknown as { emit(event: string, payload: unknown): void }).emit('chain:watch', NIFTY);
    await settled(socket);
    expect(house.registry.watchers(NIFTY)).toBe(1);
  });
});

describe('the answer to those who unpack', () => {
  const unpacking = (auth: Record<string, unknown> = { accepts: 'deflate' }): Promise<ScreenSocket> =>
    connect(house.base(), { cookie, origin: house.base() }, ['websocket'], auth);

  const json = (packed: unknown): unknown => JSON.parse(inflateSync(packed as Buffer).toString());

  it('should be the same table, deflated once for all of them, at most a quarter of the text', async () => {
    const table = house.chains.latestInMemory(NIFTY);
    const before = house.metrics.answersEncoded;
    const sockets = await Promise.all(Array.from({ length: 20 }, () => unpacking()));
    const answers = await Promise.all(sockets.map((socket) => watch(socket, NIFTY)));
    for (const answer of answers) {
      if (!answer.ok) throw new Error(answer.error.message);
      expect(answer.table).toBeInstanceOf(Buffer);
      expect(json(answer.table)).toEqual(table);
      expect(answer.status.chain).toEqual(NIFTY);
    }
    expect(house.metrics.answersEncoded - before).toBe(1);
    const [answer] = answers;
    const bytes = (answer as unknown as { table: Buffer }).table.byteLength;
    expect(bytes).toBeLessThanOrEqual(JSON.stringify(table).length / 4);
  });

  it('should come in its place among statuses, changes and the answers to others', async () => {
    const [socket, stock] = await Promise.all([unpacking(), screen()]);
    const list = heard(socket);
    await watch(socket, NIFTY);
    for (let i = 0; i < 10; i++) {
      fanOut().push(ROOM, 'chain:change', change(100 + i));
      serverSide(socket).emit('feed:status', status(`own ${i}`));
      const answered = watch(socket, NIFTY).then((answer) => {
        list.push('answer');
        return answer;
      });
      fanOut().push(ROOM, 'feed:status', status(`${i}`));
      const [packed, plain] = await Promise.all([answered, watch(stock, NIFTY)]);
      expect(json(packed.ok && packed.table)).toEqual(plain.ok && plain.table);
    }
    await settled(socket);
    const changes = list.filter((one) => one.startsWith('change'));
    expect(changes).toEqual(Array.from({ length: 10 }, (_, i) => `change ${100 + i}`));
    expect(list.filter((one) => one === 'answer')).toHaveLength(10);
  });

  it.each([
    { accepts: 'br' },
    { accepts: ['deflate'] },
    { accepts: { toString: 'x' } },
    { accepts: null },
    { __proto__: { accepts: 'deflate' } },
  ])('should be the ordinary one for a screen that says %j', async (auth) => {
    const answer = await watch(await unpacking(auth as Record<string, unknown>), NIFTY);
    expect(answer).toMatchObject({ ok: true, table: house.chains.latestInMemory(NIFTY) });
  });
});

describe('the status of a watched chain', () => {
  it('should not be told again for what a change says, nor for watchers who come and go', async () => {
    const [socket] = await watching(1);
    await house.run(2);
    house.status.tick();
    await settled(socket!);
    const statuses: FeedStatus[] = [];
    const qualities: unknown[] = [];
    socket!.on('feed:status', (told) => statuses.push(told));
    socket!.on('chain:change', ({ quality }) => qualities.push(quality));
    for (let i = 0; i < 5; i++) {
      house.clock.advance(60_000);
      house.status.tick();
      await house.tick();
      house.status.tick();
      (await screen()).close();
      await watching(1);
    }
    await settled(socket!);
    expect(statuses).toEqual([]);
    expect(qualities).toHaveLength(5);
    expect(qualities.at(-1)).toEqual(house.status.current(NIFTY).quality);
  });

  it('should be told when a minute was missed', async () => {
    const [socket] = await watching(1);
    await house.run(2);
    house.status.tick();
    await settled(socket!);
    const statuses: FeedStatus[] = [];
    socket!.on('feed:status', (told) => statuses.push(told));
    house.clock.advance(120_000);
    house.status.tick();
    await settled(socket!);
    expect(statuses).toMatchObject([{ chain: NIFTY, quality: { missed: 1 } }]);
  });
});
