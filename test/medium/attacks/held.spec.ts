import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { MINUTE_MS } from '../../../server/domain/units.js';
import { ChainGateway } from '../../../server/gateway/chain.gateway.js';
import { PATIENCE, type Patience } from '../../../server/http/patience.js';
import { closeSockets, connect, Recorder } from '../../support/sockets.js';
import { DAY, type Fort, NIFTY_KEY, openFort, until } from './fort.js';
import { fragment, frame, RawScreen } from './raw-screen.js';

/**
 * Others while an attack goes on, by the order of events and no clock: every request is answered and every push comes
 * while the slow or broken connections are still held, and only then are these let go.
 */

const NIFTY = { underlying: NIFTY_KEY, expiry: DAY };
const HOUR_MS = 3_600_000;
/** No slow connection ends by itself before the test says so; looked at as often as in the other tests. */
const ENDLESS: Patience = {
  ...{ headersMs: HOUR_MS, requestMs: HOUR_MS, idleMs: HOUR_MS },
  ...{ lookMs: 100, connections: PATIENCE.connections },
};
const SLOW = 1_000;
const CRAFTED = 200;
const REQUESTS = 200;
const PUSHES = 10;

let fort: Fort;
let cookie: string;
let headers: Record<string, string>;
const sockets = new Set<Socket>();
const screens = new Set<RawScreen>();
beforeEach(async () => {
  fort = await openFort({ patience: ENDLESS });
  await fort.ready();
  cookie = await fort.signIn();
  headers = { cookie, origin: fort.url };
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const screen of screens) screen.close();
  closeSockets();
  await fort.close();
});

const http = (): Server => fort.app.getHttpServer() as Server;
const open = (): Promise<number> =>
  new Promise((resolve, reject) =>
    http().getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count))),
  );

/** A connection that begins a request and does not end it. */
class Slow {
  said = '';
  isOver = false;

  constructor(head: string) {
    const socket = connectTcp({ port: fort.port, host: '127.0.0.1' }, () => socket.write(head));
    sockets.add(socket);
    socket.setEncoding('latin1').on('data', (chunk: string) => (this.said += chunk));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => (this.isOver = true));
  }
}

/** A well-behaved screen. */
async function healthyScreen(): Promise<Recorder> {
  const recorder = new Recorder(await connect(fort.url, headers), NIFTY);
  expect(await recorder.watch()).toMatchObject({ ok: true });
  await until('the first table', async () => {
    if (!recorder.table) await recorder.watch();
    return recorder.table;
  });
  return recorder;
}

/** That every request is answered, and each minute's change comes, in order and without a gap. */
async function othersAreServed(screen: Recorder): Promise<void> {
  const table = `/api/chains/NIFTY/${DAY}/table`;
  for (let i = 0; i < REQUESTS / 2; i++) {
    expect(await fort.alive()).toBe(true);
    expect((await fort.ask(table, { cookie })).status).toBe(200);
  }
  const [began, seen] = [screen.table!.seq, screen.frames.length];
  for (let n = 1; n <= PUSHES; n++) {
    fort.clock.advance(MINUTE_MS);
    await until(`push ${n}`, () => screen.frames.length >= seen + n);
  }
  const numbers = screen.frames.slice(seen).map(({ seq }) => seq);
  expect(numbers).toEqual(numbers.map((_, i) => began + 1 + i));
  expect(screen.asked).toBe(0);
}

describe('S22 a thousand slow requests', () => {
  const HOST = (): string => `Host: 127.0.0.1:${fort.port}\r\n`;

  it.each([
    ['headers', () => `GET / HTTP/1.1\r\n${HOST()}X-Slow: `],
    [
      'bodies',
      () =>
        `POST /api/auth/token HTTP/1.1\r\n${HOST()}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    ],
  ])(
    'should hold up no request and no push while all are held, and be let go by their time-out: %s',
    async (_what, head) => {
      const screen = await healthyScreen();
      const slow = Array.from({ length: SLOW }, () => new Slow(head()));
      await until('all slow ones to be held', async () => (await open()) > SLOW);
      await othersAreServed(screen);
      // Not one had been let go before the last request was answered and the last push was there.
      expect(slow.filter(({ isOver, said }) => isOver || said !== '')).toEqual([]);
      expect(await open()).toBeGreaterThan(SLOW);
      http().headersTimeout = 1;
      http().requestTimeout = 1;
      await until('the slow ones to be let go', () => slow.every(({ isOver }) => isOver));
      expect(slow.filter(({ said }) => said.startsWith('HTTP/1.1 408 '))).toHaveLength(SLOW);
      await until('their connections to be gone', async () => (await open()) < 10);
      expect(fort.app.get(ChainGateway).screens).toBe(1);
      fort.clock.advance(MINUTE_MS);
      const seen = screen.frames.length;
      await until('one more push', () => screen.frames.length > seen);
    },
  );
});

describe('S24 crafted packets that are never finished', () => {
  const UNFINISHED: readonly Buffer[] = [
    // Attachments that do not come.
    frame('451-["chain:watch",{"_placeholder":true,"num":0}]'),
    frame('459-1["chain:watch",{"_placeholder":true,"num":0}]'),
    // A message in fragments, and one in a frame, without their ends.
    fragment('42["chain:watch",{"underlying":"', true),
    frame('x'.repeat(9_000)).subarray(0, 5_000),
    // The first byte of a frame.
    Buffer.from([0x81]),
  ];

  it('should hold up no request and no push while two hundred wait, and be counted out when they go', async () => {
    const healthy = await healthyScreen();
    for (let i = 0; i < CRAFTED; i++) {
      const screen = await RawScreen.open(fort.url, headers);
      screens.add(screen);
      screen.say('40');
      await until('the screen to be let in', () => screen.heard.some((text) => text.startsWith('40{')));
      screen.bytes(UNFINISHED[i % UNFINISHED.length]!);
    }
    expect(fort.app.get(ChainGateway).screens).toBe(CRAFTED + 1);
    await othersAreServed(healthy);
    expect(fort.app.get(ChainGateway).screens).toBe(CRAFTED + 1);
    expect([...screens].filter(({ socket }) => socket.destroyed)).toEqual([]);
    for (const screen of screens) screen.close();
    await until('all of them to be counted out', () => fort.app.get(ChainGateway).screens === 1);
    await othersAreServed(healthy);
  });

  const opening = (before: string, after: string): string =>
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${fort.port}\r\n${before}` +
    `Origin: ${fort.url}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a2tra2tra2tra2tra2tra2s=\r\n${after}\r\n`;

  it('should survive a WebSocket with more than 2,000 headers, of which Node drops the rest', async () => {
    const healthy = await healthyScreen();
    // Within Node's 16 kB, and beyond them.
    const [few, many] = ['a:b\r\n'.repeat(2_500), 'X-Name: value\r\n'.repeat(2_500)];
    for (const text of [opening(few, ''), opening(many, ''), opening('', many)])
      expect(await fort.tcp((socket) => socket.write(text))).toMatch(/^HTTP\/1.1 4\d\d |^$/);
    // Those of the handshake come first here: it is one as any other.
    const socket = connectTcp({ port: fort.port, host: '127.0.0.1' }, () => socket.write(opening('', few)));
    sockets.add(socket);
    const [answer] = (await once(socket.setEncoding('latin1'), 'data')) as [string];
    expect(answer).toMatch(/^HTTP\/1.1 (101|4\d\d) /);
    await othersAreServed(healthy);
  });

  it('should refuse another protocol version for an open connection, and go on with its heartbeat', async () => {
    const healthy = await healthyScreen();
    const screen = await RawScreen.open(fort.url, headers);
    screens.add(screen);
    await until('the handshake', () => screen.heard.some((text) => text.startsWith('0{')));
    const { sid } = JSON.parse(screen.heard[0]!.slice(1)) as { sid: string };
    for (const version of ['3', '5', 'x', '']) {
      const upgrade = RawScreen.open(fort.url, headers, `EIO=${version}&transport=websocket&sid=${sid}`);
      const other = await upgrade.catch((error: Error) => error.message);
      if (typeof other === 'string') expect(other).toMatch(/refused: 400|hang up/);
      else {
        screens.add(other);
        other.say('2probe', '5', '3', '2');
        await other.closed;
        expect(other.heard.filter((text) => text.startsWith('0{') || text === '3probe')).toEqual([]);
      }
    }
    screen.say('40');
    await until('the screen to be let in', () => screen.heard.some((text) => text.startsWith('40{')));
    screen.say('3', '421["chain:unwatch",{"underlying":"nobody","expiry":"2026-08-18"}]');
    await until('its answer', () => screen.heard.some((text) => text.startsWith('431[')));
    await othersAreServed(healthy);
  });
});
