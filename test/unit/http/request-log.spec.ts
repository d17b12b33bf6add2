import { EventEmitter } from 'node:events';
import { Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ClientAddress } from '../../../server/http/client-address.js';
import { requestLog } from '../../../server/http/request-log.js';

const direct = new ClientAddress(null);
let lines: { message: string; fields: unknown }[];
let now: number;
beforeEach(() => {
  lines = [];
  now = 0;
  const take = (message: string, fields: unknown): void => void lines.push({ message, fields });
  Logger.overrideLogger({ log: take, warn: take, error: take });
});
afterEach(() => Logger.overrideLogger(false));

function answer(log: ReturnType<typeof requestLog>, method: string, url: string, status: number): void {
  const response = Object.assign(new EventEmitter(), { statusCode: status, getHeader: () => 'the-id' });
  const from = { headers: {}, socket: { remoteAddress: '::ffff:192.0.2.7' } };
  log({ method, originalUrl: url, ...from } as Request, response as unknown as Response, () => undefined);
  now += 12;
  response.emit('finish');
}

describe('requestLog', () => {
  it.each([
    ['POST', '/api/auth/token', 200],
    ['POST', '/api/auth/token', 401],
    ['GET', '/api/none', 404],
    ['GET', '/health/ready', 503],
  ])('should note %s %s that ended with %d under the id of the request', (method, url, status) => {
    answer(
      requestLog(direct, () => now),
      method,
      url,
      status,
    );
    expect(lines).toEqual([
      { message: `${method} ${url} ${status} ms=12`, fields: { requestId: 'the-id', address: '192.0.2.7' } },
    ]);
  });

  it('should not note plain reading, nor what comes after the question mark', () => {
    const log = requestLog(direct, () => now);
    answer(log, 'GET', '/api/underlyings', 200);
    answer(log, 'GET', '/callback?code=s3cret', 404);
    expect(lines.map((line) => line.message)).toEqual(['GET /callback 404 ms=12']);
  });

  it('should not fill the disk when somebody floods the server', () => {
    const log = requestLog(direct, () => now);
    for (let i = 0; i < 1_000; i += 1) answer(log, 'POST', '/api/auth/token', 429);
    expect(lines).toHaveLength(61);
    expect(lines.at(-1)?.message).toContain('not logged');
    now += 60_000;
    answer(log, 'POST', '/api/auth/token', 200);
    expect(lines).toHaveLength(62);
  });
});
