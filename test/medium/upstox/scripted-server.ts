import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** By the clock that the server was given, else 0. */
  readonly at: number;
}

export type Reply = (response: ServerResponse, request: SeenRequest) => void;

/** A server on a free port that answers one scripted reply after the other; the last one stays. */
export class ScriptedServer {
  readonly seen: SeenRequest[] = [];
  private replies: Reply[] = [];

  private constructor(
    private readonly server: Server,
    private readonly now: () => number,
  ) {}

  static async start(now: () => number = () => 0): Promise<ScriptedServer> {
    const server = createServer();
    const scripted = new ScriptedServer(server, now);
    server.on('request', (request, response) => void scripted.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return scripted;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  script(...replies: Reply[]): void {
    this.seen.length = 0;
    this.replies = replies;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const seen = { method, url, headers, body: await text(request), at: this.now() };
    this.seen.push(seen);
    const reply = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
    if (reply) reply(response, seen);
    else response.writeHead(404).end();
  }
}

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Reply =>
  (response) =>
    void response
      .writeHead(status, { 'Content-Type': 'application/json', ...headers })
      .end(JSON.stringify(body));

export const success = (data: unknown): Reply => json({ status: 'success', data });

export const failure = (
  status: number,
  code: string,
  message = 'Refused',
  headers: Record<string, string> = {},
): Reply =>
  json({ status: 'error', errors: [{ errorCode: code, message, error_code: code }] }, status, headers);

export const raw =
  (body: string | Buffer, status = 200, headers: Record<string, string> = {}): Reply =>
  (response) =>
    void response.writeHead(status, headers).end(body);

export const html = (status: number): Reply =>
  raw('<!doctype html><title>Error 1010</title>', status, { 'Content-Type': 'text/html' });

/** Takes the request and never answers. */
export const silence: Reply = () => undefined;

/** Sends the headers, then a byte now and then, without end. */
export const drip: Reply = (response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
};

/** Sends the beginning of a body and breaks the connection. */
export const breakOff =
  (headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(200, headers);
    response.write('{"status":"success","data":[', () => response.destroy());
  };

export const hangUp: Reply = (response) => void response.destroy();
