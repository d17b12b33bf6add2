import { io, type Socket } from 'socket.io-client';
import type {
  ClientToServerEvents,
  ServerToClientEvents,
  Table,
  UnderlyingInfo,
} from '../../server/protocol/index.js';
import { until } from './harness-program.js';

/** Talks to a running server as a browser does: cookie, Origin, WebSocket only. */

export type TrackerSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

const sockets = new Set<TrackerSocket>();

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface RequestOptions {
  cookie?: string;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** One request; the body is parsed when it is JSON. Redirects are not followed. */
export async function request<T>(
  base: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer<T>> {
  const { cookie, method = 'GET', body } = options;
  const answer = await repeatable(new URL(path, base), {
    method,
    redirect: 'manual',
    headers: {
      origin: base,
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = answer.headers.get('content-type')?.includes('json');
  return { status: answer.status, headers: answer.headers, body: (json ? JSON.parse(text) : text) as T };
}

/**
 * `fetch`, but a GET on a kept connection that the server closed meanwhile is sent once more, as any client does (RFC 9110
 * §9.2.2): a test that computes for seconds between two requests does not hear of the end before it writes.
 */
async function repeatable(url: URL, init: RequestInit & { method: string }): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    if (init.method !== 'GET' || (code !== 'UND_ERR_SOCKET' && code !== 'ECONNRESET')) throw error;
    return fetch(url, init);
  }
}

/** The cookies that an answer sets, as the `Cookie` header that sends them back. */
export const cookiesOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

/** Signs in with an access token. @returns the cookie header @throws when the server refuses */
export async function signIn(base: string, accessToken = 'demo'): Promise<string> {
  const answer = await request<unknown>(base, '/api/auth/token', { method: 'POST', body: { accessToken } });
  if (answer.status !== 200)
    throw new Error(`sign-in refused: ${answer.status} ${JSON.stringify(answer.body)}`);
  return cookiesOf(answer.headers);
}

/** @throws when the answer is not 200 */
function bodyOf<T>(path: string, { status, body }: Answer<T>): T {
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Somebody who is signed in. */
export class Visitor {
  constructor(
    readonly base: string,
    readonly cookie: string,
  ) {}

  static async enter(base: string, accessToken = 'demo'): Promise<Visitor> {
    return new Visitor(base, await signIn(base, accessToken));
  }

  /** @throws when the answer is not 200 */
  async get<T>(path: string): Promise<T> {
    return bodyOf(path, await this.ask<T>(path));
  }

  /** As `get`, but `null` where the server answers 404. */
  async find<T>(path: string): Promise<T | null> {
    const answer = await this.ask<T>(path);
    return answer.status === 404 ? null : bodyOf(path, answer);
  }

  /** Waits for as long as the server says when it is asked too fast: a quick machine asks hundreds of times a second. */
  private async ask<T>(path: string): Promise<Answer<T>> {
    for (;;) {
      const answer = await request<T>(this.base, path, { cookie: this.cookie });
      const seconds = Number(answer.headers.get('retry-after'));
      if (answer.status !== 429 || !(seconds > 0)) return answer;
      await new Promise((over) => setTimeout(over, seconds * 1_000));
    }
  }

  /** Underlying keys by symbol, once the instrument list has been imported as far as `symbol`. */
  async whenInstrumentsAreReady(symbol: string, ms = 30_000): Promise<Map<string, string>> {
    const look = async (): Promise<Map<string, string> | null> => {
      const list = await this.find<UnderlyingInfo[]>('/api/underlyings').catch(() => null);
      const keys = new Map(list?.map((one) => [one.symbol, one.key]));
      return keys.has(symbol) ? keys : null;
    };
    return until(`the instrument list with ${symbol}`, look, ms);
  }

  /** Path of a table: of the newest slot, or of the newest one at or before the moment `at` (epoch ms). */
  tablePath(underlying: string, expiry: string, at?: number): string {
    const query = at === undefined ? '' : `?at=${encodeURIComponent(new Date(at).toISOString())}`;
    return `/api/chains/${encodeURIComponent(underlying)}/${expiry}/table${query}`;
  }

  /** @throws when there is none */
  table(underlying: string, expiry: string, at?: number): Promise<Table> {
    return this.get(this.tablePath(underlying, expiry, at));
  }

  /**
   * A connected socket. @param comesBack whether it connects again by itself, as a screen does
   * @throws what the server says when it refuses the handshake
   */
  socket(comesBack = false): Promise<TrackerSocket> {
    return connect(this.base, { cookie: this.cookie, origin: this.base }, comesBack);
  }
}

/** Opens a socket with the given handshake headers. @throws what the server says when it refuses */
export function connect(
  base: string,
  headers: Record<string, string>,
  comesBack = false,
): Promise<TrackerSocket> {
  const socket: TrackerSocket = io(base, {
    transports: ['websocket'],
    extraHeaders: headers,
    reconnection: comesBack,
    reconnectionDelay: 100,
    reconnectionDelayMax: 1_000,
    forceNew: true,
  });
  sockets.add(socket);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', (error) => {
      sockets.delete(socket);
      socket.close();
      reject(error);
    });
  });
}

/** Closes every socket. Call it in `afterAll`, before `cleanUp`. */
export function closeSockets(): void {
  for (const socket of sockets) socket.close();
  sockets.clear();
}

/** The sum of a counter's samples in `GET /metrics` whose labels include the given ones. */
export async function metric(
  visitor: Visitor,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const text = await visitor.get<string>('/metrics');
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$/.exec(line);
    if (match?.[1] === name && wanted.every((label) => match[2]?.includes(label))) sum += Number(match[3]);
  }
  return sum;
}
