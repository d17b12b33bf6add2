import { connect as connectTcp, type Socket } from 'node:net';
import { PATIENCE, type Patience } from '../../../server/http/patience.js';
import { ChainGateway } from '../../../server/gateway/chain.gateway.js';
import { type Fort, openFort, until } from './fort.js';
import { RawScreen } from './raw-screen.js';

/** As in production, but for the clock's sake in fractions of a second. */
const QUICK: Patience = { headersMs: 600, requestMs: 900, idleMs: 1_500, lookMs: 100, connections: 2_000 };
const MANY = 1_000;

let fort: Fort;
const sockets = new Set<Socket>();
beforeAll(async () => {
  fort = await openFort({ patience: QUICK });
  await fort.ready();
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await until('the connections to be gone', async () => (await open()) <= 1);
  expect(await fort.alive()).toBe(true);
});
afterAll(() => fort.close());

const open = (): Promise<number> =>
  new Promise((resolve, reject) =>
    fort.app.getHttpServer().getConnections((error: Error | null, count: number) => {
      if (error) reject(error);
      else resolve(count);
    }),
  );

/** A connection that begins with these bytes. @returns when the server has ended it, and what it said */
function begin(head: string): { socket: Socket; ended: Promise<string> } {
  const socket = connectTcp({ port: fort.port, host: '127.0.0.1' }, () => socket.write(head));
  sockets.add(socket);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => socket.destroy());
  return { socket, ended: new Promise((resolve) => socket.once('close', () => resolve(text))) };
}

/** Bytes that come one by one, as long as anybody listens. */
function drip(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 50);
  socket.once('close', () => clearInterval(timer));
}

const HOST = (): string => `Host: 127.0.0.1:${fort.port}\r\n`;
const POST = (): string =>
  `POST /api/auth/logout HTTP/1.1\r\n${HOST()}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;

describe('S22 slow requests', () => {
  it('should be let go: a thousand whose headers drip in, while others are served', async () => {
    const slow = Array.from({ length: MANY }, () => begin(`GET / HTTP/1.1\r\n${HOST()}X-Slow: `));
    for (const { socket } of slow.slice(0, 50)) drip(socket, 'a');
    for (let i = 0; i < 20; i++) expect(await fort.alive()).toBe(true);
    const told = await Promise.all(slow.map(({ ended }) => ended));
    expect(told.filter((text) => /^HTTP\/1.1 408 /.test(text)).length).toBeGreaterThan(MANY * 0.9);
  });

  it('should be let go: bodies that drip in, or never come', async () => {
    const slow = Array.from({ length: 200 }, () => begin(POST()));
    for (const { socket } of slow.slice(0, 50)) drip(socket, ' ');
    for (const text of await Promise.all(slow.map(({ ended }) => ended)))
      expect(text).toMatch(/^(HTTP\/1.1 408 [^]*)?$/);
  });

  it('should be let go: a body without an end, which is thrown away meanwhile', async () => {
    const { socket, ended } = begin(
      `POST /api/auth/token HTTP/1.1\r\n${HOST()}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const before = process.memoryUsage().rss;
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    const timer = setInterval(() => socket.write(chunk.repeat(20)), 10);
    expect(await ended).toMatch(/^(HTTP\/1.1 408 [^]*)?$/);
    clearInterval(timer);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });

  it('should be let go: connections that say nothing at all', async () => {
    const silent = Array.from({ length: 200 }, () => begin(''));
    await Promise.all(silent.map(({ ended }) => ended));
  });

  it('should be let go: readers who do not read what they asked for', async () => {
    const ask = `GET /metrics HTTP/1.1\r\n${HOST()}\r\n`;
    const { socket, ended } = begin(ask.repeat(2_000));
    socket.pause();
    // What a paused socket has received is only seen once it is read: the server ends it from its side.
    await until('the server to have let go', async () => (await open()) === 0);
    socket.resume();
    await ended;
  });

  it('should find no more than so many connections taken', async () => {
    const http = fort.app.getHttpServer();
    expect(http.maxConnections).toBe(QUICK.connections);
    http.maxConnections = 30;
    const all = Array.from({ length: 100 }, () => begin(`GET / HTTP/1.1\r\n${HOST()}X-Slow: `));
    const told = await Promise.all(all.map(({ ended }) => ended));
    http.maxConnections = QUICK.connections;
    expect(told.filter((text) => text !== '').length).toBeLessThanOrEqual(30);
  });

  it('should not end a screen that only listens', async () => {
    const cookie = await fort.signIn();
    const screen = await RawScreen.open(fort.url, { cookie, origin: fort.url });
    screen.say('40');
    await until('the screen to be let in', () => screen.heard.some((text) => text.startsWith('40{')));
    const silent = begin('');
    await silent.ended;
    expect(fort.app.get(ChainGateway).screens).toBe(1);
    screen.close();
  });
});

describe('in production', () => {
  it('should be seconds, and more connections than a thousand screens take', () => {
    expect(PATIENCE.headersMs + PATIENCE.lookMs).toBeLessThanOrEqual(15_000);
    expect(PATIENCE.requestMs + PATIENCE.lookMs).toBeLessThanOrEqual(20_000);
    expect(PATIENCE.connections).toBeGreaterThanOrEqual(5_000);
  });
});

describe('S21 sockets without a sign-in', () => {
  it('should end within ten seconds', async () => {
    const silent = await RawScreen.open(fort.url, { origin: fort.url });
    const before = performance.now();
    await silent.closed;
    expect(performance.now() - before).toBeLessThan(12_000);
  });
});
