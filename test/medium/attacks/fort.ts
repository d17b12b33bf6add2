import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startServer } from '../../../server/bootstrap.js';
import { loadConfig } from '../../../server/config/load-config.js';
import type { Patience } from '../../../server/http/patience.js';
import { istAt } from '../../../server/domain/slot.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { generatedMarket, type Market, startSimulator } from '../../../server/simulator/index.js';
import { DrivenClock } from '../../support/driven-clock.js';
import { until } from '../../support/harness-program.js';

export { until } from '../../support/harness-program.js';

export const DAY = '2026-08-18';
export const NIFTY_KEY = 'NSE_INDEX|Nifty 50';
/** Planted in the folder beside the client: nobody may get it over HTTP. */
export const BURIED = 'buried-treasure-7731';

export interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

export interface Ask {
  method?: string;
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  raw?: string | Buffer;
  headers?: Record<string, string>;
  cookie?: string;
  /** Address of this machine to come from, such as 127.0.0.9. */
  from?: string;
}

export interface FortOptions {
  env?: Record<string, string>;
  /** IST time of day. */
  time?: string;
  patience?: Patience;
  /** Where the screens are; a small page of its own unless told. */
  clientDir?: string;
  market?: Market;
  /** What the screens are told of the clock's pace; no time passes by itself. */
  rate?: number;
}

export type Fort = Awaited<ReturnType<typeof openFort>>;

/**
 * The server as `npm start` runs it (`startServer`), in this process, beside a simulator with a generated market, on a
 * clock that stands still, in a folder of its own.
 */
export async function openFort(options: FortOptions = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'oi-tracker-attacks-'));
  const clientDir = options.clientDir ?? (await layOut(dir));
  const clock = new DrivenClock(istAt(DAY, options.time ?? '10:30') + 2_000, options.rate);
  const market = options.market ?? generatedMarket({ seed: 7, date: DAY });
  const simulator = await startSimulator({ market, now: () => clock.now(), limits: false });
  const config = loadConfig({
    PORT: '0',
    DATABASE_URL: `sqlite:${join(dir, 'data/tracker.db')}`,
    UPSTOX_API_URL: simulator.url,
    UPSTOX_ASSETS_URL: simulator.url,
    PINNED: 'NIFTY',
    ...options.env,
  });
  const heard = overhear();
  const server = await startServer(config, {
    ...{ clientDir, clock },
    ...(options.patience ? { patience: options.patience } : {}),
  });
  const { port } = new URL(server.url);
  const ask = (path: string, how: Ask = {}): Promise<Answer> => send(Number(port), path, how);
  return {
    ...{ ask, clientDir, clock, config, dir, lines: heard.lines, port: Number(port), server, simulator },
    url: server.url,
    app: server.app,
    /** Waits for the instrument list of the simulator. */
    ready: () => instrumentsOf(server),
    /** A cookie of somebody who has just signed in with a token that the simulator takes. */
    signIn: async (how: Ask = {}): Promise<string> => {
      const answer = await ask('/api/auth/token', { method: 'POST', body: { accessToken: 'demo' }, ...how });
      if (answer.status !== 200) throw new Error(`sign-in refused: ${answer.status} ${answer.text}`);
      return cookieOf(answer);
    },
    /** Bytes over a bare connection; resolves with all that came back when the server ended it. */
    tcp: (write?: (socket: Socket) => void, from?: string) => bare(Number(port), write, from),
    /** Whether the server still serves: what every attack must leave untouched. */
    alive: async (): Promise<boolean> => (await ask('/health/live')).text === '{"status":"ok"}',
    close: async (): Promise<void> => {
      await server.close();
      await simulator.close();
      heard.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function instrumentsOf({ app }: RunningServer): Promise<InstrumentsService> {
  const instruments = app.get(InstrumentsService);
  await until('the instrument list', () => instruments.status().state === 'ready');
  return instruments;
}

/** A small client beside files that are nobody's business. */
async function layOut(dir: string): Promise<string> {
  const clientDir = join(dir, 'client');
  await mkdir(join(clientDir, 'assets'), { recursive: true });
  await mkdir(join(clientDir, '.git'), { recursive: true });
  await writeFile(join(clientDir, 'index.html'), '<!doctype html><title>OI Tracker</title>');
  await writeFile(join(clientDir, 'assets/app.js'), 'export {};');
  for (const name of ['secret.txt', 'client/.env', 'client/.git/config', 'tracker.db'])
    await writeFile(join(dir, name), BURIED);
  return clientDir;
}

/** What the server logs: its lines on standard output and error. */
function overhear(): { lines: string[]; stop: () => void } {
  const lines: string[] = [];
  const streams = [process.stdout, process.stderr];
  const writers = streams.map((stream) => stream.write);
  for (const stream of streams)
    stream.write = (chunk: unknown) => lines.push(Buffer.from(chunk as string).toString('utf8')) > 0;
  return { lines, stop: () => streams.forEach((stream, i) => (stream.write = writers[i]!)) };
}

function send(port: number, path: string, how: Ask): Promise<Answer> {
  const payload = how.raw ?? (how.body === undefined ? undefined : JSON.stringify(how.body));
  const headers: Record<string, string> = { ...how.headers };
  if (payload !== undefined) {
    headers['content-type'] ??= 'application/json';
    headers['content-length'] ??= String(Buffer.byteLength(payload));
  }
  if (how.cookie !== undefined) headers.cookie = how.cookie;
  const method = how.method ?? 'GET';
  const options = { host: '127.0.0.1', localAddress: how.from, port, method, path, headers, agent: false };
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

function bare(
  port: number,
  write: (socket: Socket) => void = () => undefined,
  from?: string,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp({ port, host: '127.0.0.1', localAddress: from }, () => write(socket));
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    // A connection that the server cuts hard (RST) has ended as well.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(text));
  });
}

/** What a browser sends back of the cookies it was given. */
export function cookieOf(answer: Answer): string {
  return (answer.headers['set-cookie'] as string[]).map((line) => line.split(';', 1)[0]).join('; ');
}

export const json = (answer: Answer): Record<string, unknown> =>
  JSON.parse(answer.text) as Record<string, unknown>;

export const errorCode = (answer: Answer): string => (json(answer).error as { code: string }).code;

/** An error that says something to a trader and nothing of the inside. */
export function expectPoliteError(answer: Answer): void {
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(json(answer)).toEqual({
    error: { code: expect.stringMatching(/^[a-z-]+$/), message: expect.any(String) },
  });
  expect(answer.text).not.toMatch(
    /\bat .+:\d+:\d+|node_modules|server\/|\/tmp\/|SELECT|SQLITE|QueryFailed|undefined|\[object/,
  );
}
